"""Finished networks from which a new one learns the shapes of things, besides ground truth."""

from collections.abc import Sequence

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import weights_of
from depth.runtimes.image_network import ImageNetwork

MIN_DEPTH_M = 0.05
"""Depths below this, and where nothing was predicted, count as this."""


class Teachers:
    """The mean opinion of networks about images of one size (height, width) and camera.

    Every teacher sees the very image that the student sees, with all its random changes ("function matching", Beyer
    2022, "Knowledge distillation: a good teacher is patient and consistent"). Networks are opened when first asked.
    Raises BadInputError and its children then.
    """

    def __init__(self, paths: Sequence[str], size: tuple[int, int], focal_px: float) -> None:
        height, width = size
        self.paths = paths
        self.size = height // 2, width // 2
        self.camera = Camera(width, height, focal_px, focal_px, (width - 1) / 2, (height - 1) / 2)
        self._networks: list[ImageNetwork] = []

    def try_out(self) -> None:
        """Open all of them once, and keep none: worker processes open their own. Raises BadInputError and its children,
        also for networks whose shapes cannot be learnt."""
        for path in self.paths:
            if open_estimator(weights_of(path), device="cpu").spec.is_relative:
                raise BadInputError(f"--teacher {path} knows depth up to a factor and a summand of each image, but "
                                    f"shapes are learnt of networks that are off by a factor at most")

    def log_depth(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H / 2, W / 2) float32, mean of the natural logarithms of predicted depth in metres."""
        if not self._networks:
            self._networks = [open_estimator(weights_of(path), device="cpu") for path in self.paths]
        return np.stack([self._one(network, rgb) for network in self._networks]).mean(0, dtype=np.float32)

    def _one(self, network, rgb):
        depth_m = cv2.resize(network.predict(rgb, self.camera).depth_m, self.size[::-1])
        return np.log(np.maximum(depth_m, np.float32(MIN_DEPTH_M)))
