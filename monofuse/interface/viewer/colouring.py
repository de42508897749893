"""What the colour of a surfel says."""

import cv2
import numpy as np

from slam.mapping.surfels import Surfels

MODES = ("rgb", "depth", "normal", "confidence", "keyframe")
DEPTHS_M = (0.5, 6.0)
"""Ends of the colours of depth, in equal steps of its log."""
CONFIDENCES = (6.0, 200.0)
"""Ends of the colours of confidence, in equal steps of its log."""
GOLDEN_ANGLE = 0.618034
"""Share of the colour circle between two keyframes: neighbours differ, and no colour comes again soon."""
DIMMED = 0.55
"""Brightness of what the camera does not see."""


def colours_of(surfels: Surfels, rows: np.ndarray, mode: str, keyframe: int) -> np.ndarray:
    """Rows (n,) of surfels that all belong to one keyframe -> (n, 3) uint8, by what MODES name.

    Depth is that in the keyframe, and normals are in its axes, so that no colour changes when keyframes move."""
    arrays = surfels.arrays
    if mode == "depth":
        return painted(log_share(arrays.position[2, rows], *DEPTHS_M), cv2.COLORMAP_TURBO)
    if mode == "normal":
        return np.round(127.5 * (1 + arrays.normal[rows] * (1, -1, -1))).astype(np.uint8)
    if mode == "confidence":
        return painted(log_share(arrays.confidence[rows], *CONFIDENCES), cv2.COLORMAP_VIRIDIS)
    if mode == "keyframe":
        hue = np.uint8(round(180 * (keyframe * GOLDEN_ANGLE % 1)) % 180)
        return np.tile(cv2.cvtColor(np.array([[[hue, 170, 235]]], np.uint8), cv2.COLOR_HSV2RGB)[0], (len(rows), 1))
    return np.round(arrays.colour[rows]).astype(np.uint8)


def log_share(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Place of each value on the way from low to high in equal steps of its log: 0 to 1."""
    return np.clip(np.log(np.maximum(values, 1e-6) / low) / np.log(high / low), 0, 1)


def painted(share: np.ndarray, colour_map: int) -> np.ndarray:
    """Places from 0 to 1, of any shape -> (..., 3) uint8 RGB; colour_map: one of OpenCV's COLORMAP_..."""
    levels = np.round(255 * share).astype(np.uint8).reshape(-1, 1)
    if not len(levels):
        return np.zeros((*share.shape, 3), np.uint8)
    return np.ascontiguousarray(cv2.applyColorMap(levels, colour_map)[..., ::-1]).reshape(*share.shape, 3)


def depth_picture(inverse_depth: np.ndarray) -> np.ndarray:
    """(h, w) 1/m, 0 where unknown -> (h, w, 3) uint8 RGB, near blue and far red, black where unknown."""
    known = inverse_depth > 0
    picture = painted(log_share(1 / np.where(known, inverse_depth, 1), *DEPTHS_M), cv2.COLORMAP_TURBO)
    picture[~known] = 0
    return picture
