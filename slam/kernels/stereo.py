"""Dense stereo along a ratio field: how much nearer or farther than it was assumed is each pixel?

Hypotheses are factors on an inverse depth that is known roughly, so that smoothness means the assumed shape, times
something smooth. Matching by normalised correlation, regularised by semi-global matching (Hirschmueller 2008).
"""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel

REACH = 2
"""Pixels around the centre of the window that is compared, each way."""
TEXTURE = np.float32((2 / 255) ** 2)
"""Variance of intensity below which a window shows noise."""
NEAR = np.float32(1e-3)
SHARE = np.float32(1 / (2 * REACH + 1) ** 2)
ONE, NONE = np.float32(1), np.float32(0)
UNKNOWN = np.float32(0.6)
"""Cost where no other image shows the pixel: that of windows which have little in common."""


class WindowMoments(NamedTuple):
    """Of the window around each pixel of an image."""

    means: np.ndarray
    """(h, w) float32 mean intensities."""
    variances: np.ndarray
    """(h, w) float32 variances of intensity, TEXTURE added."""


class Warped(NamedTuple):
    """Another image, looked up where the pixels of this one land."""

    gray: np.ndarray
    """(h, w) float32 intensities."""
    seen: np.ndarray
    """(h, w) float32, 1 where the other image shows the pixel, else 0."""


@ordered_kernel
def matching_costs(gray, inverse_depth, factors, pinhole, others, T_other_key, costs):
    """Costs of hypotheses on a keyframe's depth, by S other images.

    gray (h, w) in [0, 1], inverse_depth (h, w) in 1/m of the keyframe, factors (D,) on the latter, others (S, h, w)
    images of the same pinhole (fx, fy, cx, cy), T_other_key (S, 3, 4), all float32. Fills costs (h, w, D) float32: one
    minus the windows' correlation, from 0 to 1, its mean over the images that show the pixel, UNKNOWN where none does.
    """
    height, width = gray.shape
    warped = Warped(np.empty((height, width), np.float32), np.empty((height, width), np.float32))
    total, count = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    moments = WindowMoments(np.empty((height, width), np.float32), np.empty((height, width), np.float32))
    columns = np.empty((3, width), np.float32)
    window_moments(gray, columns, moments)
    for d in range(len(factors)):
        total[:] = 0
        count[:] = 0
        for s in range(others.shape[0]):
            warp(inverse_depth, factors[d], pinhole, others, s, T_other_key, warped)
            add_dissimilarity(gray, moments, warped, columns, total, count)
        for v in range(height):
            for u in range(width):
                costs[v, u, d] = total[v, u] / count[v, u] if count[v, u] > 0 else UNKNOWN


@ordered_inline
def warp(inverse_depth, factor, pinhole, others, s, T, warped):
    """Fills `warped` with what image s shows where the pixels' inverse depth, times factor, puts them."""
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    last_u, last_v = np.float32(width - 1), np.float32(height - 1)
    for v in range(height):
        y = (np.float32(v) - cy) / fy
        for u in range(width):
            x, rho = (np.float32(u) - cx) / fx, inverse_depth[v, u] * factor
            z = T[s, 2, 0] * x + T[s, 2, 1] * y + T[s, 2, 2] + T[s, 2, 3] * rho
            inv_z = ONE / max(z, NEAR)
            uj = fx * inv_z * (T[s, 0, 0] * x + T[s, 0, 1] * y + T[s, 0, 2] + T[s, 0, 3] * rho) + cx
            vj = fy * inv_z * (T[s, 1, 0] * x + T[s, 1, 1] * y + T[s, 1, 2] + T[s, 1, 3] * rho) + cy
            is_inside = z > NEAR and rho > 0 and uj >= 0 and vj >= 0 and uj <= last_u and vj <= last_v
            warped.seen[v, u] = ONE if is_inside else NONE
            uj, vj = min(max(uj, NONE), last_u), min(max(vj, NONE), last_v)
            u0, v0 = min(int(uj), width - 2), min(int(vj), height - 2)
            du, dv = uj - np.float32(u0), vj - np.float32(v0)
            top = others[s, v0, u0] + du * (others[s, v0, u0 + 1] - others[s, v0, u0])
            below = others[s, v0 + 1, u0] + du * (others[s, v0 + 1, u0 + 1] - others[s, v0 + 1, u0])
            warped.gray[v, u] = top + dv * (below - top)


@ordered_inline
def window_moments(a, columns, moments):
    """Fills `moments` with mean and variance of a (h, w) in the window around each pixel."""
    height, width = a.shape
    for v in range(height):
        sum_rows(a, a, v, columns)
        for u in range(REACH, width - REACH):
            A = AA = NONE
            for column in range(u - REACH, u + REACH + 1):
                A += columns[0, column]
                AA += columns[1, column]
            moments.means[v, u] = A * SHARE
            moments.variances[v, u] = max(AA * SHARE - A * SHARE * A * SHARE, NONE) + TEXTURE


@ordered_inline
def add_dissimilarity(a, moments, b, columns, total, count):
    """Add one minus the correlation of windows of image a, whose moments are known, and of b (Warped) to `total`, where
    the pixel is seen in b. Without a whole window, at the left and right edge, nothing is added."""
    height, width = a.shape
    for v in range(height):
        sum_rows(a, b.gray, v, columns)
        for u in range(REACH, width - REACH):
            cost, _ = compare(columns, u, moments.means[v, u], moments.variances[v, u])
            total[v, u] += b.seen[v, u] * cost
            count[v, u] += b.seen[v, u]


@ordered_inline
def compare(columns, u, mean, variance):
    """Windows of images a, of this mean and variance, and b around column u of what `sum_rows` has left -> one minus
    their correlation, at most one, and the variance of b."""
    B = BB = AB = NONE
    for column in range(u - REACH, u + REACH + 1):
        B += columns[0, column]
        BB += columns[1, column]
        AB += columns[2, column]
    B = B * SHARE
    variance_b = max(BB * SHARE - B * B, NONE) + TEXTURE
    return min(ONE - (AB * SHARE - mean * B) / np.sqrt(variance_b * variance), ONE), variance_b


@ordered_inline
def sum_rows(a, b, v, columns):
    """Per column, sums of b, b b and a b over the rows of windows around row v -> columns (3, w)."""
    height, width = a.shape
    columns[:] = 0
    for row in range(v - REACH, v + REACH + 1):
        row = min(max(row, 0), height - 1)
        for u in range(width):
            columns[0, u] += b[row, u]
            columns[1, u] += b[row, u] * b[row, u]
            columns[2, u] += a[row, u] * b[row, u]


@ordered_kernel
def aggregate(costs, stiffness, small, large, path, total):
    """Semi-global matching (Hirschmueller 2008, eq. 13).

    Sums, along eight directions, of costs (h, w, D) uint16 and of the penalties for steps between neighbours of one
    (`small`) or more (`large`) hypotheses, times the lesser of their stiffness (h, w) float32, from 0 to 1. Fills total
    (h, w, D) uint16; path (h, w, D) uint16 is scratch.
    """
    total[:] = 0
    for dv, du in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        add_direction(costs, stiffness, small, large, dv, du, path, total)


@ordered_inline
def add_direction(costs, stiffness, small, large, dv, du, path, total):
    """Add to `total` the sums along one direction, in which each pixel comes after the one at (v - dv, u - du)."""
    height, width, D = costs.shape
    for i in range(height):
        v = i if dv >= 0 else height - 1 - i
        for j in range(width):
            u = j if du >= 0 else width - 1 - j
            from_v, from_u = v - dv, u - du
            if from_v < 0 or from_v >= height or from_u < 0 or from_u >= width:
                for d in range(D):
                    path[v, u, d] = costs[v, u, d]
                    total[v, u, d] += costs[v, u, d]
                continue
            stiff = min(stiffness[v, u], stiffness[from_v, from_u])
            one, jump = np.uint16(stiff * small), np.uint16(stiff * large)
            least = path[from_v, from_u, 0]
            for d in range(1, D):
                least = min(least, path[from_v, from_u, d])
            ceiling = np.uint16(least + jump)
            for d in range(D):
                lower, higher = path[from_v, from_u, max(d - 1, 0)], path[from_v, from_u, min(d + 1, D - 1)]
                neighbour = np.uint16(min(lower, higher) + one)
                path[v, u, d] = costs[v, u, d] + min(min(path[from_v, from_u, d], neighbour), ceiling) - least
            for d in range(D):
                total[v, u, d] += path[v, u, d]
