"""Keyframes that show a calibration board, and the poses that it may have in them."""

from typing import NamedTuple

import cv2
import numpy as np

from calib.boards.board import Board
from calib.geometry import se3
from calib.geometry.camera import Camera

MAX_COLUMNS = 1280
"""Width beyond which an image is averaged down before the board is searched in it."""
MAX_ERROR_PX = 1.5
"""RMS reprojection error of one image's corners; a board that is bent, or another than configured, fits worse."""


class BoardPose(NamedTuple):
    """A pose that the board may have in an image."""

    T_cam_board: np.ndarray
    """(4, 4), metres"""
    corners_m: np.ndarray
    """(N, 3) corners on the board, from its middle, in the order of Sighting.corners_px."""


class Sighting(NamedTuple):
    """A keyframe that shows the board."""

    row: int
    """The keyframe's row."""
    K: np.ndarray
    """(3, 3) intrinsics of the image."""
    corners_px: np.ndarray
    """(N, 2) u, v"""
    candidates: list[BoardPose]
    """Several: two poses of a flat board look almost alike, and a chessboard looks the same after half a turn."""


class BoardSightings:
    """Searches keyframes for the board."""

    def __init__(self, board: Board, square_m: float):
        """board: with squares of square_m metres."""
        self.board = board
        self.corners_m = (board.points - np.array([*board.squares, 0]) / 2) * square_m
        self.found: list[Sighting] = []

    def look(self, rgb: np.ndarray, camera: Camera, row: int) -> None:
        """Search the image (H, W, 3) uint8 of keyframe `row`, taken with a pinhole `camera`."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        if camera.width > MAX_COLUMNS:
            size = round(camera.height * MAX_COLUMNS / camera.width), MAX_COLUMNS
            gray, camera = cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA), camera.resized(size)
        corners = self.board.find(gray)
        if corners is None:
            return
        ids, corners_px = corners
        candidates = list(self._candidates(ids, corners_px, camera.K))
        if candidates:
            self.found.append(Sighting(row, camera.K, corners_px.astype(np.float64), candidates))

    def _candidates(self, ids, corners_px, K):
        """Poses of the board by its flat corners (Collins and Bartoli 2014), where the reprojection error is small."""
        corners_m = self.corners_m[ids]
        _, rotations, shifts, errors_px = cv2.solvePnPGeneric(corners_m, corners_px, K, None, flags=cv2.SOLVEPNP_IPPE)
        for rotation, shift, error_px in zip(rotations, shifts, np.ravel(errors_px)):
            T_cam_board = np.eye(4)
            T_cam_board[:3, :3], T_cam_board[:3, 3] = cv2.Rodrigues(rotation)[0], np.ravel(shift)
            if error_px < MAX_ERROR_PX:
                for turn in self._symmetries():
                    yield BoardPose(T_cam_board @ turn, corners_m @ turn[:3, :3])

    def _symmetries(self):
        """Rotations of the board (4, 4) that leave its corners alike; colours of the squares are not compared."""
        columns, rows = self.board.squares
        quarters = (0,) if self.board.dictionary else range(0, 4, 1 if columns == rows else 2)
        return [se3.exp(np.array([0, 0, 0, 0, 0, quarter * np.pi / 2])) for quarter in quarters]
