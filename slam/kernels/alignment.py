"""Residuals of direct image alignment and their normal equations.

A point of the keyframe, p_key, lands at p_cam = T_cam_key p_key and at pixel uv of the live image. Two residuals:

    photometric   r = I_live(uv) - (exp(a) I_key + b)          Kerl 2013; affine brightness as in Engel 2017, eq. 2
    geometric     r = rho_live(uv) - 1 / z_cam                  inverse depth, where the live depth is measured

Unknowns are xi = (v, omega) applied on the left of T_cam_key, and (a, b). Points go through in blocks that stay in
the first-level cache. Within a block, look-ups are one scalar loop and arithmetic is many short loops that each write
one row: only such loops does the compiler turn into vector instructions (measured: 23 -> 11 ns a point).
"""

import math
from typing import NamedTuple

import numpy as np

from slam.kernels.compile import inline, kernel

POINT_FIELDS = 7
"""Rows of a point table: x y z of p_key in metres, intensity, its d/du and d/dv, standard deviation of log depth."""
UNKNOWNS = 8
ROWS = UNKNOWNS + 1
"""dr/dx and r."""
BLOCK = 256
HUBER = np.float32(1.345)
CUT = np.float32(6.0)
"""Standard deviations beyond which a residual is an outlier and has no weight."""
MIN_DEPTH_M = np.float32(0.05)
ONE = np.float32(1)
HALF = np.float32(0.5)


class LiveImage(NamedTuple):
    """One pyramid level of the image that is aligned."""

    texture: np.ndarray
    """(h, w, 3) float32: intensity in [0, 1], and its derivatives along u and v per pixel."""
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where unknown; or (0, 0) for photometric alignment alone."""
    pinhole: np.ndarray
    """(4,) float32: fx, fy, cx, cy in pixels."""
    edge_ratio: np.float32
    """Depth ratio of neighbouring pixels that marks an edge."""
    usable: np.ndarray = np.zeros((0, 0), np.uint8)
    """(h, w) uint8, 0 where the image does not show the static scene; or (0, 0) where it does everywhere."""


class Residuals(NamedTuple):
    """Unweighted residuals of N points, the first entries filled in."""

    live: np.ndarray
    """(N,) float32 intensities of the live image."""
    photometric: np.ndarray
    """(N,) float32 photometric residuals, of the same points."""
    geometric: np.ndarray
    """(N,) float32 geometric residuals, 1/m."""


@kernel
def linearise(points, live, T_cam_key, affine, sigma, products):
    """Normal equations of one pass over the keyframe's points at one pyramid level.

    points (POINT_FIELDS, N) float32; live: LiveImage; T_cam_key (3, 4) float32; affine (a, b); sigma (photometric,
    geometric) standard deviations. Fills products (ROWS, ROWS) float64 with J'WJ and, in its last row and column, J'Wr.
    Returns (cost, photometric residuals, their inliers, geometric ones, their inliers).
    """
    texture, inverse_depth, pinhole, edge_ratio, usable = live
    T = T_cam_key
    gain, bias = np.float32(math.exp(affine[0])), np.float32(affine[1])
    variance, geometric_information = np.float32(sigma[0] * sigma[0]), np.float32(1 / sigma[1])
    seen_points, sampled = np.empty((10, BLOCK), np.float32), np.empty((6, BLOCK), np.float32)
    rows = np.empty((ROWS, BLOCK), np.float32)
    products[:] = 0
    cost = 0.0
    seen = inliers = seen_depth = depth_inliers = 0
    for start in range(0, points.shape[1], BLOCK):
        stop = min(start + BLOCK, points.shape[1])
        count = project(points, start, stop, texture.shape, usable, pinhole, T, seen_points)
        sample_intensity(texture, count, seen_points, sampled)
        block_cost, block_inliers = photometric_rows(count, pinhole, T, gain, bias, variance, seen_points, sampled,
                                                     rows)
        add_products(rows, count, products)
        cost += block_cost
        seen += count
        inliers += block_inliers
        if inverse_depth.shape[0] > 0:
            count = sample_inverse_depth(inverse_depth, edge_ratio, count, seen_points, sampled)
            block_cost, block_inliers = geometric_rows(count, pinhole, geometric_information, sampled, rows)
            add_products(rows, count, products)
            cost += block_cost
            seen_depth += count
            depth_inliers += block_inliers
    for i in range(ROWS):
        for j in range(i):
            products[i, j] = products[j, i]
    return cost, seen, inliers, seen_depth, depth_inliers


@kernel
def residuals(points, live, T_cam_key, affine, out):
    """Unweighted residuals of `linearise`, for estimating their scale: fills out (Residuals). Returns how many
    photometric and how many geometric ones there are."""
    texture, inverse_depth, pinhole, edge_ratio, usable = live
    T = T_cam_key
    gain, bias = np.float32(math.exp(affine[0])), np.float32(affine[1])
    seen_points, sampled = np.empty((10, BLOCK), np.float32), np.empty((6, BLOCK), np.float32)
    seen = seen_depth = 0
    for start in range(0, points.shape[1], BLOCK):
        stop = min(start + BLOCK, points.shape[1])
        count = project(points, start, stop, texture.shape, usable, pinhole, T, seen_points)
        sample_intensity(texture, count, seen_points, sampled)
        for k in range(count):
            out.live[seen + k] = sampled[0, k]
            out.photometric[seen + k] = sampled[0, k] - (gain * seen_points[5, k] + bias)
        seen += count
        if inverse_depth.shape[0] > 0:
            count = sample_inverse_depth(inverse_depth, edge_ratio, count, seen_points, sampled)
            for k in range(count):
                out.geometric[seen_depth + k] = sampled[3, k] - sampled[2, k]
            seen_depth += count
    return seen, seen_depth


@inline
def project(points, start, stop, shape, usable, pinhole, T, out):
    """Points that land where the image is usable, packed: out rows X, Y, 1/Z in the camera, u, v, and the point's own
    fields (intensity, its two derivatives, standard deviation). Returns their number."""
    fx, fy, cx, cy = pinhole
    right, below = np.float32(shape[1] - 2), np.float32(shape[0] - 2)
    X, Y, inv_z, u, v = out[0], out[1], out[2], out[3], out[4]
    x, y, z = points[0, start:stop], points[1, start:stop], points[2, start:stop]
    count = stop - start
    for k in range(count):
        X[k] = T[0, 0] * x[k] + T[0, 1] * y[k] + T[0, 2] * z[k] + T[0, 3]
    for k in range(count):
        Y[k] = T[1, 0] * x[k] + T[1, 1] * y[k] + T[1, 2] * z[k] + T[1, 3]
    for k in range(count):
        inv_z[k] = ONE / (T[2, 0] * x[k] + T[2, 1] * y[k] + T[2, 2] * z[k] + T[2, 3])
    for k in range(count):
        u[k] = fx * X[k] * inv_z[k] + cx
    for k in range(count):
        v[k] = fy * Y[k] * inv_z[k] + cy
    packed = 0
    for k in range(count):
        in_front = inv_z[k] > 0 and inv_z[k] < ONE / MIN_DEPTH_M
        is_inside = in_front and u[k] >= ONE and v[k] >= ONE and u[k] < right and v[k] < below
        if is_inside and (usable.shape[0] == 0 or usable[int(v[k] + HALF), int(u[k] + HALF)]):
            for row in range(5):
                out[row, packed] = out[row, k]
            for row in range(3, POINT_FIELDS):
                out[row + 2, packed] = points[row, start + k]
            packed += 1
    return packed


@inline
def sample_intensity(texture, count, seen_points, out):
    """Bilinear look-ups at u, v: out rows intensity, d/du, d/dv of the live image."""
    u, v = seen_points[3], seen_points[4]
    for k in range(count):
        u0, v0 = np.uint32(u[k]), np.uint32(v[k])
        u1, v1 = u0 + np.uint32(1), v0 + np.uint32(1)
        du, dv = u[k] - np.float32(u0), v[k] - np.float32(v0)
        w11 = du * dv
        w10, w01 = du - w11, dv - w11
        w00 = ONE - du - w01
        for channel in range(3):
            out[channel, k] = (w00 * texture[v0, u0, channel] + w10 * texture[v0, u1, channel]
                               + w01 * texture[v1, u0, channel] + w11 * texture[v1, u1, channel])


@inline
def sample_inverse_depth(inverse_depth, edge_ratio, count, seen_points, out):
    """Where four neighbours exist and lie on one surface, packed: out rows X, Y, 1/Z, and the live inverse depth with
    the derivatives of its bilinear interpolant. Returns their number."""
    packed = 0
    for k in range(count):
        u, v = seen_points[3, k], seen_points[4, k]
        u0, v0 = np.uint32(u), np.uint32(v)
        u1, v1 = u0 + np.uint32(1), v0 + np.uint32(1)
        r00, r10, r01, r11 = inverse_depth[v0, u0], inverse_depth[v0, u1], inverse_depth[v1, u0], inverse_depth[v1, u1]
        far, near = min(min(r00, r10), min(r01, r11)), max(max(r00, r10), max(r01, r11))
        if far > 0 and near <= far * edge_ratio:
            du, dv = u - np.float32(u0), v - np.float32(v0)
            top, bottom = r00 + du * (r10 - r00), r01 + du * (r11 - r01)
            out[0, packed], out[1, packed], out[2, packed] = seen_points[0, k], seen_points[1, k], seen_points[2, k]
            out[3, packed] = top + dv * (bottom - top)
            out[4, packed] = (ONE - dv) * (r10 - r00) + dv * (r11 - r01)
            out[5, packed] = bottom - top
            packed += 1
    return packed


@inline
def photometric_rows(count, pinhole, T, gain, bias, variance, seen_points, sampled, rows):
    """Weighted dr/dx and r of the photometric residuals. Returns (cost, inliers)."""
    X, Y, inv_z = seen_points[0], seen_points[1], seen_points[2]
    key, key_du, key_dv, log_std = seen_points[5], seen_points[6], seen_points[7], seen_points[8]
    live, live_du, live_dv = sampled[0], sampled[1], sampled[2]
    a0, a1, a2, s, r = rows[0], rows[1], rows[2], rows[7], rows[8]
    # dr_duv is the mean of both images' gradients: second-order convergence (Benhimane and Malis 2004).
    fx, fy = HALF * pinhole[0], HALF * pinhole[1]
    for k in range(count):
        a0[k] = (live_du[k] + gain * key_du[k]) * fx * inv_z[k]
    for k in range(count):
        a1[k] = (live_dv[k] + gain * key_dv[k]) * fy * inv_z[k]
    for k in range(count):
        a2[k] = -(a0[k] * X[k] + a1[k] * Y[k]) * inv_z[k]
    for k in range(count):
        r[k] = live[k] - (gain * key[k] + bias)
    # An error of the keyframe's log depth moves the residual by dr/dlog = dr_dpcam . t_cam_key.
    for k in range(count):
        dr_dlog = a0[k] * T[0, 3] + a1[k] * T[1, 3] + a2[k] * T[2, 3]
        s[k] = ONE / np.sqrt(variance + dr_dlog * dr_dlog * log_std[k] * log_std[k])
    cost, inliers = apply_robust_weight(count, r, s)
    turn_rows(count, X, Y, inv_z, s, rows)
    for k in range(count):
        rows[6, k] = -gain * s[k] * key[k]
    for k in range(count):
        r[k] *= s[k]
    for k in range(count):
        s[k] = -s[k]
    return cost, inliers


@inline
def geometric_rows(count, pinhole, information, sampled, rows):
    """Weighted dr/dx and r of the geometric residuals; `information` is one over their standard deviation.
    Returns (cost, inliers)."""
    X, Y, inv_z = sampled[0], sampled[1], sampled[2]
    live, live_du, live_dv = sampled[3], sampled[4], sampled[5]
    a0, a1, a2, s, r = rows[0], rows[1], rows[2], rows[7], rows[8]
    fx, fy = pinhole[0], pinhole[1]
    for k in range(count):
        a0[k] = live_du[k] * fx * inv_z[k]
    for k in range(count):
        a1[k] = live_dv[k] * fy * inv_z[k]
    for k in range(count):
        a2[k] = (inv_z[k] - a0[k] * X[k] - a1[k] * Y[k]) * inv_z[k]
    for k in range(count):
        r[k] = live[k] - inv_z[k]
    for k in range(count):
        s[k] = information
    cost, inliers = apply_robust_weight(count, r, s)
    turn_rows(count, X, Y, inv_z, s, rows)
    for k in range(count):
        r[k] *= s[k]
    for k in range(count):
        rows[6, k] = 0
    for k in range(count):
        s[k] = 0
    return cost, inliers


@inline
def apply_robust_weight(count, r, s):
    """s, one over the standard deviation of r, is multiplied with the root of Huber's weight, 0 beyond CUT.
    Returns (robust cost, number of residuals within CUT)."""
    cost = inliers = np.float32(0)
    for k in range(count):
        size = min(abs(r[k]) * s[k], CUT)
        linear = min(size, HUBER)
        cost += linear * (size - HALF * linear)
    for k in range(count):
        inliers += ONE if abs(r[k]) * s[k] <= CUT else np.float32(0)
    for k in range(count):
        size = abs(r[k]) * s[k]
        weight = HUBER / max(size, HUBER)
        s[k] = s[k] * np.sqrt(weight) if size <= CUT else np.float32(0)
    return cost, int(inliers)


@inline
def turn_rows(count, X, Y, inv_z, s, rows):
    """rows 0 to 2 hold dr_dpcam: scale them by s and fill 3 to 5 with the part of omega, p_cam x dr_dpcam."""
    a0, a1, a2 = rows[0], rows[1], rows[2]
    for row in range(3):
        a = rows[row]
        for k in range(count):
            a[k] *= s[k]
    b = rows[3]
    for k in range(count):
        b[k] = a2[k] * Y[k] - a1[k] / inv_z[k]
    b = rows[4]
    for k in range(count):
        b[k] = a0[k] / inv_z[k] - a2[k] * X[k]
    b = rows[5]
    for k in range(count):
        b[k] = a1[k] * X[k] - a0[k] * Y[k]


@inline
def add_products(rows, count, products):
    """Add the sums over `count` columns of rows[i] * rows[j], j >= i, to products (ROWS, ROWS) float64."""
    for i in range(ROWS):
        for j in range(i, ROWS):
            total = np.float32(0)
            for k in range(count):
                total += rows[i, k] * rows[j, k]
            products[i, j] += total
