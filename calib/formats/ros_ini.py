"""ost.txt, as ROS's camera_calibration writes it besides ost.yaml (INI format of camera_calibration_parsers)."""

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.geometry.calibration import Calibration, camera_from, numbers, without_depth

HEADINGS = {"width", "height", "camera matrix", "distortion", "rectification", "projection"}


def recognises(document: Document) -> bool:
    return ["camera", "matrix"] in document.rows and ["distortion"] in document.rows


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    parts: dict[str, list[str]] = {}
    for row in document.rows:
        heading = " ".join(row)
        if heading in HEADINGS or heading.startswith("["):
            part = parts.setdefault(heading, [])
        elif parts:
            part.extend(row)
    size = [*parts.get("width", []), *parts.get("height", [])]
    fx, _, cx, _, fy, cy, *_ = numbers("the camera matrix", parts["camera matrix"], 9)
    distortion = numbers("distortion", parts["distortion"])
    if len(size) not in (0, 2):
        raise CalibrationError(f"width and height take one number each, not {' '.join(size)[:40]!r}")
    return without_depth(camera_from(size or None, (fx, fy, cx, cy), distortion if any(distortion) else ()))
