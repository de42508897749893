"""Sliding window of the last keyframes and their points: located in each other's images, then adjusted jointly."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.photometric_bundle import UNSEEN, WindowImages, search
from slam.keyframe_depth.photometric_bundle import BundleConfig, BundleState, PhotometricBundle, Prior, patches_of
from slam.tracking.pyramid import Pyramid

BORDER = 5
"""Pixels at the image edge where a pattern does not fit."""
MIN_GRADIENT = 4 / 255
"""Intensity per pixel, in [0, 1], that a point needs."""


@dataclass(frozen=True)
class WindowConfig:
    """Settings of Window."""

    frames: int = 7
    """Keyframes in the window."""
    fixed: int = 2
    """Oldest keyframes of a full window, in number, whose poses are fixed."""
    points: int = 200
    """New points per keyframe, about."""
    min_located: int = 150
    """Located points below which the others take part in the adjustment, too, at their prior depth."""
    levels: tuple[int, ...] = (1, 0)
    """Pyramid levels, in the order in which they are adjusted."""
    tries: int = 3
    """Keyframes, from its own on, with which a point is searched; one not located by then rarely is later."""
    search_log_range: float = 0.5
    """Range of the search for a point's depth around its prior, in log depth."""
    search_steps: int = 40
    """Depths that the search tries."""
    max_search_cost: float = 0.6
    """Cost of the best depth, at most."""
    uniqueness: float = 1.5
    """Cost of any other depth, at least, over that of the best."""
    bundle: BundleConfig = field(default_factory=BundleConfig)
    """The joint adjustment."""


class Points(NamedTuple):
    """N points of all keyframes of the window."""

    pixel: np.ndarray
    """(N, 2) float64 u, v at full working size."""
    host: np.ndarray
    """(N,) int64 place of the point's keyframe in the window."""
    rho: np.ndarray
    """(N,) inverse depth, 1/m."""
    prior_rho: np.ndarray
    """(N,) inverse depth by the network, 1/m."""
    prior_log_std: np.ndarray
    """(N,) standard deviation of the log of prior_rho."""
    is_located: np.ndarray
    """(N,) bool: the search in other keyframes has found the depth."""

    def chosen(self, which: np.ndarray) -> "Points":
        """Some of them: `which` as an index into (N,)."""
        return Points(*(column[which] for column in self))


class WindowFrame(NamedTuple):
    """A keyframe of the window."""

    row: int
    """The keyframe's row in Keyframes."""
    pyramid: Pyramid


class Window:
    """The last keyframes, with poses, brightness and points of their own until they are copied to the map."""

    def __init__(self, config: WindowConfig):
        self.config = config
        self.frames: list[WindowFrame] = []
        self.T_cam_world = np.zeros((0, 4, 4))
        self.affine = np.zeros((0, 2))
        self.points = Points(np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0),
                             np.zeros(0, bool))
        self.is_good = np.zeros(0, bool)
        """(N,) whether most images of a located point agreed in the last adjustment."""

    def add(self, row: int, T_world_key: np.ndarray, affine: np.ndarray, pyramid: Pyramid, inverse_depth: np.ndarray,
            log_std: np.ndarray) -> None:
        """Add a keyframe with (h, w) inverse depth and the standard deviation of its log; the oldest goes if full."""
        if len(self.frames) == self.config.frames:
            self._forget_oldest()
        self.frames.append(WindowFrame(row, pyramid))
        self.T_cam_world = np.concatenate([self.T_cam_world, se3.inverse(T_world_key)[None]])
        self.affine = np.vstack([self.affine, affine])
        u, v = spread_pixels(pyramid.levels[0].texture, inverse_depth > 0, self.config.points)
        rho = inverse_depth[v, u].astype(np.float64)
        new = Points(np.column_stack([u, v]).astype(np.float64), np.full(len(u), len(self.frames) - 1), rho, rho,
                     log_std[v, u].astype(np.float64), np.zeros(len(u), bool))
        self.points = Points(*(np.concatenate(columns) for columns in zip(self.points, new)))
        self.is_good = np.append(self.is_good, np.zeros(len(u), bool))

    def adjust(self) -> None:
        """Locate new points in the other keyframes, and adjust keyframes and points jointly."""
        if len(self.frames) < 2:
            return
        self._locate()
        take_part = self.points.is_located
        if take_part.sum() < self.config.min_located:
            take_part = np.ones_like(take_part)
        points = self.points.chosen(take_part)
        state = BundleState(self.T_cam_world, self.affine, points.rho)
        fixed_count = max(1, min(self.config.fixed, len(self.frames) - 3))
        for level in self.config.levels:
            textures, pinhole, patches = self._images(points, level)
            bundle = PhotometricBundle(textures, pinhole, patches, Prior(points.prior_rho, points.prior_log_std),
                                       fixed_count, self.config.bundle)
            state = bundle.minimise(state).state
        bundle.equations(state)  # sets the costs at the solution
        self.T_cam_world, self.affine = state.T_cam_world, state.affine
        self.points.rho[take_part] = state.rho
        self.is_good[:] = False
        self.is_good[take_part] = points.is_located & self._agrees(state.costs)

    def located(self, T_cam_world: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Good points in view of a camera at T_cam_world (4, 4) -> u, v (n,) int64 pixels, inverse depth (n,) 1/m"""
        points = self.points.chosen(self.is_good)
        rays = np.ones((len(points.rho), 3))
        rays[:, :2] = (points.pixel - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
        T = T_cam_world @ se3.inverse(self.T_cam_world[points.host])
        p_cam = np.einsum("nij,nj->ni", T[:, :3, :3], rays) + T[:, :3, 3] * points.rho[:, None]
        in_front = p_cam[:, 2] > 1e-3
        p_cam, rho = p_cam[in_front], points.rho[in_front]
        u = np.rint(camera.fx * p_cam[:, 0] / p_cam[:, 2] + camera.cx).astype(np.int64)
        v = np.rint(camera.fy * p_cam[:, 1] / p_cam[:, 2] + camera.cy).astype(np.int64)
        inside = (u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height)
        return u[inside], v[inside], (rho / p_cam[:, 2])[inside]

    def move(self, T_world_key: np.ndarray, factor: np.ndarray) -> None:
        """Take over corrected poses (K, 4, 4) of the window's keyframes, whose scales grew by `factor` (K,)."""
        self.T_cam_world = se3.inverse(T_world_key)
        self.points.rho[:] /= factor[self.points.host]
        self.points.prior_rho[:] /= factor[self.points.host]

    def _forget_oldest(self):
        kept = self.points.host > 0
        self.points, self.is_good = self.points.chosen(kept), self.is_good[kept]
        self.points.host[:] -= 1
        self.frames, self.T_cam_world, self.affine = self.frames[1:], self.T_cam_world[1:], self.affine[1:]

    def _images(self, points, level):
        levels = [frame.pyramid.levels[level] for frame in self.frames]
        textures = np.stack([level.texture for level in levels])
        patches = patches_of(points.pixel, points.host, textures, level, self.config.bundle.gradient_scale)
        return textures, np.array(levels[0].camera.pinhole, np.float64), patches

    def _locate(self):
        """Search the depth of new points around their prior in all keyframes at once; points with one clear minimum are
        located (a search along the epipolar line, as for Engel 2017's immature points)."""
        c = self.config
        is_new = self.points.host >= len(self.frames) - c.tries
        new = np.flatnonzero(is_new & ~self.points.is_located)
        points = self.points.chosen(new)
        textures, pinhole, patches = self._images(points, 0)
        pairs = BundleState(self.T_cam_world, self.affine, points.rho).pairs()
        candidates = points.rho[:, None] * np.exp(np.linspace(-c.search_log_range, c.search_log_range, c.search_steps))
        costs = np.empty(candidates.shape, np.float32)
        search(patches, WindowImages(textures, pinhole, c.bundle.sigma), pairs, candidates, costs)
        best, is_found = unique_minimum(np.where(costs == UNSEEN, np.inf, costs), c.max_search_cost, c.uniqueness)
        found = new[is_found]
        self.points.rho[found] = candidates[is_found, best[is_found]]
        self.points.is_located[found] = True

    def _agrees(self, costs):
        seen = costs != UNSEEN
        alike = seen & (costs < self.config.bundle.max_cost)
        return (alike.sum(1) >= 1) & (2 * alike.sum(1) >= seen.sum(1))


def unique_minimum(costs: np.ndarray, max_cost: float, uniqueness: float) -> tuple[np.ndarray, np.ndarray]:
    """Costs (N, C) -> (N,) index of the least, and whether it is inside the range, low, and well below all others that
    are not its neighbours"""
    best = costs.argmin(1)
    least = costs[np.arange(len(costs)), best]
    elsewhere = np.where(np.abs(np.arange(costs.shape[1]) - best[:, None]) > costs.shape[1] // 10, costs, np.inf).min(1)
    is_inside = (best > 0) & (best < costs.shape[1] - 1)
    return best, is_inside & (least < max_cost) & (elsewhere > uniqueness * least + 0.1)


def spread_pixels(texture: np.ndarray, usable: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The usable (h, w) pixel of strongest gradient in each cell of a grid, about `count` in all -> u, v (n,)"""
    height, width = usable.shape
    strength = np.where(usable, np.hypot(texture[..., 1], texture[..., 2]), 0)
    strength[:BORDER] = strength[-BORDER:] = strength[:, :BORDER] = strength[:, -BORDER:] = 0
    cell = max(2, int(np.sqrt(height * width / (1.5 * count))))
    rows, columns = height // cell, width // cell
    cells = strength[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).swapaxes(1, 2)
    cells = cells.reshape(rows, columns, -1)
    strongest = cells.max(-1)
    row, column = np.nonzero(strongest > max(MIN_GRADIENT, np.sort(strongest, axis=None)[-min(count, strongest.size)]))
    inside = cells[row, column].argmax(-1)
    return column * cell + inside % cell, row * cell + inside // cell
