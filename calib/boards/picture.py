"""What a calibration rests on, as a picture: the corners of all views, and what straightening makes of one."""

import cv2
import numpy as np

from calib.boards.solution import BoardSolution
from calib.boards.views import ViewCollection
from calib.geometry.rectification import Rectifier

PANEL_WIDTH_PX = 800
MAX_SHOWN_ERROR_PX = 1.0
"""Views with this error are red, those without one green."""


def coverage_picture(collection: ViewCollection, solution: BoardSolution | None = None) -> np.ndarray:
    """-> (H, W, 3) uint8 RGB. Left: every corner; next to it, where there is a solution, the undistorted view."""
    height, width = collection.size
    scale = PANEL_WIDTH_PX / width
    panels = [_corners(collection, solution, scale)]
    if solution and collection.example is not None:
        straight = Rectifier(solution.camera).image(collection.example)
        panels.append(cv2.resize(straight, (PANEL_WIDTH_PX, round(height * scale)), interpolation=cv2.INTER_AREA))
    return np.hstack(panels)


def _corners(collection, solution, scale):
    height, width = collection.size
    example = collection.example if collection.example is not None else np.zeros((height, width, 3), np.uint8)
    panel = cv2.resize(example, (PANEL_WIDTH_PX, round(height * scale)), interpolation=cv2.INTER_AREA) // 3
    errors_px = dict(zip((view.name for view in solution.views), solution.errors_px)) if solution else {}
    for view in collection.views:
        share = min(errors_px.get(view.name, 0.0 if not solution else MAX_SHOWN_ERROR_PX) / MAX_SHOWN_ERROR_PX, 1.0)
        colour = round(255 * min(1, 2 * share)), round(255 * min(1, 2 - 2 * share)), 60
        for u, v in ((view.corners_px + 0.5) * scale - 0.5).tolist():
            cv2.circle(panel, (round(u), round(v)), 3, colour, -1, cv2.LINE_AA)
    return panel
