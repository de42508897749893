"""Our calibration YAML: `width height fx fy cx cy`, optionally `model` (pinhole or fisheye), `distortion` (k1 k2 p1 p2
[k3 [k4 k5 k6]], or k1 k2 k3 k4 of a fisheye) and `depth_scale` (units of the depth images per metre).

Without width and height, the size is that of the images. Where no more is known: `fov`, the degrees across the longer
side, in place of all the others.
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


def has_our_names(document: Document) -> bool:
    """Whether it is a camera in our words, and nothing else in it."""
    names = document.names
    return set(REQUIRED_FIELDS[2:]) <= names <= set(REQUIRED_FIELDS + OPTIONAL_FIELDS)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = document.fields
    scale = number("depth_scale", fields.get("depth_scale", DEPTH_SCALE))
    only_fov = "fov" in fields and set(fields) <= {"fov", "depth_scale"}
    camera = AnySizeCamera.of(number("fov", fields["fov"])) if only_fov else _camera(fields)
    return Calibration(camera, scale, "depth_scale" in fields)


def _camera(fields):
    has_size = "width" in fields or "height" in fields
    missing = [name for name in REQUIRED_FIELDS[0 if has_size else 2:] if name not in fields]
    if missing:
        raise CalibrationError(f"lacks {', '.join(missing)}: a calibration has the fields {', '.join(REQUIRED_FIELDS)} "
                               f"(pixels) and may have distortion and depth_scale")
    values = {name: number(name, fields[name]) for name in REQUIRED_FIELDS if name in fields}
    size = [fields["width"], fields["height"]] if has_size else None
    return camera_from(size, [values[name] for name in REQUIRED_FIELDS[2:]], fields.get("distortion") or (),
                       str(fields.get("model", "pinhole")))
