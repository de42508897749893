"""How large a map is, from a board of known size in it.

The map says where the camera was, the images where the board's corners are. The similarity that brings the board into
the map follows by least squares over the reprojected corners, and its scale is the map's. (Poses of the camera from the
board alone would not do: how a small board is tilted, and so from where it is seen, is hard to tell.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from calib.geometry import se3, sim3
from slam.mapping.keyframes import Keyframes
from slam.robust import robust_std

if TYPE_CHECKING:
    from slam.scale.board_sightings import Sighting

MIN_DEPTH_M = 1e-3


@dataclass(frozen=True)
class BoardScaleConfig:
    max_turn_rad: float = 0.35
    """Between the board in the map as two keyframes see it; it is twice what a small board's tilt may be wrong by."""
    corner_px: float = 1.5
    """Corners that are farther off count less (soft L1)."""
    min_error_px: float = 0.5
    """All corners of a keyframe are off by so much together, at least, because the map's motions are."""
    max_log_std: float = 0.1
    """A scale that is less sure is none: the camera has hardly moved."""
    max_views: int = 60
    """Evenly chosen among more."""
    growths: tuple[float, ...] = tuple(np.geomspace(0.25, 4, 13))
    """Where to start from."""


class Corners(NamedTuple):
    """All that were seen; M of them."""

    p_board_m: np.ndarray
    """(M, 3)"""
    pixels: np.ndarray
    """(M, 2)"""
    P_world: np.ndarray
    """(M, 3, 4) projections of the keyframes, world to pixels."""

    def off_px(self, S_world_board: np.ndarray) -> np.ndarray:
        """-> (2 M,)"""
        projection = self.P_world @ S_world_board
        p = np.einsum("nij,nj->ni", projection[..., :3], self.p_board_m) + projection[..., 3]
        return (p[:, :2] / np.maximum(p[:, 2:], MIN_DEPTH_M) - self.pixels).ravel()


def board_growth(sightings: list[Sighting], keyframes: Keyframes,
                 config: BoardScaleConfig) -> tuple[float, float] | None:
    """[slam.board_sightings.Sighting] -> (log of the factor that makes the map as large as the board says, its standard
    deviation), or None where keyframes do not tell. In the submap that shows the board most often."""
    submaps = keyframes.submap[[sighting.row for sighting in sightings]] if sightings else np.zeros(0, int)
    views = [sightings[k] for k in np.flatnonzero(submaps == np.bincount(submaps, minlength=1).argmax())]
    views = views[:: -(-len(views) // config.max_views) or 1]
    fits = [_fit(views, keyframes.T_world_key, meaning, config) for meaning in (views[0].meanings if views else ())]
    _, log_growth, log_std = min((fit for fit in fits if fit), default=(None, 0, np.inf))
    return (log_growth, log_std) if log_std < config.max_log_std else None


def _fit(views, T_world_key, meaning, config):
    """Bring the board into the map, if that is what the first view means -> (cost, log of growth, its standard
    deviation), or None where no other view agrees; the more views agree, the less the cost"""
    T_world_first = T_world_key[views[0].row]
    corners, count = _corners(views, T_world_key, T_world_first @ meaning.T_cam_board, config)
    if count < 2:
        return None
    starts = [T_world_first @ sim3.scaling(1 / growth) @ meaning.T_cam_board for growth in config.growths]
    start = min(starts, key=lambda S: np.abs(corners.off_px(S)).sum())
    found = least_squares(lambda zeta: corners.off_px(sim3.exp(zeta) @ start), np.zeros(7), loss="soft_l1",
                          f_scale=config.corner_px)
    S_world_board = sim3.exp(found.x) @ start
    error_px = max(config.min_error_px, robust_std(corners.off_px(S_world_board)))
    corners_per_view = len(corners.pixels) / count
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * error_px**2 * corners_per_view
    return (-count, found.cost), -float(np.log(sim3.scale_of(S_world_board))), float(np.sqrt(covariance[6, 6]))


def _corners(views, T_world_key, T_world_board, config):
    """What each view shows of the board that stands like this in the world, as far as they can -> Corners, views"""
    parts = []
    for view in views:
        T_board_cam = se3.inverse(T_world_board) @ T_world_key[view.row]
        turns_rad = [se3.rotation_angle_rad(T_board_cam @ meaning.T_cam_board) for meaning in view.meanings]
        if min(turns_rad) < config.max_turn_rad:
            P_world = view.K @ se3.inverse(T_world_key[view.row])[:3]
            corners_m = view.meanings[int(np.argmin(turns_rad))].corners_m
            parts.append((corners_m, view.corners_px, np.broadcast_to(P_world, (len(corners_m), 3, 4))))
    return Corners(*map(np.concatenate, zip(*parts))), len(parts)
