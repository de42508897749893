"""Residuals of direct image alignment and their normal equations.

A point of the keyframe, p_key, lands at p_cam = T_cam_key p_key and at pixel uv of the live image. Two residuals:

    photometric   r = I_live(uv) - (exp(a) I_key + b)          Kerl 2013; affine brightness as in Engel 2017, eq. 2
    geometric     r = rho_live(uv) - 1 / z_cam                  inverse depth, where the live depth is measured

Unknowns are xi = (v, omega) applied on the left of T_cam_key, and (a, b). Rows of dr/dx and r, scaled by the square
root of their weight, are collected in blocks that fit the first-level cache, then multiplied out.
"""

import math

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import transform

POINT_FIELDS = 7
"""x y z of p_key in metres, intensity, intensity gradient d/du d/dv, standard deviation of log depth."""
UNKNOWNS = 8
COLUMNS = UNKNOWNS + 1
BLOCK = 256
HUBER = np.float32(1.345)
CUT = np.float32(6.0)
"""Standard deviations beyond which a residual is an outlier without a say."""
MIN_DEPTH_M = np.float32(0.05)


@inline
def robust_weight(deviation):
    """Residual over its standard deviation -> (weight, cost): Huber's, cut off."""
    size = abs(deviation)
    if size <= HUBER:
        return np.float32(1), np.float32(0.5) * size * size
    if size <= CUT:
        return HUBER / size, HUBER * (size - np.float32(0.5) * HUBER)
    return np.float32(0), HUBER * (CUT - np.float32(0.5) * HUBER)


@inline
def bilinear_weights(du, dv):
    w11 = du * dv
    return np.float32(1) - du - dv + w11, du - w11, dv - w11, w11


@inline
def is_smooth(r00, r10, r01, r11, edge_ratio):
    """Whether four neighbouring inverse depths all exist and lie on one surface."""
    far, near = min(min(r00, r10), min(r01, r11)), max(max(r00, r10), max(r01, r11))
    return far > 0 and near <= far * edge_ratio


@inline
def bilinear(image, channel, u0, v0, w00, w10, w01, w11):
    return (w00 * image[v0, u0, channel] + w10 * image[v0, u0 + 1, channel]
            + w01 * image[v0 + 1, u0, channel] + w11 * image[v0 + 1, u0 + 1, channel])


@kernel
def residuals(points, texture, inverse_depth, pinhole, T, affine, edge_ratio, photometric, geometric):
    """The residuals of `linearise` unweighted, for estimating their scale. Returns how many of each were filled in."""
    height, width = texture.shape[:2]
    fx, fy, cx, cy = pinhole
    gain, bias = np.float32(math.exp(affine[0])), np.float32(affine[1])
    has_depth = inverse_depth.shape[0] > 0
    seen = seen_depth = 0
    for i in range(points.shape[0]):
        X, Y, Z = transform(T, points[i, 0], points[i, 1], points[i, 2])
        if Z < MIN_DEPTH_M:
            continue
        u, v = fx * X / Z + cx, fy * Y / Z + cy
        if not (u >= 1 and v >= 1 and u < width - 2 and v < height - 2):
            continue
        u0, v0 = int(u), int(v)
        w00, w10, w01, w11 = bilinear_weights(u - np.float32(u0), v - np.float32(v0))
        photometric[seen] = bilinear(texture, 0, u0, v0, w00, w10, w01, w11) - (gain * points[i, 3] + bias)
        seen += 1
        if has_depth:
            r00, r10 = inverse_depth[v0, u0], inverse_depth[v0, u0 + 1]
            r01, r11 = inverse_depth[v0 + 1, u0], inverse_depth[v0 + 1, u0 + 1]
            if is_smooth(r00, r10, r01, r11, edge_ratio):
                geometric[seen_depth] = w00 * r00 + w10 * r10 + w01 * r01 + w11 * r11 - np.float32(1) / Z
                seen_depth += 1
    return seen, seen_depth


@kernel
def add_products(rows, count, products):
    """Add the sums over `count` columns of rows[i] * rows[j], j >= i, to products (COLUMNS, COLUMNS) float64."""
    for i in range(COLUMNS):
        for j in range(i, COLUMNS):
            total = np.float32(0)
            for k in range(count):
                total += rows[i, k] * rows[j, k]
            products[i, j] += total


@kernel
def linearise(points, texture, inverse_depth, pinhole, T, affine, sigma, edge_ratio, products):
    """One pass over the keyframe's points at one pyramid level.

    points (N, POINT_FIELDS) float32; texture (h, w, 3) of the live image; inverse_depth (h, w) of it, or (0, 0) for
    photometric alignment alone; pinhole (fx, fy, cx, cy) float32; T = T_cam_key (3, 4) float32; affine (a, b);
    sigma (photometric, geometric) standard deviations. Fills products with J'WJ, its last column with J'Wr.
    Returns (cost, photometric residuals, their inliers, geometric residuals, their inliers).
    """
    height, width = texture.shape[:2]
    one, zero = np.float32(1), np.float32(0)
    fx, fy, cx, cy = pinhole
    gain, bias = np.float32(math.exp(affine[0])), np.float32(affine[1])
    variance = np.float32(sigma[0] * sigma[0])
    geometric_information = np.float32(1 / sigma[1])
    has_depth = inverse_depth.shape[0] > 0
    rows = np.empty((COLUMNS, BLOCK), np.float32)
    products[:] = 0
    filled = 0
    cost = 0.0
    seen = inliers = seen_depth = depth_inliers = 0
    for i in range(points.shape[0]):
        X, Y, Z = transform(T, points[i, 0], points[i, 1], points[i, 2])
        if Z < MIN_DEPTH_M:
            continue
        inv_z = one / Z
        u, v = fx * X * inv_z + cx, fy * Y * inv_z + cy
        if not (u >= one and v >= one and u < width - 2 and v < height - 2):
            continue
        u0, v0 = int(u), int(v)
        du, dv = u - np.float32(u0), v - np.float32(v0)
        w00, w10, w01, w11 = bilinear_weights(du, dv)
        if filled > BLOCK - 2:
            add_products(rows, filled, products)
            filled = 0

        residual = bilinear(texture, 0, u0, v0, w00, w10, w01, w11) - (gain * points[i, 3] + bias)
        # Mean of both images' gradients: second-order convergence (Benhimane and Malis 2004).
        gx = np.float32(0.5) * (bilinear(texture, 1, u0, v0, w00, w10, w01, w11) + gain * points[i, 4])
        gy = np.float32(0.5) * (bilinear(texture, 2, u0, v0, w00, w10, w01, w11) + gain * points[i, 5])
        a0, a1 = gx * fx * inv_z, gy * fy * inv_z
        a2 = -(a0 * X + a1 * Y) * inv_z
        # dr/d(log depth) = z_key dr/dz_key: what an error of the keyframe's depth does to this residual.
        dr_dlog = a0 * T[0, 3] + a1 * T[1, 3] + a2 * T[2, 3]
        dr_dlog *= points[i, 6]
        information = one / np.float32(math.sqrt(variance + dr_dlog * dr_dlog))
        weight, c = robust_weight(residual * information)
        cost += c
        seen += 1
        if weight > zero:
            inliers += 1
            s = information * np.float32(math.sqrt(weight))
            rows[0, filled], rows[1, filled], rows[2, filled] = s * a0, s * a1, s * a2
            rows[3, filled], rows[4, filled] = s * (a2 * Y - a1 * Z), s * (a0 * Z - a2 * X)
            rows[5, filled] = s * (a1 * X - a0 * Y)
            rows[6, filled], rows[7, filled], rows[8, filled] = -s * gain * points[i, 3], -s, s * residual
            filled += 1

        if has_depth:
            r00, r10 = inverse_depth[v0, u0], inverse_depth[v0, u0 + 1]
            r01, r11 = inverse_depth[v0 + 1, u0], inverse_depth[v0 + 1, u0 + 1]
            if is_smooth(r00, r10, r01, r11, edge_ratio):
                residual = w00 * r00 + w10 * r10 + w01 * r01 + w11 * r11 - inv_z
                weight, c = robust_weight(residual * geometric_information)
                cost += c
                seen_depth += 1
                if weight > zero:
                    depth_inliers += 1
                    s = geometric_information * np.float32(math.sqrt(weight))
                    a0 = ((one - dv) * (r10 - r00) + dv * (r11 - r01)) * fx * inv_z
                    a1 = ((one - du) * (r01 - r00) + du * (r11 - r10)) * fy * inv_z
                    a2 = -(a0 * X + a1 * Y) * inv_z + inv_z * inv_z
                    rows[0, filled], rows[1, filled], rows[2, filled] = s * a0, s * a1, s * a2
                    rows[3, filled], rows[4, filled] = s * (a2 * Y - a1 * Z), s * (a0 * Z - a2 * X)
                    rows[5, filled] = s * (a1 * X - a0 * Y)
                    rows[6, filled], rows[7, filled], rows[8, filled] = zero, zero, s * residual
                    filled += 1
    add_products(rows, filled, products)
    return cost, seen, inliers, seen_depth, depth_inliers
