"""Depth from networks that know it up to a factor and a summand of its inverse: both found from the map.

Such networks are trained on images of all sources, whose depth has no common unit (Ranftl 2020, MiDaS; Yang 2024, Depth
Anything). The first prediction of a map stands as it is assumed to be, and fixes an arbitrary unit; each later one gets
the factor and the summand that fit it to what geometry has located.
"""

from dataclasses import dataclass

import numpy as np

from slam.robust import robust_std

ITERATIONS = 5
"""Of the reweighted least squares."""
MIN_SHARE = 0.05
"""Least inverse depth that is made, as a share of the points' median: a little summand must not put walls beyond the
sky."""
OUTLIER_STD = 2.0
"""Residuals beyond so many standard deviations weigh less (Huber)."""


@dataclass(frozen=True)
class RelativeDepthConfig:
    """Settings of fitted_to."""

    prior_std: float = 0.3
    """Standard deviation of the relative factor around one and of the relative summand around zero, against the
    assumption that the prediction starts from. Everything is relative to medians."""
    residual_std: float = 0.1
    """Standard deviation of a point's relative inverse depth from the fit, at least."""
    point_share: float = 0.1
    """Weight of one point, against an independent one: a network misjudges neighbours alike."""
    min_points: int = 30
    """Points, or pixels of the map, that a fit needs."""


def fitted_to(inverse_depth: np.ndarray, at: np.ndarray, rho: np.ndarray, config: RelativeDepthConfig) -> np.ndarray:
    """Predicted (h, w) inverse depth, 0 where unknown, with the factor and summand that bring its values `at` (n,) to
    the known ones rho (n,) -> (h, w) float32

    Robust least squares with a prior, which decides where the points lie at one depth."""
    if len(rho) < config.min_points:
        return inverse_depth
    x, y = at / np.median(at), rho / np.median(rho)
    factor, summand = _line(x, y, config)
    known = inverse_depth > 0
    fitted = (factor * inverse_depth / np.median(at) + summand) * np.median(rho)
    least = MIN_SHARE * np.median(rho)
    return np.where(known, np.maximum(fitted, least), 0).astype(np.float32)


def _line(x, y, config):
    """Factor and summand of y over x, both with median one."""
    line = np.array([1.0, 0.0])
    design = np.stack([x, np.ones(len(x))], 1)
    for _ in range(ITERATIONS):
        residual = y - design @ line
        std = max(config.residual_std, robust_std(residual))
        weights = np.minimum(1, OUTLIER_STD * std / np.maximum(np.abs(residual), 1e-9)) * config.point_share / std**2
        prior = np.eye(2) / config.prior_std**2
        line = np.linalg.solve(design.T @ (weights[:, None] * design) + prior,
                               design.T @ (weights * y) + prior @ np.array([1.0, 0.0]))
        if line[0] < 0:  # near and far are exchanged: nothing of the shape is of use
            line = np.array([0.0, 1.0])
    return line
