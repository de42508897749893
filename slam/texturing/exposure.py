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
    known &= known.sum(1, keepdims=True) >= 2
    triangle, slot = np.nonzero(known)
    photo, log_colour = found.photo[triangle, slot], np.log(np.maximum(found.colour[triangle, slot], 1))
    log_gain = np.zeros((photo_count, 3))
    for _ in range(ROUNDS):
        log_gain += _medians(_mean_of_triangle(log_colour + log_gain[photo], triangle) - log_colour - log_gain[photo],
                             photo, photo_count)
        log_gain *= TRUST
    return np.exp(log_gain)


def sharpness(found: Candidates, photo_count: int) -> np.ndarray:
    """-> (N,) contrast of each photo relative to that of others in the same place"""
    known = (found.photo >= 0) & (found.contrast > 0.5)
    known &= known.sum(1, keepdims=True) >= 2
    triangle, slot = np.nonzero(known)
    photo = found.photo[triangle, slot]
    log_contrast = np.log(found.contrast[triangle, slot].astype(np.float64))[:, None]
    log_sharpness = np.zeros((photo_count, 1))
    for _ in range(ROUNDS):
        relative = log_contrast - log_sharpness[photo]
        log_sharpness += _medians(relative - _mean_of_triangle(relative, triangle), photo, photo_count)
    return np.exp(log_sharpness[:, 0])


def _mean_of_triangle(values, triangle):
    """(n, c) values of triangles, in ascending order -> (n, c): the mean over each one's"""
    group = np.cumsum(np.diff(triangle, prepend=-1) > 0) - 1
    count = np.bincount(group)
    return np.stack([(np.bincount(group, column) / count)[group] for column in values.T], 1)


def _medians(values, photo, photo_count):
    """-> (N, c) median over each photo's values, 0 for too few"""
    medians = np.zeros((photo_count, values.shape[1]))
    order = np.argsort(photo, kind="stable")
    ends = np.cumsum(np.bincount(photo, minlength=photo_count))
    for row, rows in enumerate(np.split(order, ends[:-1])):
        if len(rows) >= MIN_TRIANGLES:
            medians[row] = np.median(values[rows], axis=0)
    return medians
