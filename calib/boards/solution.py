"""The camera that explains a collection of views (Zhang 2000, as OpenCV has it)."""

from dataclasses import dataclass

import cv2
import numpy as np

from calib.base.errors import CalibrationError
from calib.boards.views import AnyBoard, BoardView
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from calib.geometry.rectification import Rectifier

LENSES = {"brown": "Brown-Conrady, 5 coefficients", "rational": "Brown-Conrady, 8 coefficients, for wide lenses",
          "fisheye": "Kannala-Brandt, for lenses of more than 120 degrees"}
OUTLIER = 3.0
"""A view is left out if its error exceeds the median view's by this factor, and OUTLIER_PX."""
OUTLIER_PX = 0.5
"""No view with a smaller error is left out."""
FISHEYE_STEPS = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-9
UNKNOWN = np.empty((0, 0))
"""For OpenCV: an intrinsic matrix or lens that is to be estimated from nothing."""


@dataclass(frozen=True)
class BoardSolution:
    """What calibrating found."""

    camera: Camera
    views: list[BoardView]
    """The views that were used."""
    errors_px: np.ndarray
    """(V,) root mean square error of each view."""
    outliers: list[tuple[BoardView, float]]
    """Views that were left out, and their errors in pixels."""
    tilts_deg: np.ndarray
    """(V, 2) by how much the board leans away from the image plane: to the right and downwards."""
    focal_std_px: float | None
    """Standard deviation of the focal length, where OpenCV tells it."""

    @property
    def rms_px(self) -> float:
        counts = [len(view.ids) for view in self.views]
        return float(np.sqrt(np.average(np.square(self.errors_px), weights=counts)))


def solve(board: AnyBoard, views: list[BoardView], size: tuple[int, int], lens: str = "brown") -> BoardSolution:
    """Views of a board in images of (height, width) -> BoardSolution.

    Raises CalibrationError where there is none, or none that holds in the whole image.
    """
    solution = _without_outliers(board, views, size, lens)
    Rectifier(solution.camera)
    return solution


def _without_outliers(board, views, size, lens):
    first = _solve_once(board, views, size, lens)
    limit = max(OUTLIER_PX, OUTLIER * float(np.median(first.errors_px)))
    kept = [view for view, error_px in zip(views, first.errors_px) if error_px <= limit]
    if len(kept) == len(views):
        return first
    outliers = [(view, float(error)) for view, error in zip(views, first.errors_px) if error > limit]
    second = _solve_once(board, kept, size, lens)
    return BoardSolution(second.camera, kept, second.errors_px, outliers, second.tilts_deg, second.focal_std_px)


def _solve_once(board, views, size, lens):
    points = [board.points[view.ids] for view in views]
    corners = [view.corners_px for view in views]
    try:
        run = _fisheye if lens == "fisheye" else _brown
        K, distortion, turns, shifts, focal_std_px = run(points, corners, size[::-1], lens)
        model = "fisheye" if lens == "fisheye" else "pinhole"
        fx, fy, cx, cy = K[[0, 1, 0, 1], [0, 1, 2, 2]].tolist()
        camera = Camera(size[1], size[0], fx, fy, cx, cy, tuple(distortion.tolist()), model)
    except (cv2.error, CalibrationError) as error:
        raise CalibrationError("no camera explains these views: is the board flat, are its squares counted right, and "
                               "does it lean in several directions?") from error
    rotations = [cv2.Rodrigues(turn)[0] for turn in turns]
    errors_px = [_rms_px(camera, xyz @ R.T + t.ravel(), uv)
                 for xyz, uv, R, t in zip(points, corners, rotations, shifts)]
    normals = np.array([R[:, 2] for R in rotations])
    return BoardSolution(camera, views, np.array(errors_px), [], np.degrees(np.arcsin(normals[:, :2])), focal_std_px)


def _brown(points, corners, size, lens):
    flags = cv2.CALIB_RATIONAL_MODEL if lens == "rational" else 0
    _, K, distortion, turns, shifts, std, _, _ = cv2.calibrateCameraExtended(points, corners, size, UNKNOWN, UNKNOWN,
                                                                             flags=flags)
    count = 8 if lens == "rational" else 5
    return K, distortion.ravel()[:count], turns, shifts, float(np.mean(std.ravel()[:2]))


def _fisheye(points, corners, size, _):
    points = [xyz[None].astype(np.float64) for xyz in points]
    corners = [uv[None].astype(np.float64) for uv in corners]
    flags = cv2.CALIB_RECOMPUTE_EXTRINSIC | cv2.CALIB_FIX_SKEW
    _, K, distortion, turns, shifts = cv2.fisheye.calibrate(points, corners, size, UNKNOWN, UNKNOWN, flags=flags,
                                                            criteria=FISHEYE_STEPS)
    return K, distortion.ravel(), turns, shifts, None


def _rms_px(camera, p_cam, corners_px):
    if np.any(p_cam[:, 2] <= 0):
        raise CalibrationError("no camera explains these views: in one of them the board lies behind it")
    gaps = to_pixels(camera, p_cam[:, :2] / p_cam[:, 2:]) - corners_px
    return float(np.sqrt(np.square(gaps).sum(1).mean()))
