"""calibration.json of Basalt: `value0` with `intrinsics` and `resolution` of each camera, of which the first counts."""

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.formats.radial import double_sphere, enhanced_unified, field_of_view, nearest_fisheye
from calib.geometry.calibration import Calibration, camera_from, number, numbers, without_depth

DISTORTIONS = {"pinhole": (), "kb4": ("k1", "k2", "k3", "k4"),
               "pinhole-radtan8": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")}
RADIAL = {"ds": (double_sphere, ("xi", "alpha")), "eucm": (enhanced_unified, ("alpha", "beta")),
          "fov": (field_of_view, ("w",))}


def recognises(document: Document) -> bool:
    value = document.fields.get("value0") if "value0" in document.names else None
    return isinstance(value, dict) and bool(value.get("intrinsics"))


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    value = document.fields["value0"]
    try:
        model, values = value["intrinsics"][0]["camera_type"], value["intrinsics"][0]["intrinsics"]
        size = numbers("resolution", value["resolution"][0], 2) if value.get("resolution") else None
    except (KeyError, IndexError, TypeError) as error:
        raise CalibrationError("value0 lacks camera_type, intrinsics or resolution of its first camera") from error
    lacking(values, "fx", "fy", "cx", "cy")
    intrinsics = [number(name, values[name]) for name in ("fx", "fy", "cx", "cy")]
    if model in RADIAL:
        radial, names = RADIAL[model]
        lacking(values, *names)
        parameters = [number(name, values[name]) for name in names]
        return without_depth(nearest_fisheye(f"camera_type {model!r}", size, intrinsics, radial(*parameters)))
    if model not in DISTORTIONS:
        raise CalibrationError(f"camera_type {model!r} is not known; known are {', '.join([*DISTORTIONS, *RADIAL])}")
    lacking(values, *DISTORTIONS[model])
    distortion = [number(name, values[name]) for name in DISTORTIONS[model]]
    return without_depth(camera_from(size, intrinsics, distortion, "fisheye" if model == "kb4" else "pinhole"))
