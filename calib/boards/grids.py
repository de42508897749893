"""Boards of other makers: AprilTag grids as Kalibr has them, and grids of circles. The same interface as Board."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from calib.base.errors import BadInputError

FAMILIES = {"36h11": cv2.aruco.DICT_APRILTAG_36h11, "25h9": cv2.aruco.DICT_APRILTAG_25h9,
            "16h5": cv2.aruco.DICT_APRILTAG_16h5}
BORDERS = (2, 1)
"""Modules of black around a tag: as Kalibr prints them, and as others do."""
MIN_TAGS = 4
REACH, REACH_PX = 0.12, (2, 8)
"""Of the window in which a corner is refined, to each side, in sides of a tag, and its limits in pixels."""
STEPS = cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-3
MAX_MISFIT = 0.1
"""Of corners against a flat grid, in sides of a tag; lens distortion bends it a little."""


@dataclass(frozen=True)
class AprilGrid:
    """Tags in (columns, rows), numbered row by row. Lengths in sides of a tag. A part of it will do.

    Which corner of a tag comes first and whether rows count upwards (Kalibr) differs between makers; what fits counts.
    """

    squares: tuple[int, int]
    """(columns, rows) of tags."""
    spacing: float = 0.3
    """Gap between tags (Kalibr's tagSpacing)."""
    family: str = "36h11"
    has_edges = True

    def __post_init__(self):
        if min(self.squares) < 2 or self.squares[0] * self.squares[1] > 500:
            raise BadInputError(f"a grid has 2 tags or more along each side, not {self.describe_size()}")
        if not 0.05 <= self.spacing <= 2:
            raise BadInputError(f"the gap between tags takes 0.05 to 2 of their side, not {self.spacing:g}")

    def describe_size(self) -> str:
        return f"{self.squares[0]}x{self.squares[1]}"

    @cached_property
    def points(self) -> np.ndarray:
        """(4N, 3) float32: upper left, upper right, lower right, lower left corner of each tag, the first row below."""
        columns, rows = self.squares
        row, column = np.mgrid[:rows, :columns]
        origin = np.stack([column, -row], -1).reshape(-1, 1, 2) * (1 + self.spacing)
        corners = origin + [[0, -1], [1, -1], [1, 0], [0, 0]]
        return np.insert(corners.reshape(-1, 2), 2, 0, axis=1).astype(np.float32)

    def find(self, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(H, W) uint8 -> indices (N,) into `points` and pixels (N, 2) float32 of the corners seen, or None."""
        for detector in self._detectors:
            corners, ids, _ = detector.detectMarkers(gray)
            tags = np.empty(0, int) if ids is None else ids.ravel()
            known = np.flatnonzero(tags < len(self.points) // 4)
            if len(known) >= MIN_TAGS:
                return self._identified(tags[known], self._refined(gray, np.array([corners[k] for k in known])))
        return None

    def _refined(self, gray, corners_px):
        """(N, 1, 4, 2) -> (N, 4, 2), by as much of the edges as there is between tags."""
        side_px = np.linalg.norm(np.diff(corners_px[:, 0], axis=1), axis=-1).min()
        reach = int(np.clip(REACH * side_px, *REACH_PX))
        corners = corners_px.reshape(-1, 1, 2).astype(np.float32)
        return cv2.cornerSubPix(gray, corners, (reach, reach), (-1, -1), STEPS).reshape(-1, 4, 2)

    def _identified(self, ids, corners_px):
        """In the one of all orders in which they lie on a flat grid; None where none does."""
        best, pair = MAX_MISFIT, None
        for tags, corners in self._orders(ids, corners_px):
            index = (4 * tags[:, None] + np.arange(4)).ravel()
            pixels = corners.reshape(-1, 2)
            H, _ = cv2.findHomography(pixels, self.points[index, :2], 0)
            if H is None:
                continue
            there = cv2.perspectiveTransform(pixels[:, None].astype(np.float64), H)[:, 0]
            misfit = float(np.median(np.linalg.norm(there - self.points[index, :2], axis=1)))
            if misfit < best:
                best, pair = misfit, (index, pixels.astype(np.float32))
        return pair

    def _orders(self, ids, corners_px) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        columns, rows = self.squares
        upside_down = (rows - 1 - ids // columns) * columns + ids % columns
        for tags in (ids, upside_down):
            for turn in range(4):
                yield tags, np.roll(corners_px, turn, axis=1)

    @cached_property
    def _detectors(self):
        detectors = []
        for border in BORDERS:
            parameters = cv2.aruco.DetectorParameters()
            parameters.markerBorderBits = border
            dictionary = cv2.aruco.getPredefinedDictionary(FAMILIES[self.family])
            detectors.append(cv2.aruco.ArucoDetector(dictionary, parameters))
        return detectors


@dataclass(frozen=True)
class CircleGrid:
    """Black circles on white in (columns, rows). Lengths in distances between neighbours, in a row of an asymmetric one
    half of it."""

    squares: tuple[int, int]
    """(columns, rows) of circles, as cv2.findCirclesGrid counts them."""
    is_asymmetric: bool = False
    """Every other row is shifted by half a distance."""
    has_edges = False

    def __post_init__(self):
        if min(self.squares) < 3 or max(self.squares) > 50:
            raise BadInputError(f"a grid has 3 to 50 circles along each side, not {self.describe_size()}")

    def describe_size(self) -> str:
        return f"{self.squares[0]}x{self.squares[1]}"

    @cached_property
    def points(self) -> np.ndarray:
        """(N, 3) float32: the centres, row by row."""
        y, x = np.mgrid[:self.squares[1], :self.squares[0]]
        x = 2 * x + y % 2 if self.is_asymmetric else x
        return np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3).astype(np.float32)

    def find(self, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(H, W) uint8 -> indices (N,) into `points` and pixels (N, 2) float32 of the centres, or None."""
        kind = cv2.CALIB_CB_ASYMMETRIC_GRID if self.is_asymmetric else cv2.CALIB_CB_SYMMETRIC_GRID
        for flags in (kind, kind | cv2.CALIB_CB_CLUSTERING):
            found, centres = cv2.findCirclesGrid(gray, self.squares, flags=flags)
            if found:
                centres = centres.reshape(-1, 2)
                if not self.is_asymmetric and centres[0].sum() > centres[-1].sum():
                    centres = centres[::-1]  # half a turn changes nothing; the same view shall be the same view
                return np.arange(len(centres)), np.ascontiguousarray(centres)
        return None
