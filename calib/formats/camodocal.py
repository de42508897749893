"""Cameras of camodocal, as VINS-Mono, VINS-Fusion and OpenVINS' kin have them: `model_type` and what goes with it."""

from typing import Any

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.formats.radial import nearest_fisheye, unified
from calib.geometry.calibration import Calibration, camera_from, number, without_depth


def recognises(document: Document) -> bool:
    return "model_type" in document.names and "projection_parameters" in document.names


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = document.fields
    model, size = str(fields["model_type"]).upper(), _size(fields)
    if model == "PINHOLE":
        return without_depth(camera_from(size, _values(fields, "projection_parameters", "fx", "fy", "cx", "cy"),
                                         _values(fields, "distortion_parameters", "k1", "k2", "p1", "p2")))
    if model == "KANNALA_BRANDT":
        numbers = _values(fields, "projection_parameters", "mu", "mv", "u0", "v0", "k2", "k3", "k4", "k5")
        return without_depth(camera_from(size, numbers[:4], numbers[4:], "fisheye"))
    if model == "MEI":
        xi, = _values(fields, "mirror_parameters", "xi")
        k1, k2 = _values(fields, "distortion_parameters", "k1", "k2")
        intrinsics = _values(fields, "projection_parameters", "gamma1", "gamma2", "u0", "v0")
        return without_depth(nearest_fisheye("the MEI model", size, intrinsics, unified(xi, k1, k2)))
    raise CalibrationError(f"model_type {model} is not known; known are PINHOLE, KANNALA_BRANDT, MEI")


def _size(fields: dict[str, Any]) -> list[float] | None:
    names = "image_width", "image_height"
    return [number(name, fields[name]) for name in names] if set(names) <= set(fields) else None


def _values(fields: dict[str, Any], part: str, *names: str) -> list[float]:
    values = fields.get(part)
    if not isinstance(values, dict):
        raise CalibrationError(f"lacks {part}")
    lacking(values, *names)
    return [number(name, values[name]) for name in names]
