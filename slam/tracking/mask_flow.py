"""A mask that moves along with what it covers, from one image to the next, until it is found anew.

Dense inverse search (Kroeger 2016) at a small size says from where each place has come. What is masked grows by a
margin each time, since the flow at the edge of a moving thing is uncertain.
"""

import cv2
import numpy as np

WIDTH = 160
"""Columns of the images between which the flow is computed."""
MARGIN_PX = 1
"""Pixels of these by which the mask grows from one image to the next."""


class MaskFlow:
    """Keeps a mask and the image that it belongs to."""

    def __init__(self):
        self.flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self.gray: np.ndarray | None = None
        """(h, w) uint8: the last image, small."""
        self.ignored: np.ndarray | None = None
        """(h, w) uint8: 1 where that is to be ignored."""

    def begin(self, rgb: np.ndarray, ignored: np.ndarray) -> None:
        """Take the mask of any size, bool, True on what to ignore, that was found in an image (H, W, 3) uint8."""
        self.gray = gray = _small(rgb)
        self.ignored = cv2.resize(ignored.astype(np.uint8), gray.shape[::-1], interpolation=cv2.INTER_NEAREST)

    def follow(self, rgb: np.ndarray) -> np.ndarray:
        """The next image (H, W, 3) uint8 -> (h, w) bool, small: where it shows what was to be ignored in the last"""
        assert self.gray is not None and self.ignored is not None, "a mask is found before it is followed"
        gray = _small(rgb)
        if self.ignored.any():
            v, u = np.indices(gray.shape, np.float32)
            came_from = self.flow.calc(gray, self.gray, None)  # type: ignore[call-overload] - None makes a new array
            moved = cv2.remap(self.ignored, u + came_from[..., 0], v + came_from[..., 1], cv2.INTER_NEAREST)
            self.ignored = cv2.dilate(moved, np.ones((2 * MARGIN_PX + 1,) * 2, np.uint8))
        self.gray = gray
        return self.ignored > 0


def _small(rgb):
    height, width = rgb.shape[:2]
    size = WIDTH, max(16, round(WIDTH * height / width))
    return cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
