"""Keyframes of a saved map as another pinhole at the same place would have taken them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from calib.files.image_file import decode_rgb, encode_jpeg
from calib.geometry.camera import Camera
from monofuse.maps.depth_code import (
    decode_depth,
    decode_log_std,
    decode_mask,
    encode_depth,
    encode_log_std,
    encode_mask,
)
from monofuse.maps.saved_map import SavedMap

NEGLIGIBLE_PX = 0.01
"""Difference of two pinholes in any pixel up to which they are the same."""


@dataclass(frozen=True)
class CameraChange:
    """From the pinhole of one map to that of another; what the images do not show is black and not usable."""

    before: Camera
    after: Camera
    working_size: tuple[int, int]
    """(height, width) of depth in both."""

    @classmethod
    def between(cls, saved: SavedMap, wanted: SavedMap) -> CameraChange | None:
        """From a map's camera to that of another map; None where it is the same."""
        a, b = saved.camera, wanted.camera
        if a.size == b.size:
            corners = np.array([[0, 0], [a.width, a.height]]) - 0.5
            moved = (corners - (a.cx, a.cy)) * (b.fx / a.fx, b.fy / a.fy) + (b.cx, b.cy)
            if np.abs(moved - corners).max() <= NEGLIGIBLE_PX:
                return None
        return cls(a, b, wanted.working_size)

    def of(self, table: str, columns: dict[str, Any]) -> list[Any]:
        """The columns of a row of one of the tables of a map -> its values as the other camera has them"""
        if table == "keyframe":
            columns["usable"] = self._usable(columns["usable"])
            rgb = decode_rgb(columns["image"], f"image of keyframe {columns['row']}")
            columns["image"] = encode_jpeg(self._warped(rgb, self.after.size, cv2.INTER_LINEAR))
        elif table in ("depth", "network_depth"):
            columns["inverse_depth"] = self._depth(columns["inverse_depth"])
            if columns.get("log_std") is not None:
                log_std = self._warped(decode_log_std(columns["log_std"], self.working_size), self.working_size,
                                       cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
                columns["log_std"] = encode_log_std(log_std)
        return list(columns.values())

    def _depth(self, data: bytes) -> bytes:
        """Depth along z does not change with the focal length; pixels are not mixed across edges."""
        inverse_depth = decode_depth(data)
        return encode_depth(self._warped(inverse_depth, inverse_depth.shape, cv2.INTER_NEAREST))

    def _usable(self, data: bytes | None) -> bytes | None:
        usable = np.ones(self.working_size, bool) if data is None else decode_mask(data)
        usable = self._warped(usable.astype(np.uint8), self.working_size, cv2.INTER_NEAREST) > 0
        return None if usable.all() else encode_mask(usable)

    def _warped(self, image: np.ndarray, size: tuple[int, int], interpolation: int,
                border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
        """An image of the one camera, at any size, as that of the other, (height, width)."""
        a, b = self.before.resized(image.shape[:2]), self.after.resized(size)
        from_wanted = np.array([[a.fx / b.fx, 0, a.cx - b.cx * a.fx / b.fx],
                                [0, a.fy / b.fy, a.cy - b.cy * a.fy / b.fy]])
        return cv2.warpAffine(image, from_wanted, size[::-1], flags=interpolation | cv2.WARP_INVERSE_MAP,
                              borderMode=border)
