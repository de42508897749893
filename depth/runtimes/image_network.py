"""The common part of every runtime: from an image to the network's input, and from its output to checked metres."""

import time
from collections.abc import Sequence

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.estimator import DepthPrediction, cleaned_depth, cleaned_log_error, focal_scale
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.preprocessing import fitted_size, to_depth_m, to_input

MAX_DEPTH_M = 1000.0
MIN_SIDE_PX = 4
"""Shortest side of a depth map: a smaller output is a vector, or a number per image."""


class ImageNetwork:
    """Base of the DepthEstimators of all runtimes, which add `infer`."""

    details = ""
    """Precision, device and the like, where there is more to say than the runtime's name."""
    note = ""
    """One line about what runs the network, and why nothing better does; set by depth.runtimes.catalogue."""
    licence = ""
    """One line where the licence of the weights does not allow every use."""
    one_size = False
    """Whether the runtime prepares the network for one size of input only."""

    def __init__(self, name: str, spec: NetworkSpec, size: tuple[int, int]) -> None:
        """Keep a NetworkSpec and the (height, width) of the network's input for images of about that shape."""
        self.name, self.spec, self.size = name, spec, size

    @property
    def adapts(self) -> bool:
        """Whether images of another shape than `size` become inputs of another size."""
        return not self.one_size and self.spec.multiple is not None

    def size_for(self, image_size: tuple[int, int]) -> tuple[int, int]:
        """Size (height, width) of the input for an image of such a size."""
        return fitted_size(tuple(image_size), self.size, self.spec.multiple) if self.adapts else self.size

    def infer(self, image: np.ndarray) -> Sequence[np.ndarray]:
        """(1, 3, h, w) or (1, h, w, 3) float32, as the spec's layout is -> list of arrays that hold one map each.

        The first is depth, the second its log error where spec.predicts_error.
        """
        raise NotImplementedError

    def try_out(self) -> None:
        """Predict for a black image, because what fails here would fail in mid-run. Raises NetworkError."""
        self.raw(np.zeros((*self.size, 3), np.uint8))

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """Depth in metres for this camera; see depth.estimator.DepthEstimator."""
        start = time.perf_counter()
        depth, log_error = self.raw(rgb)
        depth_m = to_depth_m(depth, self.spec)
        if self.spec.focal_px:
            size = self.size_for(rgb.shape[:2])
            depth_m = depth_m * np.float32(focal_scale(camera, size, self.spec.focal_px,
                                                       self.spec.focal_axes))
        depth_m = cleaned_depth(depth_m, MAX_DEPTH_M, self.name)
        log_error = None if log_error is None else cleaned_log_error(log_error)
        return DepthPrediction(depth_m, log_error, 1e3 * (time.perf_counter() - start))

    def focal_share(self, rgb: np.ndarray) -> float | None:
        """Focal length that the network itself sees in an image (H, W, 3) uint8, in widths of it; None where it tells
        none."""
        return None

    def raw(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """(H, W, 3) uint8 -> (h, w) float32 in the unit of the network's output, and (h, w) log error or None."""
        outputs = self.infer(to_input(rgb, self.size_for(rgb.shape[:2]), self.spec))
        depth = self._map(outputs[0], "depth map")
        if not self.spec.predicts_error:
            return depth, None
        if len(outputs) < 2:
            raise NetworkError(f"{self.name} has no second output to take for its error: drop the option error")
        log_error = self._map(outputs[1], "map of errors")
        if log_error.shape != depth.shape:
            raise NetworkError(f"{self.name} predicts depth of shape {depth.shape} and errors of {log_error.shape}")
        return depth, log_error

    def _map(self, output, what):
        values = np.squeeze(output)
        if values.ndim != 2 or min(values.shape) < MIN_SIDE_PX or values.dtype.kind not in "fiu":
            raise NetworkError(f"{self.name} predicts an array of shape {np.shape(output)}, not one {what}")
        return values.astype(np.float32, copy=False)
