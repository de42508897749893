"""Bundle adjustment of all keyframes and the points of feature tracks by reprojection errors (Triggs 1999)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import bsr_array, coo_array, csc_array
from scipy.sparse.linalg import LinearOperator, SuperLU, cg, splu

from calib.geometry import sim3
from calib.geometry.camera import Camera
from slam.global_adjustment.odometry_prior import OdometryPrior
from slam.kernels.reprojection_bundle import (
    ErrorModel,
    ImageEquations,
    PointEquations,
    TrackObservations,
    linearise,
    moved_points,
)
from slam.kernels.settled_points import settle_points

if TYPE_CHECKING:
    from slam.global_adjustment.feature_tracks import PointTracks

MIN_SHARE = 1e-9
"""Share of the largest diagonal entry that is added to all, so that undetermined unknowns stay."""
MAX_RESIDUAL, MIN_RESIDUAL = 1e-3, 1e-7
"""Of the equations of one step, as a share of their right side."""
RESIDUAL_SHARE = 0.01
"""Of the last step's relative decrease of the cost, that the residual of the next one may have between these two. The
last steps need small ones, or the weakest directions, along which a long walk bends, stay behind."""
SETTLINGS = 3
"""Times that points settle before the first step: they come from keyframes' depth, and are far off."""
DENSE_SHARE = 0.2
"""Of entries that are not zero, from which factors are dense."""
MAX_CONJUGATE_STEPS = 40
"""Beyond which new factors take less time."""


@dataclass(frozen=True)
class ReprojectionBundleConfig:
    """Settings of ReprojectionBundle."""

    sigma_px: float = 0.5
    """Standard deviation of a feature's position, pixels."""
    softness: tuple[float, float] = (6.0, 2.0)
    """Widths of Cauchy's cost, in standard deviations, one minimisation after the other: the first brings in points
    that are far off, the next removes outliers."""
    widest: float = 20.0
    """Width of one more minimisation before these, where much is further off. Where all fits already, it would follow
    outliers alone."""
    max_far: float = 0.1
    """Share of observations that may be further off than the first of `softness` without that."""
    scale_log_std: float = 0.12
    """Standard deviation of the log of one keyframe's expected scale; all its points together are one vote for it."""
    depth_log_std: float = 0.3
    """Standard deviation of the log of one point's expected depth."""
    max_iterations: int = 30
    """Steps of each minimisation, at most."""
    min_decrease: float = 1e-4
    """Share of the cost below which a decrease ends a minimisation."""
    initial_damping: float = 1e-5
    """Levenberg-Marquardt factor on the diagonal at the start."""
    max_damping: float = 1e4
    """Levenberg-Marquardt factor beyond which a minimisation ends."""


class ReprojectionState(NamedTuple):
    """Unknowns."""

    T_cam_world: np.ndarray
    """(K, 4, 4)"""
    points: np.ndarray
    """(P, 3) in the world, metres"""


class ReprojectionBundle:
    """The least-squares problem of K keyframes, their P points and M observations."""

    def __init__(self, camera: Camera, tracks: PointTracks, expected_depth_m: np.ndarray, is_fixed: np.ndarray,
                 config: ReprojectionBundleConfig, odometry: OdometryPrior | None = None):
        """expected_depth_m (M,) of the observations, 0 where unknown; is_fixed (K,) bool: keyframes that are fixed, for
        the gauge or because they see nothing; odometry: what else is known of their poses."""
        self.config, self.tracks, self.odometry = config, tracks, odometry
        self.free = np.flatnonzero(~is_fixed)
        self.pinhole = np.array(camera.pinhole, np.float64)
        is_known = expected_depth_m > 0
        share = (config.depth_log_std / config.scale_log_std) ** 2 / np.bincount(tracks.image)[tracks.image]
        self.observations = TrackObservations(
            np.flatnonzero(np.diff(tracks.point, prepend=-1, append=-1)), tracks.image, tracks.pixel,
            np.log(np.where(is_known, expected_depth_m, 1)), share * is_known)
        self.image_count = len(is_fixed)
        self.block_row, self.block_column, self.block_of = self._pairs()
        self.factors: SuperLU | DenseFactors | None = None
        """Of the matrix of an earlier step."""

    def minimise(self, state: ReprojectionState) -> tuple[ReprojectionState, np.ndarray]:
        """-> ReprojectionState at the minimum, and the reprojection errors (M,) in pixels there"""
        for _, reached in self.steps(state):
            state = reached
        return state, self.errors_px(state)

    def steps(self, state: ReprojectionState) -> Iterator[tuple[float, ReprojectionState]]:
        """Levenberg-Marquardt, one step at a time -> share of the work that is done, at least, and state"""
        c = self.config
        state = self._begun(state)
        is_far = np.mean(self.errors_px(state) > c.softness[0] * c.sigma_px) > c.max_far
        widths = (c.widest, *c.softness) if is_far else c.softness
        for number, softness in enumerate(widths):
            damping, residual = c.initial_damping, MAX_RESIDUAL
            for iteration in range(c.max_iterations):
                candidate, cost = self._step(state, softness, damping, residual)
                decrease = cost - self._settle(candidate, state.points, softness)
                share = decrease / cost if cost else 0.0
                residual = min(max(RESIDUAL_SHARE * share, MIN_RESIDUAL), MAX_RESIDUAL)
                if decrease > 0:
                    state, damping = candidate, 0.2 * damping
                else:
                    damping *= 10
                yield (number + iteration / c.max_iterations) / len(widths), state
                if 0 < decrease < c.min_decrease * cost or damping > c.max_damping:
                    break

    def errors_px(self, state: ReprojectionState) -> np.ndarray:
        """-> (M,) reprojection errors in pixels, infinite behind the camera"""
        T = state.T_cam_world[self.tracks.image]
        p_cam = np.einsum("nij,nj->ni", T[:, :3, :3], state.points[self.tracks.point]) + T[:, :3, 3]
        z = np.maximum(p_cam[:, 2:], 1e-3)
        error = np.linalg.norm(p_cam[:, :2] / z * self.pinhole[:2] + self.pinhole[2:] - self.tracks.pixel, axis=1)
        return np.where(p_cam[:, 2] > 1e-3, error, np.inf)

    def _pairs(self):
        """Pairs of keyframes that share a point, and each with itself, sorted -> row (B,), column (B,), index of each
        pair (K, K), -1 for others"""
        K, tracks = self.image_count, self.tracks
        seen = coo_array((np.ones(len(tracks.image), np.int32), (tracks.image, tracks.point)),
                         shape=(K, len(self.observations.start) - 1)).tocsr()
        shares = (seen @ seen.T).toarray() > 0
        np.fill_diagonal(shares, True)
        if self.odometry:
            shares[self.odometry.first, self.odometry.second] = shares[self.odometry.second, self.odometry.first] = True
        row, column = np.nonzero(shares)
        place = np.full(shares.shape, -1)
        place[row, column] = np.arange(len(row))
        return row, column, place

    def _arguments(self, state, softness):
        c = self.config
        return (self.observations, np.ascontiguousarray(state.T_cam_world[:, :3]), state.points,
                ErrorModel(self.pinhole, np.array([c.sigma_px, c.depth_log_std]), softness))

    def _begun(self, state):
        """-> ReprojectionState with points that fit the images as they are"""
        state = state._replace(points=state.points.copy())
        for _ in range(SETTLINGS):
            self._settle(state, state.points.copy(), self.config.widest)
        return state

    def _settle(self, state, points_before, softness):
        """Bring the points of a state to where they fit its images -> the cost there"""
        observations, T_cam_world, points, model = self._arguments(state, softness)
        cost = settle_points(observations, T_cam_world, points_before, model, points)
        return cost + (self.odometry.cost(state.T_cam_world) if self.odometry else 0.0)

    def _step(self, state, softness, damping, residual):
        """-> ReprojectionState after one step, and the cost at `state`"""
        M, P, K = len(self.tracks.image), len(state.points), self.image_count
        images = ImageEquations(self.block_of, np.empty((len(self.block_row), 6, 6)), np.empty((K, 6)),
                                np.empty((K, 6)))
        equations = PointEquations(np.empty((M, 6, 3)), np.empty((P, 3, 3)), np.empty((P, 3)))
        cost = linearise(*self._arguments(state, softness), damping, images, equations)
        own = self.block_of[np.arange(K), np.arange(K)]
        images.blocks[own[:, None], np.arange(6), np.arange(6)] += (damping * images.diagonal
                                                                    + MIN_SHARE * images.diagonal.max())
        if self.odometry:
            self.odometry.add_to(images.blocks, images.gradient, self.block_of, state.T_cam_world)
            cost += self.odometry.cost(state.T_cam_world)
        step = np.zeros((K, 6))
        step[self.free] = -self._solve(images.blocks, images.gradient, residual)
        points = np.empty_like(state.points)
        moved_points(self.observations, equations, step, state.points, points)
        moved = sim3.exp(np.pad(step, ((0, 0), (0, 1)))) @ state.T_cam_world
        return ReprojectionState(moved, points), cost

    def _solve(self, blocks, gradient, residual):
        """-> (number of free keyframes, 6)

        By conjugate gradients, preconditioned with the factors of an earlier step's matrix, which has changed little:
        at 1,000 keyframes a factorisation takes as long as fifty iterations. Where these do not get there, by factors
        of this one."""
        K = self.image_count
        ends = np.searchsorted(self.block_row, np.arange(K + 1))
        S = bsr_array((blocks, self.block_column, ends), shape=(6 * K, 6 * K))
        free = (6 * self.free[:, None] + np.arange(6)).ravel()
        right = gradient[self.free].ravel()
        if self.factors:
            solution, steps_short = self._iterated(S, free, right, self.factors, residual)
            if not steps_short:
                return solution.reshape(-1, 6)
        self.factors = factors = factorised(S.tocsc()[:, free][free])
        return factors.solve(right).reshape(-1, 6)

    def _iterated(self, S, free, right, factors, residual):
        """-> (6 * number of free keyframes,), and 0 if it converged"""
        whole = np.zeros(S.shape[0])

        def times(x):
            whole[free] = x
            return (S @ whole)[free]

        def operator(function):
            return LinearOperator((len(free), len(free)), function)

        return cg(operator(times), right, rtol=residual, atol=0.0, maxiter=MAX_CONJUGATE_STEPS,
                  M=operator(factors.solve))


class DenseFactors:
    """Cholesky factors of a symmetric positive matrix, with the face of SuperLU."""

    def __init__(self, S: np.ndarray) -> None:
        """S (n, n) is overwritten."""
        self.lower = cho_factor(S, lower=True, overwrite_a=True, check_finite=False)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """right (n,) -> x (n,) with S x = right"""
        return cho_solve(self.lower, right, check_finite=False)


def factorised(S: csc_array) -> SuperLU | DenseFactors:
    """Factors of a symmetric positive matrix: of one room, where each keyframe shares points with most others, sparse
    ones would be as full as dense ones, and take ten times as long."""
    if S.nnz > DENSE_SHARE * (len(S.indptr) - 1) ** 2:
        return DenseFactors(S.toarray(order="F"))
    return splu(S, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
