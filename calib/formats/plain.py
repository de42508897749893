"""Plain numbers: a line `fx fy cx cy [k1 k2 p1 p2 [k3]]` as of DROID-SLAM, DPVO and ETH3D, one number a line, or an
intrinsic matrix (3x3, 3x4, 4x4), as NumPy prints or saves it; a line `width height` may stand before or behind.
"""

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.formats.matrix import intrinsics_of, is_matrix
from calib.geometry.calibration import Calibration, camera_from, number, without_depth

BRACKETS = str.maketrans(dict.fromkeys("[](){},;", " "))
MAX_NUMBERS = 24
MATRIX_COUNTS = (9, 12, 16)
LINE_COUNTS = (4, 8, 9, 12)


def recognises(document: Document) -> bool:
    rows = _numeric_rows(document)
    return 4 <= sum(map(len, rows)) <= MAX_NUMBERS


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    rows = _numeric_rows(document)
    size, rows = _size_apart(rows)
    values = [value for row in rows for value in row]
    if size is None and len(values) == 6:
        size, values = _size_within(values)
    if len(values) in MATRIX_COUNTS and (len(rows) in (3, 4) or is_matrix(values)):
        return without_depth(camera_from(size, intrinsics_of(values)))
    if len(values) not in LINE_COUNTS:
        raise CalibrationError(f"{len(values)} numbers: expected fx fy cx cy, maybe with k1 k2 p1 p2 [k3], or a 3x3 "
                               f"matrix")
    return without_depth(camera_from(size, values[:4], values[4:] if any(values[4:]) else ()))


def _numeric_rows(document):
    """Numbers of each line; none where anything else is in the file."""
    if not document.is_text or len(document.text) > 4000:
        return []
    try:
        rows = [[number("", word) for word in " ".join(row).translate(BRACKETS).split()] for row in document.rows]
    except CalibrationError:
        return []
    return [row for row in rows if row]


def _size_apart(rows):
    """A first or last line of two whole numbers, next to longer ones -> size, the others."""
    for place in (0, -1):
        if len(rows) > 1 and len(rows[place]) == 2 and all(value == int(value) > 15 for value in rows[place]):
            others = rows[1:] if place == 0 else rows[:-1]
            if all(len(row) > 2 for row in others):
                return rows[place], others
    return None, rows


def _size_within(values):
    """Six numbers: width and height before or behind the intrinsics."""
    for size, rest in ((values[:2], values[2:]), (values[4:], values[:4])):
        off = [abs(centre / side - 0.5) for centre, side in zip(rest[2:], size) if side]
        if all(side == int(side) > 15 for side in size) and off and max(off) < 0.2:
            return size, rest
    raise CalibrationError("6 numbers, but neither `width height fx fy cx cy` nor `fx fy cx cy width height`")
