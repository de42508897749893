"""Loop verification: whether two keyframes show one place, and the similarity between them.

Direct alignment must succeed in both directions, and depth must agree. A look-alike may pass one of these tests, hardly
all of them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from slam.mapping.keyframes import Keyframe
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from slam.tracking.tracker import Tracker


@dataclass(frozen=True)
class VerificationConfig:
    """Settings of LoopVerifier."""

    min_correlation: float = 0.6
    """Correlation of intensities, at least, in each direction."""
    min_overlap: float = 0.3
    """Share of each keyframe's points that the other must see."""
    max_correction: float = 0.2
    """How far direct alignment may move a guess by features, in median depths and in radians."""
    max_disagreement: float = 0.03
    """Difference between the two directions, at most, in median depths and in radians."""
    max_log_scale: float = 0.05
    """Log ratio of the two keyframes' scales, at most; for measured depth, that of its noise."""
    depth_tolerance: float = 0.06
    """Relative difference up to which two depths, brought to one scale, agree."""
    min_agreement: float = 0.6
    """Share of pixels with depth in both keyframes that must agree."""
    depth_step: int = 4
    """Step of the grid of pixels whose depth is compared."""


class SamePlace(NamedTuple):
    """A verified pair of keyframes a and b; figures are the lower ones of both directions."""

    S_a_b: np.ndarray
    """(4, 4) similarity from b's frame and scale to a's."""
    correlation: float
    """Correlation of intensities."""
    overlap: float
    """Share of one keyframe's points that the other sees."""
    agreement: float
    """Share of pixels whose depths agree."""


class LoopVerifier:
    """Verifies pairs of keyframes."""

    def __init__(self, camera: Camera, tracker: Tracker, level_count: int, depth_is_measured: bool,
                 config: VerificationConfig):
        """depth_is_measured: depth is metric, so the similarity between two keyframes has scale one."""
        self.camera, self.tracker, self.config = camera, tracker, config
        self.level_count, self.depth_is_measured = level_count, depth_is_measured

    def __call__(self, a: Keyframe, b: Keyframe, guesses: list[np.ndarray],
                 prediction: np.ndarray | None = None) -> SamePlace | None:
        """Keyframes a and b -> SamePlace, or None where a test fails

        guesses: T_a_b by features; prediction: T_a_b by the map's poses.
        """
        there = self._aligned(a, b, guesses, prediction)
        if there is None:
            return None
        forward, agreement_there = self._with_scale(a, b, there.T_cam_key)
        if forward is None:
            return None
        # translation of the inverse, in the scale of a's depth
        start = se3.inverse(there.T_cam_key)
        start[:3, 3] *= sim3.scale_of(forward)
        back = self._aligned(b, a, [start], None)
        if back is None:
            return None
        backward, agreement_back = self._with_scale(b, a, back.T_cam_key)
        if backward is None:
            return None
        difference = sim3.log(forward @ backward)
        if not self._is_small(difference, a.median_depth_m, self.config.max_disagreement):
            return None
        return SamePlace(sim3.exp(-difference / 2) @ forward, min(there.correlation, back.correlation),
                         min(there.overlap, back.overlap), min(agreement_there, agreement_back))

    def _aligned(self, live, key, guesses, prediction):
        """Best acceptable direct alignment of the image of keyframe `live` to `key` -> TrackingResult or None"""
        pyramid = self._pyramid(live)
        results = []
        for guess in guesses:
            tracked = self.tracker.track(pyramid, key, guess)
            moved = se3.log(tracked.T_cam_key @ se3.inverse(guess))
            if self._is_small(moved, key.median_depth_m, self.config.max_correction):
                results.append(tracked)
        if prediction is not None:
            results.append(self.tracker.track(pyramid, key, prediction))
        good = [r for r in results if r.converged and r.correlation >= self.config.min_correlation
                and r.overlap >= self.config.min_overlap]
        return max(good, key=lambda result: result.correlation, default=None)

    def _pyramid(self, keyframe):
        geometry = keyframe.inverse_depth if self.depth_is_measured else NO_DEPTH
        return build_pyramid(keyframe.gray_u8 * np.float32(1 / 255), geometry, self.camera, self.level_count,
                             keyframe.usable)

    def _with_scale(self, a, b, T_a_b):
        """T_a_b in the scale of b's depth -> (S_a_b, share of depths that agree), (None, 0) where too few agree"""
        log_ratio = depth_log_ratio(a.inverse_depth, b.inverse_depth, T_a_b, self.camera, self.config.depth_step)
        if len(log_ratio) < self.config.min_overlap * a.inverse_depth[::self.config.depth_step,
                                                                    ::self.config.depth_step].size / 2:
            return None, 0.0
        log_scale = float(np.median(log_ratio))
        agreement = float(np.mean(np.abs(log_ratio - log_scale) < self.config.depth_tolerance))
        if abs(log_scale) > self.config.max_log_scale or agreement < self.config.min_agreement:
            return None, 0.0
        scale = 1.0 if self.depth_is_measured else np.exp(log_scale)
        return sim3.scaling(scale) @ T_a_b, agreement

    @staticmethod
    def _is_small(zeta, depth_m, limit):
        return max(np.linalg.norm(zeta[:3]) / depth_m, np.linalg.norm(zeta[3:6])) <= limit


def depth_log_ratio(inverse_depth_a: np.ndarray, inverse_depth_b: np.ndarray, T_a_b: np.ndarray, camera: Camera,
                    step: int) -> np.ndarray:
    """Log ratio (N,) of a's depth to b's depth transformed into a, where a has depth, on a grid of b's pixels"""
    rho = inverse_depth_b[::step, ::step]
    known = rho > 0
    points = camera.rays()[::step, ::step][known] / rho[known][:, None] @ T_a_b[:3, :3].T + T_a_b[:3, 3]
    points = points[points[:, 2] > 0.05]
    u, v = np.round(camera.project(points)).astype(int).T
    inside = (u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height)
    product = inverse_depth_a[v[inside], u[inside]] * points[inside, 2]
    return -np.log(product[product > 0])
