"""A frame at working size, with its pyramid: what the stages of SLAM work on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from calib.geometry.camera import Camera
from sequences.frame import DepthImage, Frame
from slam.tracking.corner_tracks import Corners
from slam.tracking.pyramid import NO_DEPTH, Pyramid, build_pyramid, grey, inverse_depth_on, usable_on

if TYPE_CHECKING:
    from slam.config import SlamConfig


MAX_ASPECT = 3 / 4
"""Height over width beyond which images are made smaller by their area."""


class Image(NamedTuple):
    """A frame at working size (h, w)."""

    index: int
    timestamp_s: float
    gray: np.ndarray
    """(h, w) float32 in [0, 1]"""
    full_rgb: np.ndarray
    """(H, W, 3) uint8, of the frame."""
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, as measured or predicted; 0 where unknown."""
    pyramid: Pyramid
    usable: np.ndarray | None = None
    """(h, w) bool: where it shows the static scene; None: everywhere. inverse_depth is 0 elsewhere."""
    corners: Corners | None = None
    """Where its corners were before; None where they were not looked at."""

    @property
    def rgb(self) -> np.ndarray:
        """(h, w, 3) uint8. Averaged down anew each time: few images need it, and for large ones it takes milliseconds.
        """
        return cv2.resize(self.full_rgb, self.gray.shape[::-1], interpolation=cv2.INTER_AREA)

    def only(self, usable: np.ndarray) -> Image:
        """The same with less (h, w) bool that is usable."""
        levels = [level._replace(usable=usable_on(level.camera.size, usable)) for level in self.pyramid.levels]
        return self._replace(inverse_depth=np.where(usable, self.inverse_depth, 0), usable=usable,
                             pyramid=Pyramid(tuple(levels)))

    def with_predicted(self, depth: DepthImage | None) -> Image:
        """The same with a network's depth, where it predicts any."""
        if depth is None:
            return self
        inverse_depth = inverse_depth_on(self.pyramid.levels[0].camera, depth, is_measured=False)
        if self.usable is not None:
            inverse_depth = np.where(self.usable, inverse_depth, 0)
        return self._replace(inverse_depth=inverse_depth)


def prepared(frame: Frame, camera: Camera, config: SlamConfig) -> Image:
    """Frame -> Image on the pixel grid of `camera`."""
    gray = grey(frame.rgb, camera.size)
    inverse_depth = np.zeros(camera.size, np.float32)
    if frame.depth is not None:
        inverse_depth = inverse_depth_on(camera, frame.depth, is_measured=config.depth_is_measured)
    usable = None if frame.usable is None else usable_on(camera.size, frame.usable) > 0
    if usable is not None:
        inverse_depth[~usable] = 0
    geometry = inverse_depth if config.depth_is_measured and inverse_depth.any() else NO_DEPTH
    pyramid = build_pyramid(gray, geometry, camera, config.level_count, usable)
    return Image(frame.index, frame.timestamp_s, gray, frame.rgb, inverse_depth, pyramid, usable)


def working_size(camera: Camera, config: SlamConfig) -> tuple[int, int]:
    """(height, width) in pixels for tracking and fusion: at most about working_width columns, no more pixels than an
    image of 4:3 has then, since these are what takes time, and divisible at every pyramid level."""
    step = 2 ** (config.level_count - 1)
    by_area = math.sqrt(MAX_ASPECT * config.working_width**2 / (camera.height * camera.width))
    scale = min(1.0, config.working_width / camera.width, by_area)
    height, width = (max(step, round(n * scale / step) * step) for n in camera.size)
    return height, width
