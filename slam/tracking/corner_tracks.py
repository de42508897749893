"""Corners followed from image to image, of which some are looked at: it takes nothing but the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slam.tracking.corner_flow import tracked_corners

if TYPE_CHECKING:
    from slam.tracking.moving_parts import MovingPartsConfig


class Corners(NamedTuple):
    """Corners of an image that were found again in the one that was looked at before."""

    before: np.ndarray
    """(n, 2) u, v there."""
    pixels: np.ndarray
    """(n, 2) u, v here."""


class CornerTracks:
    """Looks at every few images."""

    def __init__(self, config: MovingPartsConfig):
        self.config = config
        self._last: np.ndarray | None = None
        """(h, w) uint8 image that was looked at last."""
        self._age = 0
        """Images since then."""

    def next(self, gray: np.ndarray, usable: np.ndarray | None) -> Corners | None:
        """The next image (h, w) float32 in [0, 1] and where it is usable (h, w) bool, None: everywhere -> Corners, None
        where it is not looked at, none of them where it is the first"""
        self._age += 1
        if self._last is not None and self._age < self.config.interval:
            return None
        gray_u8 = np.round(255 * gray).astype(np.uint8)
        before, self._last, self._age = self._last, gray_u8, 0
        if before is None:
            return Corners(*np.zeros((2, 0, 2)))
        mask = None if usable is None else usable.astype(np.uint8)
        return Corners(*tracked_corners(before, gray_u8, mask, self.config.flow))
