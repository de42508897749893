"""Reprojection errors of points in images, and their normal equations without the points (Triggs 1999).

A point X in the world is seen by image k at pixel (u, v), and expected at a depth whose logarithm is known roughly:

    r = (pi(T_k X) - (u, v)) / sigma,    d = (log z_k - log z_expected) / sigma_d

both with Cauchy's cost, that of d times a share. Unknowns are xi = (v, omega), applied on the left of
T_k = T_cam_world, and X.
"""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel

NEAR = 1e-3
BEHIND = 1e3
"""Cost of a point behind the camera."""
DEPTH_SOFTNESS = 1.5
"""Standard deviations at which the cost of depth bends."""
MIN_INFORMATION = 1e-9


class TrackObservations(NamedTuple):
    """Where M observations of P points lie in images."""

    start: np.ndarray
    """(P + 1,) int64: observations start[p] to start[p + 1] are of point p."""
    image: np.ndarray
    """(M,) int64 image of each observation."""
    pixel: np.ndarray
    """(M, 2) float64 u, v."""
    log_depth: np.ndarray
    """(M,) float64 logarithm of the expected depth in metres."""
    share: np.ndarray
    """(M,) float64 weight of the expected depth, 0 where it is unknown."""


class ErrorModel(NamedTuple):
    """The camera and how far observations scatter."""

    pinhole: np.ndarray
    """(4,) float64: fx, fy, cx, cy in pixels."""
    sigmas: np.ndarray
    """(2,) float64 standard deviations of pixels and of the logarithm of expected depth."""
    softness: float
    """Standard deviations of pixels at which Cauchy's cost bends."""


class ImageEquations(NamedTuple):
    """Normal equations of K images, the points eliminated, in B blocks of pairs that share a point."""

    block_of: np.ndarray
    """(K, K) int64 place of each pair of images in `blocks`, -1 for pairs that share no point."""
    blocks: np.ndarray
    """(B, 6, 6) float64."""
    gradient: np.ndarray
    """(K, 6) float64."""
    diagonal: np.ndarray
    """(K, 6) float64 diagonal before elimination."""


class PointEquations(NamedTuple):
    """What brings P eliminated points back."""

    cross: np.ndarray
    """(M, 6, 3) float64 between image and point of each observation."""
    inverse: np.ndarray
    """(P, 3, 3) float64 inverse of each point's own block."""
    gradient: np.ndarray
    """(P, 3) float64."""


class LinearisedObservation(NamedTuple):
    """One observation's derivatives, residuals and weights, float64."""

    J: np.ndarray
    """(3, 9) d (u, v, log z) / d (xi, X)."""
    r: np.ndarray
    """(3,) residuals of u, v, log z."""
    w: np.ndarray
    """(3,) weights."""


@ordered_kernel
def linearise(observations, T_cam_world, X, model, damping, images, points):
    """Normal equations of one pass over all points, the points eliminated.

    observations: TrackObservations of points X (P, 3) float64, world, metres, in images at T_cam_world (K, 3, 4)
    float64; model: ErrorModel; damping: share added to the points' diagonal. Fills images, ImageEquations, and points,
    PointEquations. Returns the cost.
    """
    start = observations.start
    images.blocks[:] = 0
    images.gradient[:] = 0
    images.diagonal[:] = 0
    seen = LinearisedObservation(np.zeros((3, 9)), np.zeros(3), np.empty(3))
    H = np.empty((3, 3))
    total = 0.0
    for p in range(len(start) - 1):
        H[:] = 0
        points.gradient[p] = 0
        for m in range(start[p], start[p + 1]):
            total += residual(observations, m, T_cam_world, X, p, model, seen)
            add_observation(seen, observations.image[m], m, p, images, points, H)
        for a in range(3):
            H[a, a] += damping * H[a, a] + MIN_INFORMATION
        invert(H, points.inverse, p)
        eliminate(observations, p, images, points)
    mirror(images)
    return total


@ordered_kernel
def moved_points(observations, points, step, X, moved):
    """Where points go when the images move: fills moved (P, 3) float64, world, metres.

    observations and points (PointEquations) as `linearise` has left them at X (P, 3); step (K, 6) float64 of images.
    """
    start, image = observations.start, observations.image
    cross, inverse, point_gradient = points
    pull = np.empty(3)
    for p in range(len(start) - 1):
        for k in range(3):
            pull[k] = point_gradient[p, k]
        for m in range(start[p], start[p + 1]):
            for c in range(3):
                for a in range(6):
                    pull[c] += cross[m, a, c] * step[image[m], a]
        for c in range(3):
            moved[p, c] = X[p, c]
            for d in range(3):
                moved[p, c] -= inverse[p, c, d] * pull[d]


@ordered_inline
def residual(observations, m, T, X, p, model, seen):
    """Fills `seen`, LinearisedObservation, from observation m of point p. Returns the cost."""
    _, image, pixel, log_depth, share = observations
    pinhole, sigmas, softness = model
    J, r, w = seen
    k = image[m]
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
def add_observation(seen, k, m, p, images, points, H):
    """J'WJ and J'Wr of observation m, by image k of point p, in their places."""
    J, r, w = seen
    block_of, blocks, gradient, diagonal = images
    cross, _, point_gradient = points
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
def eliminate(observations, p, images, points):
    """Subtract C H^-1 C' and C H^-1 g of point p from the equations of the images that see it (Schur complement); of
    two blocks that mirror each other, from one alone."""
    start, image = observations.start, observations.image
    block_of, blocks, gradient, _ = images
    cross, inverse, point_gradient = points
    share = np.empty((6, 3))
    for m in range(start[p], start[p + 1]):
        k = image[m]
        for a in range(6):
            for c in range(3):
                share[a, c] = (cross[m, a, 0] * inverse[p, 0, c] + cross[m, a, 1] * inverse[p, 1, c]
                               + cross[m, a, 2] * inverse[p, 2, c])
                gradient[k, a] -= share[a, c] * point_gradient[p, c]
        for n in range(m, start[p + 1]):
            block = block_of[k, image[n]]
            for a in range(6):
                for b in range(6):
                    blocks[block, a, b] -= (share[a, 0] * cross[n, b, 0] + share[a, 1] * cross[n, b, 1]
                                            + share[a, 2] * cross[n, b, 2])


@ordered_inline
def mirror(images):
    """Give two blocks of the same two images the sum of both, the one transposed."""
    block_of, blocks, _, _ = images
    for k in range(len(block_of)):
        for j in range(k):
            below, above = block_of[k, j], block_of[j, k]
            if below >= 0:
                for a in range(6):
                    for b in range(6):
                        blocks[below, a, b] += blocks[above, b, a]
                        blocks[above, b, a] = blocks[below, a, b]
