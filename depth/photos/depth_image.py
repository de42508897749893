"""A predicted depth map on the pixels of its image, and as a file of millimetres."""

import cv2
import numpy as np

from calib.geometry.camera import Camera
from depth.evaluation.evaluate import at_pixels_of

UNITS_PER_M = 1000.0
MIN_KNOWN_SHARE = 0.999
"""Least share of known depth in a pixel: one that mixes in unknown depth is unknown."""


def on_image_pixels(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """(h, w) depth of the field of view of `camera` -> (H, W) float32 at its pixels, bilinear, 0 stays unknown."""
    seen_by = camera.resized(depth_m.shape)
    full_m = at_pixels_of(depth_m.astype(np.float32), seen_by, camera)
    if depth_m.min() > 0:
        return full_m
    known_share = at_pixels_of((depth_m > 0).astype(np.float32), seen_by, camera)
    return np.where(known_share > MIN_KNOWN_SHARE, full_m, np.float32(0))


def millimetres(depth_m: np.ndarray) -> np.ndarray:
    """(H, W) depth in metres, 0 unknown -> uint16, clipped at 65.535 m; known depth never becomes 0."""
    known = np.clip(np.round(depth_m * UNITS_PER_M), 1, 65535)
    return np.where(depth_m > 0, known, 0).astype(np.uint16)


def sharpened(depth_m: np.ndarray, rgb: np.ndarray, radius_px: int) -> np.ndarray:
    """Depth (H, W) whose edges follow those of the image (H, W, 3), unknown depth taken as far away.

    He 2013, Guided image filtering, equations 5, 6 and 8, on inverse depth with the image's grey levels as guide.
    """
    variance = 1e-3
    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) * np.float32(1 / 255)
    inverse = np.where(depth_m > 0, 1 / np.maximum(depth_m, np.float32(1e-3)), np.float32(0))

    def mean(values):
        return cv2.blur(values, (2 * radius_px + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    guide_mean, inverse_mean = mean(guide), mean(inverse)
    slope = (mean(guide * inverse) - guide_mean * inverse_mean) / (mean(guide * guide) - guide_mean**2 + variance)
    smooth = mean(slope) * guide + mean(inverse_mean - slope * guide_mean)
    return 1 / np.clip(smooth, np.float32(1e-3), max(float(inverse.max()), 2e-3))
