"""Our calibration YAML: `width height fx fy cx cy`, optionally `distortion` (k1 k2 p1 p2 [k3 [k4 k5 k6]]) and
`depth_scale` (units of the depth images per metre)."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from calib.camera import Camera
from calib.errors import CalibrationError

REQUIRED_FIELDS = ("width", "height", "fx", "fy", "cx", "cy")
OPTIONAL_FIELDS = ("model", "distortion", "depth_scale")


@dataclass(frozen=True)
class Calibration:
    """A camera, and how its depth images count metres."""

    camera: Camera
    depth_scale: float = 1000.0


def read_calibration(path):
    """YAML file -> Calibration. Raises CalibrationError that names the missing, unknown or wrong field."""
    path = Path(path)
    fields = _load_mapping(path)
    missing = [name for name in REQUIRED_FIELDS if name not in fields]
    unknown = [name for name in fields if name not in REQUIRED_FIELDS + OPTIONAL_FIELDS]
    if missing:
        raise CalibrationError(f"{path} lacks {', '.join(missing)}: a calibration has the fields "
                               f"{', '.join(REQUIRED_FIELDS)} (pixels) and may have distortion and depth_scale")
    if unknown:
        raise CalibrationError(f"{path}: unknown field {', '.join(unknown)}; known are "
                               f"{', '.join(REQUIRED_FIELDS + OPTIONAL_FIELDS)}")
    if fields.get("model", "pinhole") != "pinhole":
        raise CalibrationError(f"{path}: camera model {fields['model']!r} is not known; known is pinhole")
    try:
        camera = Camera(int(fields["width"]), int(fields["height"]), *(float(fields[k]) for k in REQUIRED_FIELDS[2:]),
                        distortion=tuple(float(k) for k in fields.get("distortion") or ()))
        calibration = Calibration(camera, float(fields.get("depth_scale", 1000.0)))
    except (TypeError, ValueError) as error:
        raise CalibrationError(f"{path}: a field is not a number ({error})") from error
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error
    if calibration.depth_scale <= 0:
        raise CalibrationError(f"{path}: depth_scale must be positive, not {calibration.depth_scale:g}")
    return calibration


def write_calibration(path, calibration):
    """Calibration -> YAML file that `read_calibration` reads back unchanged."""
    camera = calibration.camera
    fields = {"model": "pinhole", **{name: getattr(camera, name) for name in REQUIRED_FIELDS},
              "distortion": list(camera.distortion), "depth_scale": calibration.depth_scale}
    Path(path).write_text(yaml.safe_dump(fields, sort_keys=False))


def _load_mapping(path):
    try:
        fields = yaml.safe_load(path.read_text())
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(fields, dict):
        raise CalibrationError(f"{path} is not a calibration: it has no `name: value` lines")
    return fields
