"""KITTI's calib.txt and calib_cam_to_cam.txt: lines `P2: ` or `P_rect_02: ` with the 12 numbers of a projection.

The images are rectified. The left colour camera counts, or the left grey one where there is none.
"""

import re

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.geometry.calibration import Calibration, camera_from, numbers, without_depth

PROJECTIONS = ("P2", "P_rect_02", "P0", "P_rect_00", "P1", "P_rect_01")
SIZES = {"P_rect_02": "S_rect_02", "P_rect_00": "S_rect_00", "P_rect_01": "S_rect_01"}


def recognises(document: Document) -> bool:
    return any(re.fullmatch(r"P\d:|P_rect_\d\d:", row[0]) for row in document.rows)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    lines = {row[0].rstrip(":"): row[1:] for row in document.rows}
    name = next((name for name in PROJECTIONS if name in lines), None)
    if name is None:
        raise CalibrationError(f"has none of the projections {', '.join(PROJECTIONS)}")
    P = numbers(name, lines[name], 12)
    size = lines.get(SIZES.get(name, ""))
    return without_depth(camera_from(size, (P[0], P[5], P[2], P[6])))
