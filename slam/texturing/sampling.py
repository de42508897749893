"""Values of images between pixels."""

import cv2
import numpy as np

ROW = 1000
"""Positions that are looked up in one row: cv2 limits the width of what it remaps."""


def sampled(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Image (h, w) or (h, w, c) at positions u, v (n, 2) -> (n,) or (n, c) of its type, interpolated; outside, the
    edge's values"""
    count = len(pixels)
    if not count:
        return np.zeros((0, *image.shape[2:]), image.dtype)
    place = np.resize(pixels.astype(np.float32), (-(-count // ROW), ROW, 2))
    values = cv2.remap(image, place[..., 0], place[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return values.reshape(-1, *image.shape[2:])[:count]
