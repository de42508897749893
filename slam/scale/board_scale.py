"""Scale of a map from a calibration board of known size in it.

The similarity from the board to the map is fitted by least squares to the reprojected corners of all keyframes, with
the map's poses; its scale is the map's. (Poses from the board alone are too inaccurate: a small board hardly determines
its tilt.)
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares

from calib.boards.board import Board
from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.robust import robust_std
from slam.scale.board_sightings import BoardSightings, Sighting
from slam.scale.cue import ScaleEstimate

MIN_DEPTH_M = 1e-3


@dataclass(frozen=True)
class BoardScaleConfig:
    """Settings of board_growth."""

    max_turn_rad: float = 0.35
    """Angle between the board's orientations in the map, as two keyframes see it, up to which the two agree: twice the
    error of a small board's tilt."""
    corner_px: float = 1.5
    """Reprojection error beyond which corners count less (soft L1)."""
    min_error_px: float = 0.5
    """Floor of the error that all corners of a keyframe share, from the map's poses."""
    max_log_std: float = 0.1
    """Standard deviation of the log scale beyond which there is no result: the camera has hardly moved."""
    max_views: int = 60
    """Keyframes that are used at most, evenly chosen."""
    growths: tuple[float, ...] = tuple(np.geomspace(0.25, 4, 13))
    """Factors on the map's size from which the fit may start."""


class Corners(NamedTuple):
    """All M corners that keyframes show."""

    p_board_m: np.ndarray
    """(M, 3) on the board"""
    pixels: np.ndarray
    """(M, 2) u, v"""
    P_world: np.ndarray
    """(M, 3, 4) projection matrices of the keyframes, world to pixels."""

    def errors_px(self, S_world_board: np.ndarray) -> np.ndarray:
        """Similarity (4, 4) -> (2 M,) reprojection errors along u and v"""
        projection = self.P_world @ S_world_board
        p = np.einsum("nij,nj->ni", projection[..., :3], self.p_board_m) + projection[..., 3]
        return (p[:, :2] / np.maximum(p[:, 2:], MIN_DEPTH_M) - self.pixels).ravel()


class BoardCue:
    """A calibration board of known size that keyframes show."""

    lack = "no two keyframes show the board from different places"

    def __init__(self, board: Board, square_m: float, config: BoardScaleConfig):
        self.sightings, self.config = BoardSightings(board, square_m), config

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        """Search the full-size image for the board."""
        self.sightings.look(frame.rgb, camera.resized(frame.rgb.shape[:2]), row)

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        found = board_growth(self.sightings.found, keyframes, self.config)
        return ScaleEstimate(float(np.exp(found[0])), found[1]) if found else None


def board_growth(sightings: list[Sighting], keyframes: Keyframes,
                 config: BoardScaleConfig) -> tuple[float, float] | None:
    """Sightings of the board -> (log of the factor by which the map is too small, its standard deviation), or None

    The submap that shows the board most often decides."""
    submaps = keyframes.submap[[sighting.row for sighting in sightings]] if sightings else np.zeros(0, int)
    views = [sightings[k] for k in np.flatnonzero(submaps == np.bincount(submaps, minlength=1).argmax())]
    views = views[:: -(-len(views) // config.max_views) or 1]
    fits = [_fit(views, keyframes.T_world_key, candidate, config)
            for candidate in (views[0].candidates if views else ())]
    _, log_growth, log_std = min((fit for fit in fits if fit), default=(None, 0, np.inf))
    return (log_growth, log_std) if log_std < config.max_log_std else None


def _fit(views, T_world_key, candidate, config):
    """Fit the board in the map, from one candidate for its pose in the first view -> (cost, log of growth, its standard
    deviation), or None where no other view agrees; the more views agree, the lower the cost"""
    T_world_first = T_world_key[views[0].row]
    corners, count = _corners(views, T_world_key, T_world_first @ candidate.T_cam_board, config)
    if count < 2:
        return None
    starts = [T_world_first @ sim3.scaling(1 / growth) @ candidate.T_cam_board for growth in config.growths]
    start = min(starts, key=lambda S: np.abs(corners.errors_px(S)).sum())
    found = least_squares(lambda zeta: corners.errors_px(sim3.exp(zeta) @ start), np.zeros(7), loss="soft_l1",
                          f_scale=config.corner_px)
    S_world_board = sim3.exp(found.x) @ start
    error_px = max(config.min_error_px, robust_std(corners.errors_px(S_world_board)))
    corners_per_view = len(corners.pixels) / count
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * error_px**2 * corners_per_view
    return (-count, found.cost), -float(np.log(sim3.scale_of(S_world_board))), float(np.sqrt(covariance[6, 6]))


def _corners(views, T_world_key, T_world_board, config):
    """Corners of the views in which the board may have this pose in the world -> Corners, number of these views"""
    parts = []
    for view in views:
        T_board_cam = se3.inverse(T_world_board) @ T_world_key[view.row]
        turns_rad = [se3.rotation_angle_rad(T_board_cam @ candidate.T_cam_board) for candidate in view.candidates]
        if min(turns_rad) < config.max_turn_rad:
            P_world = view.K @ se3.inverse(T_world_key[view.row])[:3]
            corners_m = view.candidates[int(np.argmin(turns_rad))].corners_m
            parts.append((corners_m, view.corners_px, np.broadcast_to(P_world, (len(corners_m), 3, 4))))
    return Corners(*map(np.concatenate, zip(*parts))), len(parts)
