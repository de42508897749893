"""A board on paper, in true size."""

from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.boards.board import Board
from calib.files.atomic_file import replacing

SQUARE_PX = 240
"""A multiple of what markers divide a square into, so that every edge lies between two pixels."""
MM_PER_INCH = 25.4
PAPERS_MM = {"A4": (297, 210), "A3": (420, 297), "A2": (594, 420), "A1": (841, 594), "A0": (1189, 841)}


def write_page(path: str | Path, board: Board, square_mm: float) -> tuple[float, float]:
    """Board -> PDF or PNG, by the suffix, which prints with squares of `square_mm` at 100 %. Returns its size in mm.

    Half a square of white is around it, which detectors need, and the size is written below. Raises BadInputError,
    OutputError.
    """
    from PIL import Image
    path = Path(path)
    if path.suffix.lower() not in (".pdf", ".png"):
        raise BadInputError(f"{path}: a board is written as .pdf or .png")
    page = _page(board, square_mm)
    dots_per_inch = SQUARE_PX * MM_PER_INCH / square_mm
    image = Image.fromarray(page).convert("1", dither=Image.Dither.NONE)
    with replacing(path) as partial:
        image.save(partial, path.suffix[1:], resolution=dots_per_inch, dpi=(dots_per_inch, dots_per_inch))
    return tuple(side * square_mm / SQUARE_PX for side in page.shape[::-1])


def smallest_paper(size_mm: tuple[float, float]) -> str | None:
    """Name of the paper that (width, height) fits on, or None."""
    longer, shorter = max(size_mm), min(size_mm)
    return next((name for name, paper in PAPERS_MM.items() if longer <= paper[0] and shorter <= paper[1]), None)


def _page(board, square_mm):
    margin = SQUARE_PX // 2
    page = np.pad(board.picture(SQUARE_PX), margin, constant_values=255)
    kind = f"ChArUco, {board.dictionary}, markers {board.marker_share:g} of a square" if board.dictionary else \
        "chessboard"
    text = f"{kind}, {board.describe_size()} squares of {square_mm:g} mm (print at 100 %, then measure one)"
    scale = 0.9 * (page.shape[1] - 2 * margin) / cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)[0][0]
    scale = min(scale, SQUARE_PX / 100)
    cv2.putText(page, text, (margin, page.shape[0] - margin // 3), cv2.FONT_HERSHEY_SIMPLEX, scale, 0,
                max(1, round(2 * scale)), cv2.LINE_AA)
    return page
