"""Exposure, white balance and sharpness of photos, from the triangles that several of them show."""

import numpy as np

from slam.kernels.texture import Candidates

ROUNDS = 8
MIN_COLOUR, MAX_COLOUR = 8.0, 245.0
"""Darker or brighter colours say little of a gain."""
TRUST = 0.8
"""Factor on the logarithms of gains in each round: along a chain of photos small mistakes of one sign add up."""
MIN_TRIANGLES = 50
"""Triangles in common with others that a photo needs; with fewer its gain stays one."""


def gains(found: Candidates, photo_count: int) -> np.ndarray:
    """-> (N, 3) factors on red, green and blue that bring each of N photos to the average exposure

    Alternates between the median colour of each triangle and the median factor of each photo."""
    known = (found.photo >= 0) & ((found.colour > MIN_COLOUR) & (found.colour < MAX_COLOUR)).all(2)
    shown = _shown_by_several(known, found.photo, photo_count)
    log_gain = [_log_gain(np.log(np.maximum(found.colour[..., channel][known], 1)), shown) for channel in range(3)]
    return np.exp(np.stack(log_gain, 1))


def sharpness(found: Candidates, photo_count: int) -> np.ndarray:
    """-> (N,) contrast of each photo relative to that of others in the same place"""
    known = (found.photo >= 0) & (found.contrast > 0.5)
    shown = _shown_by_several(known, found.photo, photo_count)
    log_contrast = np.log(found.contrast[known].astype(np.float64))
    log_sharpness = np.zeros(photo_count)
    for _ in range(ROUNDS):
        relative = log_contrast - log_sharpness[shown.photo]
        relative -= shown.mean_of_triangle(relative)
        log_sharpness += shown.medians(relative)
    return np.exp(log_sharpness)


class _Shown:
    """Who shows what: n views of triangles by N photos, and sums over them. One channel at a time, since a mesh has
    millions of views."""

    def __init__(self, triangle: np.ndarray, photo: np.ndarray, photo_count: int):
        """triangle (n,) in ascending order, photo (n,)"""
        self.photo, self.photo_count = photo, photo_count
        self._group = np.cumsum(np.diff(triangle, prepend=-1) > 0) - 1
        self._count = np.bincount(self._group)
        self._order = np.argsort(photo, kind="stable")
        self._ends = np.cumsum(np.bincount(photo, minlength=photo_count))

    def mean_of_triangle(self, values: np.ndarray) -> np.ndarray:
        """(n,) values -> (n,): the mean over each one's triangle"""
        return (np.bincount(self._group, values) / self._count)[self._group]

    def medians(self, values: np.ndarray) -> np.ndarray:
        """-> (N,) median over each photo's values, 0 for too few"""
        return np.array([np.median(values[rows]) if len(rows) >= MIN_TRIANGLES else 0.0
                         for rows in np.split(self._order, self._ends[:-1])])


def _shown_by_several(known, photo, photo_count):
    """Leave of `known` (T, K), in place, the triangles that several photos show -> _Shown"""
    known &= known.sum(1, keepdims=True) >= 2
    return _Shown(np.nonzero(known)[0], photo[known], photo_count)


def _log_gain(log_colour, shown):
    """(n,) log of one channel -> (N,)"""
    log_gain = np.zeros(shown.photo_count)
    for _ in range(ROUNDS):
        shift = log_gain[shown.photo]
        off = shown.mean_of_triangle(log_colour + shift)
        off -= log_colour
        off -= shift
        log_gain += shown.medians(off)
        log_gain *= TRUST
    return log_gain
