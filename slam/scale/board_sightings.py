"""Where keyframes show a board of known size."""

from typing import NamedTuple

import cv2
import numpy as np

from calib.boards.board import Board
from calib.geometry import se3
from calib.geometry.camera import Camera

MAX_COLUMNS = 1280
"""Larger images are averaged down before a board is looked for in them."""
MAX_ERROR_PX = 1.5
"""Root mean square over the corners of one image; a board that is bent, or not the one that was said, fits worse."""


class Meaning(NamedTuple):
    """What corners in an image may mean."""

    T_cam_board: np.ndarray
    """(4, 4), metres"""
    corners_m: np.ndarray
    """(N, 3) on the board, from its middle."""


class Sighting(NamedTuple):
    row: int
    """The keyframe."""
    K: np.ndarray
    """(3, 3) of the image."""
    corners_px: np.ndarray
    """(N, 2)"""
    meanings: list[Meaning]
    """A flat board is seen almost alike from two sides, and a chessboard looks the same after half a turn."""


class BoardSightings:
    def __init__(self, board: Board, square_m: float):
        """board: calib.boards.board.Board, with squares of this size."""
        self.board = board
        self.corners_m = (board.points - np.array([*board.squares, 0]) / 2) * square_m
        self.found = []

    def look(self, rgb: np.ndarray, camera: Camera, row: int) -> None:
        """rgb (H, W, 3) uint8 of keyframe `row`, taken with a pinhole `camera`."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        if camera.width > MAX_COLUMNS:
            size = round(camera.height * MAX_COLUMNS / camera.width), MAX_COLUMNS
            gray, camera = cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA), camera.resized(size)
        corners = self.board.find(gray)
        if corners is None:
            return
        ids, corners_px = corners
        meanings = list(self._meanings(ids, corners_px, camera.K))
        if meanings:
            self.found.append(Sighting(row, camera.K, corners_px.astype(np.float64), meanings))

    def _meanings(self, ids, corners_px, K):
        """Poses of the board by its flat corners (Collins and Bartoli 2014), as far as these fit it."""
        corners_m = self.corners_m[ids]
        _, rotations, shifts, errors_px = cv2.solvePnPGeneric(corners_m, corners_px, K, None, flags=cv2.SOLVEPNP_IPPE)
        for rotation, shift, error_px in zip(rotations, shifts, np.ravel(errors_px)):
            T_cam_board = np.eye(4)
            T_cam_board[:3, :3], T_cam_board[:3, 3] = cv2.Rodrigues(rotation)[0], np.ravel(shift)
            if error_px < MAX_ERROR_PX:
                for turn in self._same_looks():
                    yield Meaning(T_cam_board @ turn, corners_m @ turn[:3, :3])

    def _same_looks(self):
        """Turns of the board (4, 4) after which it looks the same, to one who finds corners but not colours."""
        columns, rows = self.board.squares
        quarters = (0,) if self.board.dictionary else range(0, 4, 1 if columns == rows else 2)
        return [se3.exp(np.array([0, 0, 0, 0, 0, quarter * np.pi / 2])) for quarter in quarters]
