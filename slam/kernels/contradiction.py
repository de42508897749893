"""Pixels of a depth map that other images, or other depth maps, contradict."""

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel
from slam.kernels.stereo import NEAR, NONE, ONE, REACH, compare, sum_rows, warp, window_moments

UNSAID = np.float32(-1)
MOST = np.float32(2)
"""More than any dissimilarity."""


@ordered_kernel
def dissimilarity(gray, inverse_depth, min_variance, pinhole, others, T_other_key, result):
    """gray, inverse_depth (h, w), others (S, h, w) images of the same pinhole (fx, fy, cx, cy), T_other_key (S, 3, 4),
    all float32. Fills result (h, w): one minus the correlation of windows, from 0 to 1, with the image that agrees
    second best, or best where less than three can be compared: one match out of many may be chance. UNSAID where no
    image shows the pixel, or one is as plain as this one, variances being below min_variance."""
    height, width = gray.shape
    warped, seen = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    means, variances = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    columns, second = np.empty((3, width), np.float32), np.full((height, width), MOST)
    count = np.zeros((height, width), np.int32)
    window_moments(gray, columns, means, variances)
    result[:] = MOST
    for s in range(others.shape[0]):
        warp(inverse_depth, ONE, pinhole, others, s, T_other_key, warped, seen)
        take_two_least(gray, means, variances, min_variance, warped, seen, columns, result, second, count)
    for v in range(height):
        for u in range(width):
            if count[v, u] == 0:
                result[v, u] = UNSAID
            elif count[v, u] >= 3 and result[v, u] >= 0:
                result[v, u] = second[v, u]


@ordered_inline
def take_two_least(a, means, variances, min_variance, b, seen, columns, least, second, count):
    """Compare windows of images a, whose moments are known, and b: keep the two least of one minus their correlation,
    and count them."""
    height, width = a.shape
    for v in range(height):
        sum_rows(a, b, v, columns)
        for u in range(REACH, width - REACH):
            cost, variance = compare(columns, u, means[v, u], variances[v, u])
            if max(variance, variances[v, u]) < min_variance:
                cost = UNSAID
            if seen[v, u] > 0:
                second[v, u] = min(second[v, u], max(least[v, u], cost))
                least[v, u] = min(least[v, u], cost)
                count[v, u] += 1


@ordered_kernel
def in_free_space(inverse_depth, others, pinhole, T_other_cam, margin, step, verdict):
    """inverse_depth (h, w), others (S, h, w) of the same pinhole, T_other_cam (S, 3, 4), all float32. Fills verdict
    (h // step, w // step) for every `step`-th pixel: 1 where one of the others looks through it, at what is farther
    away by more than the factor `margin` all around; 0 where none does, but one sees it; else UNSAID."""
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
