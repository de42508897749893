"""Pixels of a depth map that other images, or other depth maps, contradict."""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel
from slam.kernels.stereo import NEAR, NONE, ONE, REACH, Warped, WindowMoments, compare, sum_rows, warp, window_moments

UNSAID = np.float32(-1)
"""In place of a verdict where there is none."""
UNCOMPARED = np.float32(2)
"""In place of a dissimilarity before any image was compared: more than any."""


class TwoLeast(NamedTuple):
    """The two smallest of each pixel's dissimilarities to several images."""

    least: np.ndarray
    """(h, w) float32 smallest dissimilarity."""
    second: np.ndarray
    """(h, w) float32 second smallest dissimilarity."""
    count: np.ndarray
    """(h, w) int32 images that show the pixel."""


@ordered_kernel
def dissimilarity(gray, inverse_depth, min_variance, pinhole, others, T_other_key, result):
    """How unlike each pixel of a keyframe is to what S other images show where its depth puts it.

    gray (h, w) in [0, 1], inverse_depth (h, w) in 1/m, others (S, h, w) images of the same pinhole (fx, fy, cx, cy),
    T_other_key (S, 3, 4), all float32. Fills result (h, w) float32: one minus the correlation of windows, from 0 to 1,
    with the image that agrees second best, or best where less than three can be compared: one match out of many may be
    chance. UNSAID where no image shows the pixel, or one is as plain as this one, variances being below min_variance.
    """
    height, width = gray.shape
    warped = Warped(np.empty((height, width), np.float32), np.empty((height, width), np.float32))
    moments = WindowMoments(np.empty((height, width), np.float32), np.empty((height, width), np.float32))
    columns, second = np.empty((3, width), np.float32), np.full((height, width), UNCOMPARED)
    count = np.zeros((height, width), np.int32)
    window_moments(gray, columns, moments)
    result[:] = UNCOMPARED
    for s in range(others.shape[0]):
        warp(inverse_depth, ONE, pinhole, others, s, T_other_key, warped)
        take_two_least(gray, moments, min_variance, warped, columns, TwoLeast(result, second, count))
    for v in range(height):
        for u in range(width):
            if count[v, u] == 0:
                result[v, u] = UNSAID
            elif count[v, u] >= 3 and result[v, u] >= 0:
                result[v, u] = second[v, u]


@ordered_inline
def take_two_least(a, moments, min_variance, b, columns, found):
    """Compare windows of image a, whose moments are known, and of b (Warped): keep in `found` the two least of one
    minus their correlation, and count them."""
    height, width = a.shape
    for v in range(height):
        sum_rows(a, b.gray, v, columns)
        for u in range(REACH, width - REACH):
            cost, variance = compare(columns, u, moments.means[v, u], moments.variances[v, u])
            if max(variance, moments.variances[v, u]) < min_variance:
                cost = UNSAID
            if b.seen[v, u] > 0:
                found.second[v, u] = min(found.second[v, u], max(found.least[v, u], cost))
                found.least[v, u] = min(found.least[v, u], cost)
                found.count[v, u] += 1


@ordered_kernel
def in_free_space(inverse_depth, others, pinhole, T_other_cam, margin, step, verdict):
    """Where a depth map stands in what S other depth maps have looked through.

    inverse_depth (h, w) and others (S, h, w) in 1/m, 0 where unknown, of the same pinhole (fx, fy, cx, cy); T_other_cam
    (S, 3, 4); all float32. Fills verdict (h // step, w // step) float32 for every `step`-th pixel: 1 where one of the
    others looks through it, at what is farther away by more than the factor `margin` all around; 0 where none does, but
    one sees it; else UNSAID.
    """
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    verdict[:] = UNSAID
    for row in range(verdict.shape[0]):
        for column in range(verdict.shape[1]):
            u, v = column * step, row * step
            rho = inverse_depth[v, u]
            if rho <= 0:
                continue
            x, y = (np.float32(u) - cx) / fx, (np.float32(v) - cy) / fy
            for s in range(others.shape[0]):
                T = T_other_cam[s]
                z = T[2, 0] * x + T[2, 1] * y + T[2, 2] + T[2, 3] * rho
                inv_z = ONE / max(z, NEAR)
                uj = int(np.round(fx * inv_z * (T[0, 0] * x + T[0, 1] * y + T[0, 2] + T[0, 3] * rho) + cx))
                vj = int(np.round(fy * inv_z * (T[1, 0] * x + T[1, 1] * y + T[1, 2] + T[1, 3] * rho) + cy))
                if z > NEAR and uj >= 1 and vj >= 1 and uj < width - 1 and vj < height - 1:
                    says = looks_through(others, s, uj, vj, rho * inv_z, margin)
                    verdict[row, column] = max(verdict[row, column], says)


@ordered_inline
def looks_through(others, s, u, v, rho, margin):
    """Whether depth map s sees something farther away than 1 / rho around a pixel: 1, 0, or UNSAID."""
    nearest = NONE
    for dv in range(-1, 2):
        for du in range(-1, 2):
            around = others[s, v + dv, u + du]
            if around <= 0:
                return UNSAID
            nearest = max(nearest, around)
    if nearest * margin < rho:
        return ONE
    return NONE if nearest < rho * margin else UNSAID
