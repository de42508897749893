"""sensor.yaml of EuRoC MAV and of data sets in its layout (TUM VI, UZH-FPV)."""

from calib.formats.document import Document
from calib.formats.kalibr import chain_camera
from calib.geometry.calibration import Calibration

LENSES = {"radial-tangential": "pinhole", "none": "pinhole", "equidistant": "fisheye", "radtan": "pinhole",
          "plumb_bob": "pinhole"}


def recognises(document: Document) -> bool:
    is_plain_list = "intrinsics" in document.names and isinstance(document.fields["intrinsics"], list)
    return is_plain_list and bool({"camera_model", "resolution", "T_BS"} & document.names)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return chain_camera({"camera_model": "pinhole", **document.fields}, LENSES, "distortion_coefficients")
