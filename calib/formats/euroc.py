"""sensor.yaml of EuRoC MAV and of data sets in its layout (TUM VI, UZH-FPV)."""

from calib.formats.document import Document
from calib.formats.kalibr import chain_camera
from calib.geometry.calibration import Calibration

LENSES = {"radial-tangential": "pinhole", "none": "pinhole", "equidistant": "fisheye"}


def recognises(document: Document) -> bool:
    return "camera_model" in document.names or {"intrinsics", "resolution"} <= document.names


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return chain_camera({"camera_model": "pinhole", **document.fields}, LENSES, "distortion_coefficients")
