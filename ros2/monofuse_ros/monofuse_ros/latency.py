"""How long it takes from the arrival of an image to its pose."""

from collections import deque

import numpy as np

KEPT = 1000


class Latency:
    """The last KEPT images."""

    def __init__(self) -> None:
        self.count = 0
        self._seconds: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """One image."""
        self.count += 1
        self._seconds.append(seconds)

    def describe(self, dropped: int) -> str:
        """In a line for the log; `dropped`: images that were replaced by newer ones."""
        if not self._seconds:
            return "waiting for images with a camera_info"
        median, high = 1e3 * np.percentile(self._seconds, [50, 95])
        return f"{self.count} images, {dropped} dropped; image to pose {median:.1f} ms, 95 %: {high:.1f} ms"
