"""camera.txt of TUM's monocular data set, LSD-SLAM and DSO: a line of intrinsics, then `width height` of the images,
and up to two more lines about rectified images that nobody needs here.

Intrinsics are `[Pinhole|RadTan|EquiDistant|KannalaBrandt|FOV] fx fy cx cy [coefficients]`, in pixels or as shares of
the image size. Without a name, five numbers are FOV (of which 0 is a pinhole), eight or nine RadTan.
"""

import numpy as np

from calib.base.errors import CalibrationError
from calib.files.text_file import is_whole
from calib.formats.document import Document
from calib.formats.radial import field_of_view, nearest_fisheye
from calib.geometry.calibration import Calibration, camera_from, number, without_depth

COUNTS = {"Pinhole": (4, 5), "RadTan": (8, 9), "EquiDistant": (8,), "KannalaBrandt": (8,), "FOV": (5,)}
UNNAMED = {4: "Pinhole", 5: "FOV", 8: "RadTan", 9: "RadTan"}


def recognises(document: Document) -> bool:
    rows = document.rows
    if len(rows) < 2 or len(rows) > 4 or len(rows[1]) != 2 or not all(map(is_whole, rows[1])):
        return False
    name, values = _named(rows[0])
    return name in COUNTS and all(_is_number(word) for word in values)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    name, words = _named(document.rows[0])
    if len(words) not in COUNTS[name]:
        raise CalibrationError(f"{name} takes {' or '.join(map(str, COUNTS[name]))} numbers, not {len(words)}")
    values, size = [number(name, word) for word in words], [int(word) for word in document.rows[1]]
    intrinsics, rest = values[:4], values[4:]
    if max(intrinsics[2:]) < 1:
        intrinsics = [value * side for value, side in zip(intrinsics, size * 2)]
        intrinsics[2:] = [value - 0.5 for value in intrinsics[2:]]
    if name == "FOV" and rest[0]:
        return without_depth(nearest_fisheye(f"the FOV model with omega {rest[0]:g}", size, intrinsics,
                                             field_of_view(rest[0])))
    if name in ("EquiDistant", "KannalaBrandt"):
        return without_depth(camera_from(size, intrinsics, rest, "fisheye"))
    return without_depth(camera_from(size, intrinsics, rest if name == "RadTan" and any(rest) else ()))


def _named(row):
    """Name of the model and the words behind it."""
    return (UNNAMED.get(len(row), ""), row) if _is_number(row[0]) else (row[0], row[1:])


def _is_number(word):
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
