"""Which frames of a video are worth following points into: those that differ from the last one that was."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

WIDTH_PX = 80
"""Frames are compared in this width."""
MIN_MOTION = 0.005
"""Shift of the picture, as a share of its width, from one chosen frame to the next."""
MAX_INTERVAL = 8
"""Frames from one chosen to the next, however little moves: turning about the view and coming nearer shift nothing."""


def moving_frames(grays: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
    """(H, W) uint8 images in time order -> those to follow points into, each with its distance in frames from the one
    before. A camera of 60 frames a second, or one that is moved slowly, so gives fewer of a second than another."""
    last, interval = None, 0
    for gray in grays:
        interval += 1
        small = cv2.resize(gray, (WIDTH_PX, max(8, round(WIDTH_PX * gray.shape[0] / gray.shape[1]))),
                           interpolation=cv2.INTER_AREA).astype(np.float32)
        if last is None or interval >= MAX_INTERVAL or shift(last, small) >= MIN_MOTION:
            last = small
            yield gray, interval
            interval = 0


def shift(before: np.ndarray, after: np.ndarray) -> float:
    """Two images (h, w) float32 -> how far the second is shifted, as a share of their width (Kuglin and Hines 1975)"""
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(before, after, window)
    return float(np.hypot(x, y)) / before.shape[1]
