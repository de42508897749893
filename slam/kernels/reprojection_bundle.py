"""Reprojection errors of points in images, and their normal equations without the points (Triggs 1999).

A point X in the world is seen by image k at pixel (u, v), and expected at a depth whose logarithm is known roughly:

    r = (pi(T_k X) - (u, v)) / sigma,    d = (log z_k - log z_expected) / sigma_d

both with Cauchy's cost, that of d times a share. Unknowns are xi = (v, omega), applied on the left of T_k = T_cam_world, and X.
"""

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel

NEAR = 1e-3
BEHIND = 1e3
"""Cost of a point behind the camera."""
DEPTH_SOFTNESS = 1.5
"""Standard deviations at which the cost of depth bends."""
LEAST_INFORMATION = 1e-9


@ordered_kernel
def linearise(start, image, pixel, log_depth, share, T, X, pinhole, sigmas, softness, damping, block_of,
              blocks, gradient, diagonal, cross, inverse, point_gradient):
    """One pass over all points.

    start (P + 1,): observations start[p] to start[p + 1] are of point p; image (M,), pixel (M, 2), log_depth (M,) and
    what it counts, share (M,); T (K, 3, 4) and X (P, 3); pinhole (fx, fy, cx, cy); sigmas: standard deviations of pixels and of log_depth; softness:
    of the former, where Cauchy's cost bends; damping: share added to the points' diagonal; block_of (K, K): place of each pair of images in `blocks`, -1 for
    pairs that share no point.

    Fills the equations of the images, the points eliminated: blocks (B, 6, 6), gradient (K, 6), and the diagonal (K, 6)
    before elimination; and what brings the points back: cross (M, 6, 3), inverse (P, 3, 3), point_gradient (P, 3).
    Returns the cost.
    """
    blocks[:] = 0
    gradient[:] = 0
    diagonal[:] = 0
    J, r, w, H = np.zeros((3, 9)), np.zeros(3), np.empty(3), np.empty((3, 3))
    total = 0.0
    for p in range(len(start) - 1):
        H[:] = 0
        point_gradient[p] = 0
        for m in range(start[p], start[p + 1]):
            k = image[m]
            total += residual(T, k, X, p, pixel, m, log_depth, share, pinhole, sigmas, softness, J, r, w)
            add_observation(J, r, w, k, m, p, block_of, blocks, gradient, diagonal, cross, H, point_gradient)
        for a in range(3):
            H[a, a] += damping * H[a, a] + LEAST_INFORMATION
        invert(H, inverse, p)
        eliminate(start, image, p, cross, inverse, point_gradient, block_of, blocks, gradient)
    return total


@ordered_kernel
def cost_of(start, image, pixel, log_depth, share, T, X, pinhole, sigmas, softness):
    """What `linearise` returns."""
    J, r, w = np.zeros((3, 9)), np.zeros(3), np.empty(3)
    total = 0.0
    for p in range(len(start) - 1):
        for m in range(start[p], start[p + 1]):
            total += residual(T, image[m], X, p, pixel, m, log_depth, share, pinhole, sigmas, softness, J, r, w)
    return total


@ordered_kernel
def moved_points(start, image, cross, inverse, point_gradient, step, X, moved):
    """Points (P, 3) after the images' step (K, 6), by what `linearise` has left -> moved (P, 3)"""
    pull = np.empty(3)
    for p in range(len(start) - 1):
        pull[:] = point_gradient[p]
        for m in range(start[p], start[p + 1]):
            for c in range(3):
                for a in range(6):
                    pull[c] += cross[m, a, c] * step[image[m], a]
        for c in range(3):
            moved[p, c] = X[p, c]
            for d in range(3):
                moved[p, c] -= inverse[p, c, d] * pull[d]


@ordered_inline
def residual(T, k, X, p, pixel, m, log_depth, share, pinhole, sigmas, softness, J, r, w):
    """Fills J (3, 9) = d (u, v, log z) / d (xi, X), the residuals r (3,) in these units and their weights w (3,).
    Returns the cost."""
    x = T[k, 0, 0] * X[p, 0] + T[k, 0, 1] * X[p, 1] + T[k, 0, 2] * X[p, 2] + T[k, 0, 3]
    y = T[k, 1, 0] * X[p, 0] + T[k, 1, 1] * X[p, 1] + T[k, 1, 2] * X[p, 2] + T[k, 1, 3]
    z = T[k, 2, 0] * X[p, 0] + T[k, 2, 1] * X[p, 1] + T[k, 2, 2] * X[p, 2] + T[k, 2, 3]
    if z < NEAR:
        w[:] = 0
        return BEHIND
    fx, fy = pinhole[0], pinhole[1]
    r[0] = fx * x / z + pinhole[2] - pixel[m, 0]
    r[1] = fy * y / z + pinhole[3] - pixel[m, 1]
    r[2] = np.log(z) - log_depth[m]
    width, depth_width = sigmas[0] * softness, sigmas[1] * DEPTH_SOFTNESS
    squared = (r[0] * r[0] + r[1] * r[1]) / (width * width)
    depth_squared = r[2] * r[2] / (depth_width * depth_width)
    w[0] = w[1] = 1 / ((1 + squared) * sigmas[0] * sigmas[0])
    w[2] = share[m] / ((1 + depth_squared) * sigmas[1] * sigmas[1])
    J[0, 0], J[0, 2] = fx / z, -fx * x / (z * z)
    J[1, 1], J[1, 2] = fy / z, -fy * y / (z * z)
    J[2, 2] = 1 / z
    for a in range(3):
        gx, gy, gz = J[a, 0], J[a, 1], J[a, 2]
        J[a, 3], J[a, 4], J[a, 5] = gz * y - gy * z, gx * z - gz * x, gy * x - gx * y
        for c in range(3):
            J[a, 6 + c] = gx * T[k, 0, c] + gy * T[k, 1, c] + gz * T[k, 2, c]
    return 0.5 * (softness * softness * np.log1p(squared)
                  + share[m] * DEPTH_SOFTNESS * DEPTH_SOFTNESS * np.log1p(depth_squared))


@ordered_inline
def add_observation(J, r, w, k, m, p, block_of, blocks, gradient, diagonal, cross, H, point_gradient):
    """J'WJ and J'Wr of one observation, in their places."""
    own = block_of[k, k]
    for a in range(9):
        a0, a1, a2 = w[0] * J[0, a], w[1] * J[1, a], w[2] * J[2, a]
        pull = a0 * r[0] + a1 * r[1] + a2 * r[2]
        if a < 6:
            gradient[k, a] += pull
            for b in range(6):
                blocks[own, a, b] += a0 * J[0, b] + a1 * J[1, b] + a2 * J[2, b]
            diagonal[k, a] += a0 * J[0, a] + a1 * J[1, a] + a2 * J[2, a]
            for c in range(3):
                cross[m, a, c] = a0 * J[0, 6 + c] + a1 * J[1, 6 + c] + a2 * J[2, 6 + c]
        else:
            point_gradient[p, a - 6] += pull
            for c in range(3):
                H[a - 6, c] += a0 * J[0, 6 + c] + a1 * J[1, 6 + c] + a2 * J[2, 6 + c]


@ordered_inline
def invert(H, inverse, p):
    """Inverse of a symmetric positive (3, 3) matrix by its adjugate."""
    c00 = H[1, 1] * H[2, 2] - H[1, 2] * H[1, 2]
    c01 = H[0, 2] * H[1, 2] - H[0, 1] * H[2, 2]
    c02 = H[0, 1] * H[1, 2] - H[0, 2] * H[1, 1]
    scale = 1 / (H[0, 0] * c00 + H[0, 1] * c01 + H[0, 2] * c02)
    inverse[p, 0, 0], inverse[p, 0, 1], inverse[p, 0, 2] = c00 * scale, c01 * scale, c02 * scale
    inverse[p, 1, 1] = (H[0, 0] * H[2, 2] - H[0, 2] * H[0, 2]) * scale
    inverse[p, 1, 2] = (H[0, 1] * H[0, 2] - H[0, 0] * H[1, 2]) * scale
    inverse[p, 2, 2] = (H[0, 0] * H[1, 1] - H[0, 1] * H[0, 1]) * scale
    inverse[p, 1, 0], inverse[p, 2, 0], inverse[p, 2, 1] = inverse[p, 0, 1], inverse[p, 0, 2], inverse[p, 1, 2]


@ordered_inline
def eliminate(start, image, p, cross, inverse, point_gradient, block_of, blocks, gradient):
    """Subtract C H^-1 C' and C H^-1 g of one point from the equations of the images that see it (Schur complement)."""
    share = np.empty((6, 3))
    for m in range(start[p], start[p + 1]):
        k = image[m]
        for a in range(6):
            for c in range(3):
                share[a, c] = (cross[m, a, 0] * inverse[p, 0, c] + cross[m, a, 1] * inverse[p, 1, c]
                               + cross[m, a, 2] * inverse[p, 2, c])
                gradient[k, a] -= share[a, c] * point_gradient[p, c]
        for n in range(start[p], start[p + 1]):
            block = block_of[k, image[n]]
            for a in range(6):
                for b in range(6):
                    blocks[block, a, b] -= (share[a, 0] * cross[n, b, 0] + share[a, 1] * cross[n, b, 1]
                                            + share[a, 2] * cross[n, b, 2])
