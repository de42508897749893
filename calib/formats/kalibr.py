"""camchain.yaml of Kalibr; of several cameras the first counts."""

from collections.abc import Mapping
from typing import Any

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.geometry.calibration import Calibration, camera_from, without_depth

LENSES = {"radtan": "pinhole", "none": "pinhole", "equidistant": "fisheye"}


def recognises(document: Document) -> bool:
    return "camera_model" in _first(document)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return chain_camera(_first(document), LENSES, "distortion_coeffs")


def chain_camera(fields: Mapping[str, Any], lenses: Mapping[str, str], distortion_name: str) -> Calibration:
    """A mapping with camera_model, intrinsics, resolution and a distortion -> Calibration. Raises CalibrationError."""
    lacking(fields, "intrinsics", "resolution")
    if fields["camera_model"] != "pinhole":
        raise CalibrationError(f"camera model {fields['camera_model']!r} is not supported: calibrate again as pinhole "
                               f"with {' or '.join(lenses)} distortion")
    lens = str(fields.get("distortion_model", "none"))
    if lens not in lenses:
        raise CalibrationError(f"distortion model {lens!r} is not supported; supported are {', '.join(lenses)}")
    distortion = () if lens == "none" else fields.get(distortion_name) or ()
    return without_depth(camera_from(fields["resolution"], fields["intrinsics"], distortion, lenses[lens]))


def _first(document):
    first = document.fields.get("cam0") if "cam0" in document.names else None
    return first if isinstance(first, dict) else {}
