"""Printed boards: where their corners are, on paper and in an image. Lengths in squares."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.boards.chessboard_search import find_chessboard

MARKER_SHARE = 0.75
"""Side of a marker of ours in squares, so that its modules fall on whole pixels."""
MIN_CORNERS = 8
"""Corners that must be seen of a ChArUco board that is seen in part."""
DICTIONARIES = {name.removeprefix("DICT_").lower(): getattr(cv2.aruco, name)
                for name in sorted(dir(cv2.aruco)) if name.startswith("DICT_")}


@dataclass(frozen=True)
class Board:
    """A chessboard of (columns, rows) squares. With a dictionary of markers it is a ChArUco board, of which a part will
    do, so that it can reach into the corners of the image."""

    squares: tuple[int, int]
    """(columns, rows)"""
    dictionary: str | None = None
    """ArUco dictionary of a ChArUco board's markers; null: a plain chessboard."""
    marker_share: float = MARKER_SHARE
    """Side of a marker in squares."""
    has_edges = True
    """Whether edges meet at its points, by which their sharpness is told."""
    is_legacy: bool = False
    """ChArUco boards with an even number of rows that OpenCV made before version 4.6 begin with the other colour."""

    def __post_init__(self):
        if min(self.squares) < 4 or max(self.squares) > 50:
            raise BadInputError(f"a board has 4 to 50 squares along each side, not {self.describe_size()}")
        if not 0.2 <= self.marker_share <= 0.95:
            raise BadInputError(f"markers take 0.2 to 0.95 of a square's side, not {self.marker_share:g}")
        if self.dictionary is not None and self.dictionary not in DICTIONARIES:
            raise BadInputError(f"no dictionary {self.dictionary!r}; there are {', '.join(DICTIONARIES)}")
        if self.dictionary is not None and self._markers_needed > len(self._dictionary.bytesList):
            raise BadInputError(f"a board of {self.describe_size()} squares needs {self._markers_needed} markers but "
                                f"{self.dictionary} has {len(self._dictionary.bytesList)}")

    def describe_size(self) -> str:
        return f"{self.squares[0]}x{self.squares[1]}"

    @property
    def inner(self) -> tuple[int, int]:
        """(columns, rows) of inner corners, which are what is looked for."""
        return self.squares[0] - 1, self.squares[1] - 1

    @cached_property
    def points(self) -> np.ndarray:
        """(N, 3) float32: the inner corners on the plane z = 0, row by row; x to the right, y down."""
        columns, rows = self.inner
        y, x = np.mgrid[1:rows + 1, 1:columns + 1]
        return np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3).astype(np.float32)

    def picture(self, square_px: int) -> np.ndarray:
        """(rows * square_px, columns * square_px) uint8, without a margin."""
        columns, rows = self.squares
        if self.dictionary:
            return self._charuco.generateImage((columns * square_px, rows * square_px), marginSize=0, borderBits=1)
        black = (np.arange(rows)[:, None] + np.arange(columns)) % 2 == 0
        return np.where(np.kron(black, np.ones((square_px, square_px), bool)), 0, 255).astype(np.uint8)

    def find(self, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """(H, W) uint8 -> indices (N,) into `points` and pixels (N, 2) float32 of the corners seen, or None."""
        return self._find_charuco(gray) if self.dictionary else self._find_chessboard(gray)

    def _find_chessboard(self, gray):
        corners = find_chessboard(gray, self.inner)
        if corners is None:
            return None
        if corners[0].sum() > corners[-1].sum():  # half a turn changes nothing; the same view shall be the same view
            corners = corners[::-1]
        return np.arange(len(corners)), np.ascontiguousarray(corners)

    def _find_charuco(self, gray):
        corners, ids, _, _ = self._detector.detectBoard(gray)
        if ids is None or len(ids) < MIN_CORNERS or self._charuco.checkCharucoCornersCollinear(ids):
            return None
        return ids.ravel(), corners.reshape(-1, 2)

    @property
    def _markers_needed(self):
        return self.squares[0] * self.squares[1] // 2

    @cached_property
    def _dictionary(self):
        return cv2.aruco.getPredefinedDictionary(DICTIONARIES[str(self.dictionary)])

    @cached_property
    def _charuco(self):
        board = cv2.aruco.CharucoBoard(self.squares, 1.0, self.marker_share, self._dictionary)
        board.setLegacyPattern(self.is_legacy)
        return board

    @cached_property
    def _detector(self):
        return cv2.aruco.CharucoDetector(self._charuco)
