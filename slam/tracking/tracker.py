"""Direct alignment of the live image to a keyframe, coarse to fine (Kerl 2013, Engel 2017)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry import se3
from slam.kernels.alignment import ROWS, UNKNOWNS, LiveImage, Residuals, linearise, residuals
from slam.robust import robust_std
from slam.tracking.gauss_newton import GaussNewtonConfig, NormalEquations, minimise

if TYPE_CHECKING:
    from slam.mapping.keyframes import Keyframe
    from slam.tracking.pyramid import Pyramid

MAX_LOG_GAIN = 2.0
"""Bound on the log of the exposure ratio. Where images have nothing in common the gain would collapse towards zero."""


@dataclass(frozen=True)
class TrackerConfig:
    """Settings of Tracker."""

    solver: GaussNewtonConfig = field(default_factory=GaussNewtonConfig)
    """Minimisation at each pyramid level."""
    min_sigma: float = 1.5 / 255
    """Floor of the standard deviation of intensity, which is in [0, 1]: sensor noise and rounding."""
    min_sigma_per_m: float = 1e-3
    """Floor of the standard deviation of inverse depth, 1/m."""
    geometric_weight: float = 1.0
    """Weight of measured depth against intensity. Above 1 for sensors, since whole regions share one error of intensity
    (rolling shutter, reflections, colour and depth a pixel apart)."""
    samples: int = 2000
    """Residuals, about, from which their scale and the images' correlation are estimated."""
    min_overlap: float = 0.25
    """Share of the keyframe's points that must project into the live image."""
    min_correlation: float = 0.3
    """Correlation of intensities, live to keyframe, at the solution: the gain alone would make any two images fit."""
    max_log_gain: float = 1.5
    """Log of the exposure ratio to the keyframe, at most."""
    max_std: float = 0.02
    """Standard deviation of the pose, at most, in radians and in median depths."""


class TrackingResult(NamedTuple):
    """Alignment of a live image to a keyframe."""

    T_cam_key: np.ndarray
    """(4, 4) pose of the keyframe in the live camera's frame."""
    affine: tuple[float, float]
    """Log gain and bias that bring the keyframe's intensities to the live image's."""
    converged: bool
    """Whether the pose is to be believed."""
    iterations: tuple[int, ...]
    """Iterations per level, coarsest first."""
    overlap: float
    """Share of the keyframe's points that project into the live image."""
    inlier_share: float
    """Share of the points in view whose photometric residual is no outlier."""
    correlation: float
    """Pearson's correlation of the intensities, live to keyframe."""
    cost: float
    """Mean robust cost per residual at the finest level."""
    information: np.ndarray
    """(6, 6) of the pose, affine brightness marginalised."""
    stop_reason: str
    """GaussNewtonResult.stop_reason, or why not to believe it: `little_overlap`, `unlike_images`, `undetermined`."""


class _State(NamedTuple):
    T: np.ndarray
    affine: np.ndarray


class Tracker:
    """Aligns images to keyframes."""

    def __init__(self, config: TrackerConfig):
        self.config = config

    def track(self, pyramid: Pyramid, keyframe: Keyframe, T_cam_key: np.ndarray,
              affine: tuple[float, float] = (0.0, 0.0)) -> TrackingResult:
        """Align from T_cam_key (4, 4) and `affine`, log gain and bias. On failure the result has not `converged`."""
        state = _State(T_cam_key, np.asarray(affine, np.float64))
        iterations = []
        for level, points in reversed(list(zip(pyramid.levels, keyframe.points))):
            problem = _Alignment(level, points, self._scales(level, points, state))
            solution = minimise(problem.equations, _retract, state, self.config.solver)
            state = solution.state  # as it was, where a coarse level of a plain view has too few points
            iterations.append(solution.iterations)
        seen, inliers = problem.seen
        live, photometric, _ = self._sample(level, points, state)
        result = TrackingResult(
            se3.orthonormalised(state.T), tuple(state.affine), True, tuple(iterations), seen / max(points.shape[1], 1),
            inliers / max(seen, 1), _correlation(live, live - photometric), solution.equations.cost,
            _marginal(solution.equations.information), solution.stop_reason)
        failure = self._failure(result, keyframe)
        return result._replace(converged=False, stop_reason=failure) if failure else result

    def _failure(self, result, keyframe):
        """The reason not to believe this pose, or None."""
        c = self.config
        if result.stop_reason in ("too_few_residuals", "singular"):
            return result.stop_reason
        if result.overlap < c.min_overlap:
            return "little_overlap"
        if abs(result.affine[0]) > c.max_log_gain or result.correlation < c.min_correlation:
            return "unlike_images"
        std = pose_std(result.information) / [keyframe.median_depth_m, 1.0]
        return None if std.max() < c.max_std else "undetermined"

    def _scales(self, level, points, state):
        """Robust standard deviations of the photometric and the geometric residuals."""
        _, photometric, geometric = self._sample(level, points, state)
        return (_spread(photometric, self.config.min_sigma),
                _spread(geometric, self.config.min_sigma_per_m) / self.config.geometric_weight**0.5)

    def _sample(self, level, points, state):
        """Live intensities, photometric and geometric residuals of some of the points."""
        sample = np.ascontiguousarray(points[:, :: max(1, points.shape[1] // self.config.samples)])
        out = Residuals(*np.empty((3, sample.shape[1]), np.float32))
        seen, seen_depth = residuals(sample, _live_image(level), state.T[:3].astype(np.float32), state.affine, out)
        return out.live[:seen], out.photometric[:seen], out.geometric[:seen_depth]


class _Alignment:
    """The least-squares problem of one pyramid level."""

    def __init__(self, level, points, scales):
        self.live, self.points, self.scales = _live_image(level), points, np.array(scales)
        self.seen = (0, 0)

    def equations(self, state):
        """_State -> NormalEquations"""
        products = np.empty((ROWS, ROWS))
        cost, seen, inliers, seen_depth, _ = linearise(
            self.points, self.live, state.T[:3].astype(np.float32), state.affine, self.scales, products)
        self.seen = seen, inliers
        return NormalEquations(float(cost) / max(seen + seen_depth, 1), seen + seen_depth,
                               products[:UNKNOWNS, :UNKNOWNS], products[:UNKNOWNS, UNKNOWNS])


def _live_image(level):
    return LiveImage(level.texture, level.inverse_depth, level.camera.pinhole, level.edge_ratio, level.usable)


def _retract(state, dx):
    log_gain = min(max(state.affine[0] + dx[6], -MAX_LOG_GAIN), MAX_LOG_GAIN)
    return _State(se3.exp(dx[:6]) @ state.T, np.array([log_gain, state.affine[1] + dx[7]]))


def _spread(values, floor):
    return max(robust_std(values), floor) if len(values) else floor


def _correlation(a, b):
    """Pearson's, 0 where one of them is constant."""
    a, b = a - a.mean(dtype=np.float64) if len(a) else a, b - b.mean(dtype=np.float64) if len(b) else b
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm > 1e-9 else 0.0


def pose_std(information: np.ndarray) -> np.ndarray:
    """Information (6, 6) -> (2,) largest standard deviations of translation in metres and rotation in radians"""
    values, vectors = np.linalg.eigh(information)
    covariance = (vectors / np.maximum(values, 1e-12)) @ vectors.T
    return np.sqrt([np.linalg.eigvalsh(covariance[i:i + 3, i:i + 3])[-1] for i in (0, 3)])


def _marginal(information):
    """Information (8, 8) of pose and affine brightness -> (6, 6) of the pose alone, by the Schur complement."""
    A, B, C = information[:6, :6], information[:6, 6:], information[6:, 6:]
    return A - B @ np.linalg.solve(C + 1e-12 * np.eye(2), B.T)
