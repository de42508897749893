"""What a collection of views still lacks, in words that tell what to do."""

from collections.abc import Sequence

import numpy as np

from calib.boards.solution import BoardSolution
from calib.boards.views import BoardView

MIN_VIEWS = 10
MIN_TILT_DEG = 15.0
MIN_TILTED_VIEWS = 2
"""Views that must lean by MIN_TILT_DEG to either side, and as many to the top or the bottom."""
REGIONS = ("upper left", "upper middle", "upper right", "left", "centre", "right", "lower left", "lower middle",
           "lower right")
MIN_CORNERS = 5
"""Corners in each region of the image."""
MAX_EMPTY = 2
"""Of the four outermost regions, which a board that must be whole hardly reaches: there the lens is extrapolated."""
MAX_FOCAL_STD = 0.01
"""Largest standard deviation of the focal length, as a share of it."""
MAX_RMS = 1 / 500
"""Largest error of corners, root mean square, as a share of the longer side of the image."""


def coverage(views: Sequence[BoardView], size: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """Corners counted on a grid (rows, columns) over images of (height, width)."""
    corners_px = np.concatenate([view.corners_px for view in views]) if views else np.empty((0, 2))
    span = [(-0.5, size[0] - 0.5), (-0.5, size[1] - 0.5)]
    return np.histogram2d(corners_px[:, 1], corners_px[:, 0], cells, span)[0].astype(int)


def missing_views(views: Sequence[BoardView], size: tuple[int, int]) -> list[str]:
    """Reasons why these views are not enough to begin with, none if they are."""
    reasons = []
    if len(views) < MIN_VIEWS:
        reasons.append(f"{MIN_VIEWS - len(views)} more different views")
    empty = empty_regions(views, size)
    if len(empty) > MAX_EMPTY or any(" " not in name or "middle" in name for name in empty):
        reasons.append(f"views with the board in the {', '.join(empty)} of the image")
    return reasons


def empty_regions(views: Sequence[BoardView], size: tuple[int, int]) -> list[str]:
    """Names of the ninths of the image that hardly any corner lies in."""
    counts = coverage(views, size, (3, 3)).ravel() if len(views) else np.zeros(9)
    return [name for name, count in zip(REGIONS, counts) if count < MIN_CORNERS]


def missing_tilts(tilts_deg: np.ndarray) -> list[str]:
    """Tilts (V, 2) of the views -> reasons why the board has not leaned enough, none if it has.

    A board that always faces the camera does not tell the focal length, since being larger and being nearer look alike.
    """
    leaning = (np.abs(tilts_deg) >= MIN_TILT_DEG).sum(0)
    return [f"views in which the board leans {way} by 20 to 40 degrees"
            for way, count in zip(("to the left or right", "towards you at its top or bottom"), leaning)
            if count < MIN_TILTED_VIEWS]


def doubts(solution: BoardSolution, size: tuple[int, int]) -> list[str]:
    """Reasons not to believe a solution; none where it is good."""
    reasons, camera = missing_tilts(solution.tilts_deg), solution.camera
    if solution.rms_px > MAX_RMS * max(size):
        reasons.append(f"a better fit: corners are {solution.rms_px:.2f} pixels off, as on a bent board or through "
                       f"another kind of lens (--lens)")
    if solution.focal_std_px and solution.focal_std_px > MAX_FOCAL_STD * camera.focal_px:
        reasons.append(f"a surer focal length than {camera.focal_px:.0f} +- {solution.focal_std_px:.0f} pixels: more "
                       f"views, nearer and leaning more")
    return reasons
