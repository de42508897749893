"""Joint adjustment of keyframes and points at one pyramid level: photometric, with a prior on depth (Engel 2017)."""

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from calib.geometry import se3
from slam.kernels.photometric_bundle import (
    FRAME_UNKNOWNS,
    PATTERN,
    KeyframePairs,
    Patches,
    WindowEquations,
    WindowImages,
    eliminate,
    linearise,
)
from slam.tracking.gauss_newton import GaussNewtonConfig, GaussNewtonResult, NormalEquations, minimise

MAX_LOG_STEP = 0.35
"""Limit on one step of a point's log depth, beyond which its linearisation does not hold."""
MIN_INFORMATION = 1e-6
"""Floor of a point's information, so that it can be inverted."""


@dataclass(frozen=True)
class BundleConfig:
    """Settings of PhotometricBundle; intensities are in [0, 1]."""

    solver: GaussNewtonConfig = field(default_factory=lambda: GaussNewtonConfig(max_iterations=6, initial_damping=1e-4))
    """Minimisation at each pyramid level."""
    sigma: float = 4 / 255
    """Standard deviation of intensity, from noise, resampling and surfaces that are not matt."""
    gradient_scale: float = 10 / 255
    """Gradient, per pixel, at which a pixel counts half (Engel 2017, eq. 7): small errors of position matter there."""
    max_cost: float = 3.0
    """Mean cost of a pattern beyond which it is an outlier."""
    prior_share: float = 0.1
    """Weight of one point's prior, against an independent one: a network errs alike in whole regions."""
    prior_cut: float = 1.5
    """Standard deviations at which a prior's weight is halved (Cauchy)."""
    affine_std: tuple[float, float] = (0.06, 0.03)
    """Standard deviations of log gain and bias against the window's first keyframe."""


class Prior(NamedTuple):
    """Prior of the points' depth."""

    rho: np.ndarray
    """(N,) inverse depth, 1/m."""
    log_std: np.ndarray
    """(N,) standard deviation of its logarithm."""


class Eliminated(NamedTuple):
    """The points' part of the normal equations, from which their steps follow once the keyframes' are known."""

    information: np.ndarray
    """(N,) of each point."""
    gradient: np.ndarray
    """(N,) of each point."""
    cross: np.ndarray
    """(N, D) of each point with the keyframes' unknowns."""


@dataclass
class BundleState:
    """Unknowns of K keyframes and N points."""

    T_cam_world: np.ndarray
    """(K, 4, 4)"""
    affine: np.ndarray
    """(K, 2) log gain and bias."""
    rho: np.ndarray
    """(N,) inverse depth, 1/m."""
    eliminated: Eliminated | None = None
    """Set by PhotometricBundle.equations."""
    costs: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(N, K) mean cost of each point in each keyframe, set by PhotometricBundle.equations."""

    def pairs(self) -> KeyframePairs:
        """The keyframes against each other, as kernels take them."""
        T_j_i = self.T_cam_world[None] @ se3.inverse(self.T_cam_world)[:, None]
        gains = np.exp(self.affine[None, :, 0] - self.affine[:, None, 0])
        return KeyframePairs(np.ascontiguousarray(T_j_i[:, :, :3]), se3.adjoint(T_j_i), gains,
                             np.ascontiguousarray(self.affine[:, 1]))


def patches_of(pixels: np.ndarray, host: np.ndarray, textures: np.ndarray, level: int,
               gradient_scale: float) -> Patches:
    """Pixels (N, 2) at full size in keyframes `host` (N,), textures (K, h, w, 3) of the level -> Patches"""
    pixels = (pixels + 0.5) * 0.5**level - 0.5
    samples = np.empty((len(pixels), len(PATTERN), 3), np.float32)
    for k, texture in enumerate(textures):
        mine = np.flatnonzero(host == k)
        if len(mine):
            places = (pixels[mine, None] + PATTERN).astype(np.float32)
            samples[mine] = cv2.remap(texture, places[..., 0], places[..., 1], cv2.INTER_LINEAR,
                                      borderMode=cv2.BORDER_REPLICATE)
    squared = (samples[..., 1:].astype(np.float64) ** 2).sum(-1)
    weights = gradient_scale**2 / (gradient_scale**2 + squared)
    return Patches(pixels, host, samples[..., 0].astype(np.float64), weights)


class PhotometricBundle:
    """The least-squares problem of one pyramid level. The first `fixed_count` keyframes are fixed."""

    def __init__(self, textures: np.ndarray, pinhole: np.ndarray, patches: Patches, prior: Prior, fixed_count: int,
                 config: BundleConfig):
        self.images = WindowImages(textures, pinhole, config.sigma)
        self.patches, self.prior, self.config = patches, prior, config
        self.unknowns, self.first = FRAME_UNKNOWNS * len(textures), FRAME_UNKNOWNS * fixed_count

    def minimise(self, state: BundleState) -> GaussNewtonResult:
        """Damped Gauss-Newton from `state`; the result's `state` is a BundleState."""
        return minimise(self.equations, self.retract, state, self.config.solver)

    def equations(self, state: BundleState) -> NormalEquations:
        """Normal equations of the keyframes, points eliminated (Schur complement). Sets state.eliminated and .costs."""
        equations, total, count = self._photometric(state)
        total += self._add_prior(state.rho, equations.h_point, equations.g_point)
        total += self._add_affine_prior(state.affine, equations.H, equations.g)
        equations = equations._replace(h_point=np.maximum(equations.h_point, MIN_INFORMATION))
        state.eliminated = Eliminated(equations.h_point, equations.g_point, equations.h_cross)
        free = self.unknowns - self.first
        reduced, gradient = np.empty((free, free)), np.empty(free)
        eliminate(equations, self.first, reduced, gradient)
        return NormalEquations(total / max(count, 1), count, reduced, gradient)

    def retract(self, state: BundleState, dx: np.ndarray) -> BundleState:
        """Step dx of the free keyframes -> BundleState; the points' steps follow by back-substitution."""
        step = np.zeros(self.unknowns)
        step[self.first:] = dx
        assert state.eliminated is not None, "the state has to be linearised first"
        h, b, cross = state.eliminated
        towards = -(b + (cross * step).sum(1)) / h
        rho = state.rho + np.clip(towards / state.rho, -MAX_LOG_STEP, MAX_LOG_STEP) * state.rho
        step = step.reshape(-1, FRAME_UNKNOWNS)
        T_cam_world = np.array([se3.exp(xi) @ T for xi, T in zip(step[:, :6], state.T_cam_world)])
        return BundleState(T_cam_world, state.affine + step[:, 6:], rho)

    def _photometric(self, state):
        K, N = len(state.T_cam_world), len(state.rho)
        equations, state.costs = WindowEquations.empty(K, N), np.empty((N, K), np.float32)
        total, count = linearise(self.patches, state.rho, self.images, state.pairs(), self.config.max_cost, equations,
                                 state.costs)
        return equations, total, count

    def _add_prior(self, rho, h, b):
        """Add r = log(rho / rho_prior) / std with Cauchy's cost to the points' information and gradient -> cost"""
        c = self.config
        r = np.log(rho / self.prior.rho) / self.prior.log_std
        derivative = 1 / (rho * self.prior.log_std)
        spread = 1 + (r / c.prior_cut) ** 2
        h += c.prior_share / spread * derivative**2
        b += c.prior_share / spread * derivative * r
        return 0.5 * c.prior_share * c.prior_cut**2 * float(np.log(spread).sum())

    def _add_affine_prior(self, affine, H, g):
        r = affine / self.config.affine_std
        for kind in (0, 1):
            rows = np.arange(6 + kind, len(g), FRAME_UNKNOWNS)
            H[rows, rows] += 1 / self.config.affine_std[kind] ** 2
            g[rows] += r[:, kind] / self.config.affine_std[kind]
        return 0.5 * float((r**2).sum())
