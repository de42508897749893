"""What is wrong with the pictures themselves, where nothing could be made of a video: measured, so that advice fits."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from calib.focal.motion import shift

MAX_WIDTH_PX = 320
"""Frames are judged in this width, or their own."""
EVERY, MAX_JUDGED = 10, 60
"""Every n-th frame is judged, and so many at most, which are kept in small."""
MIN_FRAMES = 30
"""A second of video."""
DARK, BRIGHT = 20, 235
"""Median brightness, of 255, beyond which there is nothing to see."""
MIN_RANGE = 25
"""Brightness between the darkest and brightest hundredths, below which a picture is bare: a wall, a covered lens."""
BLURRED = 0.31
"""Steepest gradients over those of the picture at a quarter of the size. Sharp pictures of rooms have 0.36 to 0.47, any
that are blurred over a hundredth of their width 0.25 to 0.31."""
COARSE = 0.25
STILL = 0.01
"""Shift of the picture from its first frame on, as a share of its width, below which the camera stood still."""


class Footage:
    """Looks at frames as they go by."""

    def __init__(self) -> None:
        self.count = 0
        self._small: list[np.ndarray] = []

    def watched(self, grays: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """(H, W) uint8 images -> the same"""
        for gray in grays:
            self.add(gray)
            yield gray

    def add(self, gray: np.ndarray) -> None:
        """Look at the next image (H, W) uint8."""
        if self.count % EVERY == 0 and len(self._small) < MAX_JUDGED:
            width = min(MAX_WIDTH_PX, gray.shape[1])
            size = width, max(8, round(width * gray.shape[0] / gray.shape[1]))
            self._small.append(cv2.resize(gray, size, interpolation=cv2.INTER_AREA))
        self.count += 1

    @property
    def is_still(self) -> bool:
        """Whether the picture hardly moves."""
        first, *others = (small.astype(np.float32) for small in self._small)
        return max((shift(first, other) for other in others), default=0.0) < STILL

    def problem(self) -> str | None:
        """What is wrong with most pictures and what to do, in a few words; None where nothing is seen to be."""
        if not self._small:
            return None
        brightness, spread, sharpness = np.median([_judged(small.astype(np.float32)) for small in self._small], axis=0)
        if brightness < DARK:
            return f"the pictures are too dark (median brightness {brightness:.0f} of 255): switch on more light"
        if brightness > BRIGHT:
            return f"the pictures are too bright (median brightness {brightness:.0f} of 255): film with less exposure"
        if spread < MIN_RANGE:
            return "there is hardly anything to see in the pictures: film a scene with texture, and clean the lens"
        if sharpness < BLURRED:
            return "the pictures are blurred: move slowly, with more light, and let the camera focus first"
        if self.count < MIN_FRAMES:
            return f"these are {self.count} frames only: film for at least some seconds"
        if self.is_still:
            return "the camera hardly moves: walk sideways past things near and far"
        return None


def _judged(small):
    """-> median brightness, its range, sharpness"""
    return np.median(small), np.ptp(np.percentile(small, (1, 99))), _sharpness(small)


def _sharpness(small):
    """In the direction in which it is least: motion blurs in one."""
    fine = cv2.GaussianBlur(small, (0, 0), 0.8)  # against noise, and what compression leaves
    coarse = cv2.resize(fine, None, fx=COARSE, fy=COARSE, interpolation=cv2.INTER_AREA)
    return min(a / max(b, 1e-6) for a, b in zip(_gradients(fine), _gradients(coarse)))


def _gradients(image):
    """Steepest ones along both axes and both diagonals."""
    for ahead, behind in ((image[:, 1:], image[:, :-1]), (image[1:], image[:-1]), (image[1:, 1:], image[:-1, :-1]),
                          (image[1:, :-1], image[:-1, 1:])):
        yield float(np.percentile(np.abs(ahead - behind), 99))
