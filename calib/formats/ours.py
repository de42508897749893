"""Our calibration YAML: `width height fx fy cx cy`, optionally `model` (pinhole or fisheye), `distortion` (k1 k2 p1 p2
[k3 [k4 k5 k6]], or k1 k2 k3 k4 of a fisheye) and `depth_scale` (units of the depth images per metre).

Where no more is known: `fov`, the degrees across the longer side, in place of all the others.
"""

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.geometry.any_size import AnySizeCamera
from calib.geometry.calibration import DEPTH_SCALE, Calibration, camera_from, number

REQUIRED_FIELDS = ("width", "height", "fx", "fy", "cx", "cy")
OPTIONAL_FIELDS = ("model", "distortion", "depth_scale")


def recognises(document: Document) -> bool:
    """Whatever no other format has claimed: mistakes in it shall be told in our words."""
    return True


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = document.fields
    scale = number("depth_scale", fields.get("depth_scale", DEPTH_SCALE))
    only_fov = "fov" in fields and set(fields) <= {"fov", "depth_scale"}
    camera = AnySizeCamera.of(number("fov", fields["fov"])) if only_fov else _camera(fields)
    return Calibration(camera, scale, "depth_scale" in fields)


def _camera(fields):
    missing = [name for name in REQUIRED_FIELDS if name not in fields]
    unknown = [str(name) for name in fields if name not in REQUIRED_FIELDS + OPTIONAL_FIELDS]
    if missing:
        raise CalibrationError(f"lacks {', '.join(missing)}: a calibration has the fields {', '.join(REQUIRED_FIELDS)} "
                               f"(pixels) and may have distortion and depth_scale")
    if unknown:
        raise CalibrationError(f"unknown field {', '.join(unknown)}; known are "
                               f"{', '.join(REQUIRED_FIELDS + OPTIONAL_FIELDS)}")
    values = {name: number(name, fields[name]) for name in REQUIRED_FIELDS}
    return camera_from([fields["width"], fields["height"]], [values[name] for name in REQUIRED_FIELDS[2:]],
                       fields.get("distortion") or (), str(fields.get("model", "pinhole")))
