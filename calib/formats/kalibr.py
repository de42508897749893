"""camchain.yaml of Kalibr; of several cameras the first counts."""

from collections.abc import Mapping
from typing import Any

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.formats.radial import double_sphere, enhanced_unified, nearest_fisheye, unified
from calib.geometry.calibration import Calibration, camera_from, numbers, without_depth

LENSES = {"radtan": "pinhole", "none": "pinhole", "equidistant": "fisheye"}
RADIAL = {"omni": unified, "mei": unified, "eucm": enhanced_unified, "ds": double_sphere}
"""Camera models that put their own parameters before the four intrinsics."""
PARAMETER_COUNT = {"omni": 1, "mei": 1, "eucm": 2, "ds": 2}
MAX_TANGENTIAL = 2e-3
"""Of tangential distortion that is left out, where the lens is brought to a fisheye model."""


def recognises(document: Document) -> bool:
    return "camera_model" in _first(document)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return chain_camera(_first(document), LENSES, "distortion_coeffs")


def chain_camera(fields: Mapping[str, Any], lenses: Mapping[str, str], distortion_name: str) -> Calibration:
    """A mapping with camera_model, intrinsics, resolution and a distortion -> Calibration. Raises CalibrationError."""
    lacking(fields, "intrinsics")
    model, size = str(fields["camera_model"]), fields.get("resolution")
    lens = str(fields.get("distortion_model", "none"))
    distortion = () if lens == "none" else fields.get(distortion_name) or ()
    if model in RADIAL:
        return without_depth(_radial_camera(model, size, fields["intrinsics"], distortion))
    if model != "pinhole":
        raise CalibrationError(f"camera model {model!r} is not supported: calibrate again as pinhole with "
                               f"{' or '.join(lenses)} distortion")
    if lens not in lenses:
        raise CalibrationError(f"distortion model {lens!r} is not supported; supported are {', '.join(lenses)}")
    return without_depth(camera_from(size, fields["intrinsics"], distortion, lenses[lens]))


def _radial_camera(model, size, intrinsics, distortion):
    """Own parameters of the model, then fx, fy, cx, cy -> the nearest fisheye Camera."""
    count = PARAMETER_COUNT[model]
    values = numbers("intrinsics", intrinsics, count + 4)
    k1, k2, *tangential = (*numbers("distortion", list(distortion)), 0.0, 0.0, 0.0, 0.0)[:4]
    if max(map(abs, tangential)) > MAX_TANGENTIAL or (model not in ("omni", "mei") and (k1 or k2)):
        raise CalibrationError(f"camera model {model!r} with this distortion is not supported: calibrate again as "
                               f"pinhole with equidistant distortion")
    radial = (k1, k2) if model in ("omni", "mei") else ()
    size = None if size is None else numbers("resolution", size, 2)
    return nearest_fisheye(f"camera model {model!r}", size, values[count:], RADIAL[model](*values[:count], *radial))


def _first(document):
    first = next((document.fields[name] for name in ("cam0", "cam1") if name in document.names), None)
    return first if isinstance(first, dict) else {}
