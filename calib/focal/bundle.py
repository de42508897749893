"""Bundle adjustment with an unknown lens (Triggs 1999), small enough for some dozens of keyframes."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from scipy.spatial.transform import Rotation

from calib.focal.lens import LENS, project

HUBER = 1.5
"""Standard deviations beyond which an observation counts less."""
BEHIND = 1.0
"""Error of a point behind the camera, in image widths."""
FIRST_DAMPING = 1e-3
MAX_TRIALS = 8
FLOOR = 1e-9
"""Added to the damped diagonals, for what no observation says anything about."""


class Scene(NamedTuple):
    """Cameras (K), points (P) and the lens."""

    R: np.ndarray
    """(K, 3, 3) world to camera."""
    t: np.ndarray
    """(K, 3)"""
    X: np.ndarray
    """(P, 4) homogeneous, of unit norm."""
    lens: np.ndarray
    """(L,), see LENS."""


class Observations(NamedTuple):
    """Where points were seen, N times in all, ordered by keyframe. Lengths in image widths from the middle."""

    key: np.ndarray
    point: np.ndarray
    uv: np.ndarray
    sheared: np.ndarray
    """(N, 2), see lens.project."""

    def select(self, chosen: np.ndarray) -> "Observations":
        return Observations(*(column[chosen] for column in self))


@dataclass(frozen=True)
class Settings:
    """What is adjusted, how far the lens is known before, and when to stop."""

    free_lens: tuple[str, ...] = ()
    """Names from LENS of the parameters that may change."""
    prior_mean: tuple[float, ...] = (0.0,) * len(LENS)
    prior_std: tuple[float, ...] = (np.inf,) * len(LENS)
    sigma: float = 1 / 640
    """Standard deviation of the observations."""
    independent: float = 1.0
    """Share of the observations that counts: errors of one track, or of one image, are much alike."""
    fixed_keys: int = 1
    """The first keyframes, which do not move."""
    steps: int = 30
    good_enough: float = 1e-4
    """Stop when a step lowers the cost by less than this share."""


class _Equations(NamedTuple):
    """J^T W J and J^T W r: A of cameras and lens (C), V of points, W between them."""

    A: np.ndarray
    V: np.ndarray
    W: np.ndarray
    a: np.ndarray
    v: np.ndarray
    basis: np.ndarray
    """(P, 4, 3) in which points move."""


class FocalBundle:
    """One bundle adjustment of cameras, points and lens; `scene` is its state."""

    def __init__(self, scene: Scene, seen: Observations, settings: Settings):
        self.scene, self.seen, self.settings = scene, seen, settings
        keys_free = np.arange(len(scene.t)) >= settings.fixed_keys
        self.free = np.concatenate([keys_free.repeat(6), np.isin(LENS, settings.free_lens)])
        self.starts = np.flatnonzero(np.diff(seen.key, prepend=-1))
        self.prior = np.array(settings.prior_mean), 1 / np.square(settings.prior_std)
        self.damping = FIRST_DAMPING
        self.cost = self._cost(scene)

    def run(self) -> Self:
        """Levenberg-Marquardt until it hardly improves -> self."""
        for _ in range(self.settings.steps):
            before = self.cost
            if not self._step() or before - self.cost < self.settings.good_enough * before:
                break
        return self

    def errors(self, scene: Scene | None = None) -> np.ndarray:
        """(N,) distances between where points are seen and where they should be, in image widths."""
        scene, seen = scene or self.scene, self.seen
        view = project(scene.R[seen.key], scene.t[seen.key], scene.X[seen.point], scene.lens, seen.sheared)
        distance = np.linalg.norm(view.uv - seen.uv, axis=1)
        return np.where(view.depth > 0, distance, BEHIND)

    def depths(self) -> np.ndarray:
        """(N,) along the optical axis, in units of the scene; of points beyond infinity, as noise makes them of far
        ones, as if they lay before it."""
        (R, t, X, _), seen = self.scene, self.seen
        X = X[seen.point]
        depth = np.einsum("ni,ni->n", R[seen.key, 2], X[:, :3]) + t[seen.key, 2] * X[:, 3]
        return depth / np.maximum(np.abs(X[:, 3]), FLOOR)

    def lens_covariance(self) -> np.ndarray:
        """(F, F) of the free lens parameters while everything else is unknown."""
        equations = self._equations()
        loose = 1e-12 * np.trace(equations.V, axis1=1, axis2=2) + FLOOR
        information, _ = _reduced(equations, np.linalg.inv(equations.V + loose[:, None, None] * np.eye(3)))
        information = information[np.ix_(self.free, self.free)]
        lens = len(self.settings.free_lens)
        P, Q, S = information[:-lens, :-lens], information[:-lens, -lens:], information[-lens:, -lens:]
        return np.linalg.inv(S - Q.T @ np.linalg.lstsq(P, Q, rcond=1e-12)[0])

    def _cost(self, scene):
        e = self.errors(scene) / self.settings.sigma
        robust = np.where(e < HUBER, 0.5 * e * e, HUBER * (e - 0.5 * HUBER))
        return self.settings.independent * robust.sum() + 0.5 * self.prior[1] @ np.square(scene.lens - self.prior[0])

    def _step(self):
        """Whether the scene could be improved."""
        equations = self._equations()
        for _ in range(MAX_TRIALS):
            scene = self._moved(equations)
            cost = self._cost(scene)
            if cost < self.cost:
                self.scene, self.cost = scene, cost
                self.damping = max(self.damping / 5, 1e-9)
                return True
            self.damping *= 6
        return False

    def _equations(self):
        (R, t, X, lens), seen = self.scene, self.seen
        view = project(R[seen.key], t[seen.key], X[seen.point], lens, seen.sheared, derivatives=True)
        residual = view.uv - seen.uv
        e = np.linalg.norm(residual, axis=1) / self.settings.sigma
        weight = self.settings.independent**0.5 / self.settings.sigma * np.sqrt(HUBER / np.maximum(e, HUBER))
        weight = np.where(view.depth > 0, weight, 0)[:, None, None]
        basis = _tangents(X)
        J_pose, J_lens = weight * view.duv_dpose, weight * view.duv_dlens
        J_point, r = weight * view.duv_dpoint @ basis[seen.point], weight * residual[:, :, None]
        keys, points, n = len(t), len(X), 6 * len(t)
        A, a = np.zeros((n + len(LENS),) * 2), np.zeros(n + len(LENS))
        blocks = np.add.reduceat(_transposed(J_pose) @ np.concatenate([J_pose, J_lens, r], 2), self.starts)
        for key, block in zip(seen.key[self.starts], blocks):
            rows = slice(6 * key, 6 * key + 6)
            A[rows, rows], A[rows, n:], a[rows] = block[:, :6], block[:, 6:-1], block[:, -1]
        A[n:, :n] = A[:n, n:].T
        flat = J_lens.reshape(-1, len(LENS))
        A[n:, n:] = flat.T @ flat + np.diag(self.prior[1])
        a[n:] = flat.T @ r.ravel() + self.prior[1] * (lens - self.prior[0])
        products = _transposed(J_point) @ np.concatenate([J_point, r, J_lens], 2)
        sums = _sums(products.reshape(len(e), -1), seen.point, points).reshape(points, 3, -1)
        W = np.zeros((points, 3, n + len(LENS)))
        W[:, :, :n].reshape(points, 3, keys, 6)[seen.point, :, seen.key] = _transposed(J_point) @ J_pose
        W[:, :, n:] = sums[:, :, 4:]
        return _Equations(A, sums[:, :, :3], W, a, sums[:, :, 3], basis)

    def _moved(self, equations):
        """The scene after a damped step."""
        V = equations.V + (self.damping * np.einsum("pii->pi", equations.V) + FLOOR)[:, :, None] * np.eye(3)
        V_inverse = np.linalg.inv(V)
        S, s = _reduced(equations, V_inverse)
        S[np.diag_indices_from(S)] += self.damping * np.diag(equations.A) + FLOOR
        step = np.zeros(len(s))
        step[self.free] = -np.linalg.solve(S[np.ix_(self.free, self.free)], s[self.free])
        points = -np.einsum("pij,pj->pi", V_inverse, equations.v + equations.W @ step)
        v_omega = step[:-len(LENS)].reshape(-1, 6)
        X = self.scene.X + np.einsum("pij,pj->pi", equations.basis, points)
        return Scene(Rotation.from_rotvec(v_omega[:, 3:]).as_matrix() @ self.scene.R, self.scene.t + v_omega[:, :3],
                     X / np.linalg.norm(X, axis=1, keepdims=True), self.scene.lens + step[-len(LENS):])


def _reduced(equations, V_inverse):
    """Schur complement: what is left for cameras and lens when each point goes where it fits best."""
    count = len(equations.a)
    VW, W = (V_inverse @ equations.W).reshape(-1, count), equations.W.reshape(-1, count)
    return equations.A - W.T @ VW, equations.a - VW.T @ equations.v.ravel()


def _tangents(X):
    """(P, 4) unit vectors -> (P, 4, 3): bases of what is orthogonal to them, by a Householder reflection."""
    normal = X + np.where(X[:, 3:] >= 0, 1.0, -1.0) * [0, 0, 0, 1]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return (np.eye(4) - 2 * normal[:, :, None] * normal[:, None, :])[:, :, :3]


def _sums(rows, group, count):
    """(N, M) -> (count, M): the sum of rows of each group."""
    order = np.argsort(group, kind="stable")
    sums, present = np.zeros((count, rows.shape[1])), np.flatnonzero(np.diff(group[order], prepend=-1))
    sums[group[order][present]] = np.add.reduceat(rows[order], present)
    return sums


def _transposed(J):
    return np.swapaxes(J, 1, 2)
