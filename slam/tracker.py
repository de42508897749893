"""Where the camera is now: direct alignment of the live image to a keyframe, coarse to fine."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calib import se3
from slam.gauss_newton import GaussNewtonConfig, NormalEquations, minimise
from slam.kernels.alignment import ROWS, UNKNOWNS, linearise, residuals


@dataclass(frozen=True)
class TrackerConfig:
    solver: GaussNewtonConfig = field(default_factory=GaussNewtonConfig)
    min_sigma: float = 1.5 / 255
    """Floor of the photometric standard deviation: sensor noise and rounding."""
    min_sigma_per_m: float = 1e-3
    """Floor of the standard deviation of inverse depth, 1/m."""
    geometric_weight: float = 1.0
    """Weight of measured depth against intensity. Above 1, since errors of intensity are shared by whole regions
    (rolling shutter, reflections, colour and depth a pixel apart) and count less than their number suggests."""
    scale_samples: int = 2000
    """Residuals from which their scale is estimated at each level."""


class TrackingResult(NamedTuple):
    T_cam_key: np.ndarray
    affine: tuple[float, float]
    """Log gain and bias that bring the keyframe's intensities to the live image's."""
    converged: bool
    iterations: tuple[int, ...]
    """Per level, coarsest first."""
    overlap: float
    """Share of the keyframe's points that land in the live image."""
    inlier_share: float
    """Share of those whose photometric residual is not cut off."""
    cost: float
    information: np.ndarray
    """(6, 6) of the motion, affine brightness marginalised."""
    stop_reason: str


class _State(NamedTuple):
    T: np.ndarray
    affine: np.ndarray


class Tracker:
    def __init__(self, config):
        self.config = config

    def track(self, pyramid, keyframe, T_cam_key, affine=(0.0, 0.0)):
        state = _State(T_cam_key, np.asarray(affine, np.float64))
        iterations = []
        for level, points in reversed(list(zip(pyramid.levels, keyframe.points))):
            problem = _Alignment(level, points, self._scales(level, points, state))
            solution = minimise(problem.equations, _retract, state, self.config.solver)
            state = solution.state
            iterations.append(solution.iterations)
            if solution.stop_reason in ("too_few_residuals", "singular"):
                break
        converged = solution.stop_reason not in ("too_few_residuals", "singular")
        seen, inliers = problem.seen
        return TrackingResult(
            se3.orthonormalised(state.T), tuple(state.affine), converged, tuple(iterations),
            seen / max(points.shape[1], 1), inliers / max(seen, 1), solution.equations.cost,
            _marginal(solution.equations.information), solution.stop_reason)

    def _scales(self, level, points, state):
        """Robust standard deviations of both kinds of residuals (median absolute deviation)."""
        sample = np.ascontiguousarray(points[:, :: max(1, points.shape[1] // self.config.scale_samples)])
        photometric = np.empty(sample.shape[1], np.float32)
        geometric = np.empty(sample.shape[1], np.float32)
        seen, seen_depth = residuals(sample, level.texture, level.inverse_depth, level.camera.pinhole,
                                     state.T[:3].astype(np.float32), state.affine, level.edge_ratio,
                                     photometric, geometric)
        return (_spread(photometric[:seen], self.config.min_sigma),
                _spread(geometric[:seen_depth], self.config.min_sigma_per_m) / self.config.geometric_weight**0.5)


class _Alignment:
    """The least-squares problem of one level."""

    def __init__(self, level, points, scales):
        self.level, self.points, self.scales = level, points, np.array(scales)
        self.seen = (0, 0)

    def equations(self, state):
        products = np.empty((ROWS, ROWS))
        cost, seen, inliers, seen_depth, _ = linearise(
            self.points, self.level.texture, self.level.inverse_depth, self.level.camera.pinhole,
            state.T[:3].astype(np.float32), state.affine, self.scales, self.level.edge_ratio, products)
        self.seen = seen, inliers
        return NormalEquations(cost / max(seen + seen_depth, 1), seen + seen_depth,
                               products[:UNKNOWNS, :UNKNOWNS], products[:UNKNOWNS, UNKNOWNS])


def _retract(state, dx):
    return _State(se3.exp(dx[:6]) @ state.T, state.affine + dx[6:])


def _spread(values, floor):
    return max(1.4826 * float(np.median(np.abs(values))), floor) if len(values) else floor


def _marginal(information):
    """(8, 8) -> (6, 6): what is known of the motion when the affine brightness is unknown."""
    A, B, C = information[:6, :6], information[:6, 6:], information[6:, 6:]
    return A - B @ np.linalg.solve(C + 1e-12 * np.eye(2), B.T)
