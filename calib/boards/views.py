"""Which of many pictures of a board are used: sharp ones, each of them different."""

from typing import NamedTuple

import cv2
import numpy as np

from calib.boards.board import Board
from calib.boards.grids import AprilGrid, CircleGrid

AnyBoard = Board | AprilGrid | CircleGrid

MAX_EDGE_WIDTH_PX = 5.0
"""Edges this wide, in an image of up to USUAL_WIDTH_PX columns, are blurred. The sharpest are 2 pixels wide."""
USUAL_WIDTH_PX = 1280
SIMILAR = 0.04
"""Views whose corners lie this share of the image's longer side apart, on average, count as one."""
MAX_VIEWS = 50
WINDOW_PX = 11
NO_BOARD, BLURRED = "without the board", "blurred"
MAX_NAMED = 12
"""Lost images whose names are said."""


class BoardView(NamedTuple):
    """A board in one image."""

    name: str
    ids: np.ndarray
    """(N,) indices of the corners."""
    corners_px: np.ndarray
    """(N, 2) float32."""
    edge_px: float
    """Width of the edges at the corners."""


class ViewCollection:
    """Feed it images; `views` are those worth keeping."""

    def __init__(self, board: AnyBoard):
        self.board = board
        self.views: list[BoardView] = []
        self.size: tuple[int, int] = 0, 0
        """(height, width) of the images, zeros before the first."""
        self.looked_at = 0
        self.lost: dict[str, list[str]] = {}
        """Why images are no views -> their names."""
        self.example: np.ndarray | None = None
        """(H, W, 3) uint8: the image in which the board was largest."""
        self._similar, self._largest = SIMILAR, 0.0

    def add(self, name: str, rgb: np.ndarray) -> None:
        """(H, W, 3) uint8."""
        self.size = rgb.shape[0], rgb.shape[1]
        self.looked_at += 1
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        found = self.board.find(gray)
        if found is None:
            self.lost.setdefault(NO_BOARD, []).append(name)
            return
        ids, corners_px = found
        view = BoardView(name, ids, corners_px, edge_width_px(gray, corners_px) if self.board.has_edges else 0.0)
        if view.edge_px > MAX_EDGE_WIDTH_PX * max(1.0, self.size[1] / USUAL_WIDTH_PX):
            self.lost.setdefault(BLURRED, []).append(name)
            return
        area = cv2.contourArea(cv2.convexHull(view.corners_px))
        if area > self._largest:
            self._largest, self.example = area, rgb
        self._offer(view)
        while len(self.views) > MAX_VIEWS:
            self._thin()

    def describe(self) -> str:
        counts = [f"{len(self.lost.get(reason, []))} {reason}" for reason in (NO_BOARD, BLURRED)]
        return f"{len(self.views)} different views of {self.looked_at} images ({', '.join(counts)})"

    def describe_lost(self) -> list[str]:
        """Which images were lost, a line for each reason."""
        return [f"{reason}: {', '.join(names[:MAX_NAMED])}" + (f" and {len(names) - MAX_NAMED} more"
                                                              if len(names) > MAX_NAMED else "")
                for reason, names in self.lost.items()]

    def _offer(self, view):
        """Keep a view that is like no other, or sharper than the one that it is like."""
        gaps = [_distance_px(view, other) for other in self.views]
        if not gaps or min(gaps) > self._similar * max(self.size):
            self.views.append(view)
        elif view.edge_px < self.views[nearest := int(np.argmin(gaps))].edge_px:
            self.views[nearest] = view

    def _thin(self):
        """Ask for larger differences from now on."""
        self._similar *= 1.2
        views, self.views = self.views, []
        for view in views:
            self._offer(view)


def edge_width_px(gray: np.ndarray, corners_px: np.ndarray) -> float:
    """Median width of the edges around the corners: the span of intensities over their steepest slope."""
    smooth = gray.astype(np.float32)
    slope = np.hypot(*(cv2.Sobel(smooth, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1))))
    window = np.ones((WINDOW_PX, WINDOW_PX), np.uint8)
    u, v = np.clip(np.rint(corners_px).astype(int).T, 0, np.array(gray.shape[::-1])[:, None] - 1)
    span = (cv2.dilate(smooth, window) - cv2.erode(smooth, window))[v, u]
    return float(np.median(span / np.maximum(cv2.dilate(slope, window)[v, u], 1e-6)))


def _distance_px(view, other):
    """Mean distance of the corners that both views show; infinite where those are few."""
    _, i, j = np.intersect1d(view.ids, other.ids, assume_unique=True, return_indices=True)
    if len(i) < 0.7 * max(len(view.ids), len(other.ids)):
        return np.inf
    return float(np.linalg.norm(view.corners_px[i] - other.corners_px[j], axis=1).mean())
