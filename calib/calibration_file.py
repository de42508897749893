"""Our calibration YAML: `width height fx fy cx cy`, optionally `distortion` (k1 k2 p1 p2 [k3 [k4 k5 k6]]) and
`depth_scale` (units of the depth images per metre)."""

import math
from dataclasses import dataclass
from pathlib import Path

import yaml

from calib.camera import Camera
from calib.errors import CalibrationError, OutputError

REQUIRED_FIELDS = ("width", "height", "fx", "fy", "cx", "cy")
OPTIONAL_FIELDS = ("model", "distortion", "depth_scale")


@dataclass(frozen=True)
class Calibration:
    """A camera, and how its depth images count metres."""

    camera: Camera
    depth_scale: float = 1000.0

    def __post_init__(self):
        if not 0 < self.depth_scale < math.inf:
            raise CalibrationError(f"depth_scale must be positive, not {self.depth_scale:g}")


def read_calibration(path):
    """YAML file -> Calibration. Raises CalibrationError that names the missing, unknown or wrong field."""
    path = Path(path)
    fields = _load_mapping(path)
    missing = [name for name in REQUIRED_FIELDS if name not in fields]
    unknown = [str(name) for name in fields if name not in REQUIRED_FIELDS + OPTIONAL_FIELDS]
    if missing:
        raise CalibrationError(f"{path} lacks {', '.join(missing)}: a calibration has the fields "
                               f"{', '.join(REQUIRED_FIELDS)} (pixels) and may have distortion and depth_scale")
    if unknown:
        raise CalibrationError(f"{path}: unknown field {', '.join(unknown)}; known are "
                               f"{', '.join(REQUIRED_FIELDS + OPTIONAL_FIELDS)}")
    if fields.get("model", "pinhole") != "pinhole":
        raise CalibrationError(f"{path}: camera model {fields['model']!r} is not known; known is pinhole")
    try:
        return _calibration(fields)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def write_calibration(path, calibration):
    """Calibration -> YAML file that `read_calibration` reads back unchanged. Raises OutputError."""
    camera = calibration.camera
    fields = {"model": "pinhole", "width": int(camera.width), "height": int(camera.height),
              **{name: float(getattr(camera, name)) for name in REQUIRED_FIELDS[2:]},
              "distortion": [float(k) for k in camera.distortion], "depth_scale": float(calibration.depth_scale)}
    try:
        Path(path).write_text(yaml.safe_dump(fields, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error


def _load_mapping(path):
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: bytes that are no text, and dates that do not exist
        raise CalibrationError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(fields, dict):
        raise CalibrationError(f"{path} is not a calibration: it has no `name: value` lines")
    return fields


def _calibration(fields):
    distortion = fields.get("distortion") or ()
    if not isinstance(distortion, (list, tuple)):
        raise CalibrationError(f"distortion takes a list such as [k1, k2, p1, p2], not {distortion!r}")
    camera = Camera(_pixels("width", fields["width"]), _pixels("height", fields["height"]),
                    *(_number(name, fields[name]) for name in REQUIRED_FIELDS[2:]),
                    distortion=tuple(_number("distortion", k) for k in distortion))
    return Calibration(camera, _number("depth_scale", fields.get("depth_scale", 1000.0)))


def _number(name, value):
    """What YAML read -> float; YAML takes numbers like 5e2 for text."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CalibrationError(f"{name} is not a number: {str(value)[:40]!r}")
    return number


def _pixels(name, value):
    number = _number(name, value)
    if number != int(number):
        raise CalibrationError(f"{name} is not a whole number of pixels: {value}")
    return int(number)
