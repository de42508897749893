"""Finding a chessboard in a photo: several detectors in turn, since each misses boards that another finds."""

from collections.abc import Callable

import cv2
import numpy as np

USUAL_WIDTH_PX, SMALL_WIDTH_PX = 1280, 640
"""Wider images are looked at in this width first. In noise and dim light, the smaller one shows more."""
NORMALISED = cv2.CALIB_CB_NORMALIZE_IMAGE
"""For the sector-based detector of Duda and Frese 2018; it helps with low contrast, and costs boards on many photos."""
CLASSIC = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE
MIN_REACH_PX, MAX_REACH_PX = 2, 11
"""Of the window in which a corner is refined, to each side."""
REACH = 0.3
"""The same, in distances between corners."""
STEPS = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-3

Search = Callable[[np.ndarray, tuple[int, int]], tuple[bool, np.ndarray]]
SEARCHES: tuple[tuple[int, bool, Search], ...] = (
    (USUAL_WIDTH_PX, True, lambda gray, inner: cv2.findChessboardCornersSB(gray, inner, flags=0)),
    (SMALL_WIDTH_PX, False, lambda gray, inner: cv2.findChessboardCorners(gray, inner, flags=CLASSIC)),
    (USUAL_WIDTH_PX, True, lambda gray, inner: cv2.findChessboardCornersSB(gray, inner, flags=NORMALISED)))
"""Width that images are brought down to, whether corners come with sub-pixel accuracy, and the detector."""


def find_chessboard(gray: np.ndarray, inner: tuple[int, int]) -> np.ndarray | None:
    """(H, W) uint8 and (columns, rows) of inner corners -> (N, 2) float32 pixels, row by row, or None."""
    for width_px, is_exact, search in SEARCHES:
        scale = min(1.0, width_px / gray.shape[1])
        size = round(gray.shape[1] * scale), round(gray.shape[0] * scale)
        image = gray if scale == 1 else cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
        found, corners = search(image, inner)
        if found:
            corners = corners.reshape(-1, 2).astype(np.float32)
            corners = corners if is_exact else _refined(image, corners, inner)  # averaged down, noise matters less
            return (corners + np.float32(0.5)) / np.float32(scale) - np.float32(0.5)
    return None


def _refined(gray, corners, inner):
    grid = corners.reshape(inner[1], inner[0], 2)
    apart_px = min(np.linalg.norm(np.diff(grid, axis=axis), axis=-1).min() for axis in (0, 1))
    reach = int(np.clip(REACH * apart_px, MIN_REACH_PX, MAX_REACH_PX))
    return cv2.cornerSubPix(gray, corners[:, None].copy(), (reach, reach), (-1, -1), STEPS).reshape(-1, 2)
