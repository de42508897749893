"""Matching by time: which images, depth maps and poses belong to one moment."""

from collections.abc import Sequence

import numpy as np


def associate(wanted_s: np.ndarray, times_s: np.ndarray, tolerance_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs (i, j) of each of `wanted_s` with the nearest of `times_s`, for those at most tolerance_s apart.

    times_s (M,) must increase; of two that are equally near the earlier is taken. A j may go with several i.
    """
    if not len(times_s):
        return np.empty(0, int), np.empty(0, int)
    right = np.minimum(np.searchsorted(times_s, wanted_s), len(times_s) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(wanted_s - times_s[left] <= times_s[right] - wanted_s, left, right)
    close = np.abs(wanted_s - times_s[nearest]) <= tolerance_s
    return np.flatnonzero(close), nearest[close]


def nearest_in_time(times_s: np.ndarray, wanted_s: Sequence[float] | np.ndarray,
                    tolerance_s: float) -> list[int | None]:
    """For each wanted time the index of the nearest, or None where none lies within the tolerance. As `associate`."""
    found = dict(zip(*(indices.tolist() for indices in associate(np.asarray(wanted_s, float), times_s, tolerance_s))))
    return [found.get(k) for k in range(len(wanted_s))]
