"""Points of feature tracks where they fit best, each on its own, while the images stay (inner iterations of a bundle
adjustment: Ruhe and Wedin 1980)."""

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel
from slam.kernels.reprojection_bundle import MIN_INFORMATION, LinearisedObservation, invert, residual

STEPS = 3
"""Gauss-Newton steps of a point, at most; the next step of all images moves it anyway."""
MIN_DECREASE = 1e-3
"""Share of a point's cost below which a decrease is its last step."""
DAMPING = 1e-3
"""Share added to the diagonal, so that a point that is seen along nearly one ray stays where it is on that."""


@ordered_kernel
def settle_points(observations, T_cam_world, X, model, points):
    """Bring each point to where it fits best -> the cost of all

    points (P, 3) float64, world, metres: where each is guessed to be, changed in place; where X (P, 3), as it was
    before, costs no more than that, it starts from there. The rest as for `linearise`.
    """
    seen = LinearisedObservation(np.zeros((3, 9)), np.zeros(3), np.empty(3))
    H, gradient, inverse, trial = np.empty((3, 3)), np.empty(3), np.empty((1, 3, 3)), np.empty((1, 3))
    total = 0.0
    for p in range(len(points)):
        cost_before = equations(observations, p, T_cam_world, X, p, model, seen, H, gradient)
        cost = equations(observations, p, T_cam_world, points, p, model, seen, H, gradient)
        if not cost < cost_before:
            for a in range(3):
                points[p, a] = X[p, a]
            cost = equations(observations, p, T_cam_world, points, p, model, seen, H, gradient)
        for _ in range(STEPS):
            step_from(points, p, H, gradient, inverse, trial)
            trial_cost = equations(observations, p, T_cam_world, trial, 0, model, seen, H, gradient)
            decrease = cost - trial_cost
            if not decrease > 0:
                break
            for a in range(3):
                points[p, a] = trial[0, a]
            cost = trial_cost
            if decrease < MIN_DECREASE * cost:
                break
        total += cost
    return total


@ordered_inline
def equations(observations, p, T_cam_world, X, row, model, seen, H, gradient):
    """Fills H (3, 3) and gradient (3,) of point p where it is at X[row]. Returns its cost."""
    J, r, w = seen
    for a in range(3):
        gradient[a] = 0
        for c in range(3):
            H[a, c] = 0
    cost = 0.0
    for m in range(observations.start[p], observations.start[p + 1]):
        cost += residual(observations, m, T_cam_world, X, row, model, seen)
        for a in range(3):
            a0, a1, a2 = w[0] * J[0, 6 + a], w[1] * J[1, 6 + a], w[2] * J[2, 6 + a]
            gradient[a] += a0 * r[0] + a1 * r[1] + a2 * r[2]
            for c in range(3):
                H[a, c] += a0 * J[0, 6 + c] + a1 * J[1, 6 + c] + a2 * J[2, 6 + c]
    return cost


@ordered_inline
def step_from(points, p, H, gradient, inverse, trial):
    """Fills trial (1, 3): where a damped Gauss-Newton step takes point p."""
    for a in range(3):
        H[a, a] += DAMPING * H[a, a] + MIN_INFORMATION
    invert(H, inverse, 0)
    for a in range(3):
        trial[0, a] = points[p, a]
        for c in range(3):
            trial[0, a] -= inverse[0, a, c] * gradient[c]
