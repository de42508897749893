"""camera_info of ROS 1 and 2: the file that camera_calibration writes, and the message as `topic echo` prints it.

Some versions of camera_calibration wrote the name of the distortion model as `camera_model`.
"""

from typing import Any

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.geometry.calibration import Calibration, camera_from, number, numbers, without_depth
from calib.geometry.camera import Camera

MODELS = {"plumb_bob": "pinhole", "rational_polynomial": "pinhole", "equidistant": "fisheye", "fisheye": "fisheye"}

SIZE_NAMES = "image_width", "image_height"


def recognises(document: Document) -> bool:
    named = {"distortion_model", "camera_model"} & document.names
    return bool(named) and bool({"camera_matrix", "K", "k"} & document.names)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return without_depth(camera_in_message(document.fields))


def camera_in_message(fields: dict[str, Any]) -> Camera:
    """What a camera_info says, by its names -> Camera. Raises CalibrationError."""
    _refuse_parts(fields)
    model = str(fields.get("distortion_model", fields.get("camera_model"))) or "plumb_bob"
    if model not in MODELS:
        raise CalibrationError(f"distortion model {model!r} is not known; known are {', '.join(MODELS)}")
    if "camera_matrix" in fields:
        lacking(fields, "distortion_coefficients")
        size = [fields[name] for name in SIZE_NAMES] if set(SIZE_NAMES) <= set(fields) else None
        K, distortion = _data(fields, "camera_matrix"), _data(fields, "distortion_coefficients")
    else:
        lacking(fields, "width", "height")
        size = fields["width"], fields["height"]
        K, distortion = fields.get("K", fields.get("k")), fields.get("D", fields.get("d", []))
    fx, _, cx, _, fy, cy, *_ = numbers("the camera matrix", K, 9)
    distortion = numbers("distortion", distortion)
    if MODELS[model] == "pinhole" and not any(distortion):
        distortion = ()
    return camera_from(size, (fx, fy, cx, cy), distortion, MODELS[model])


def _data(fields, name):
    matrix = fields[name]
    if not isinstance(matrix, dict) or "data" not in matrix:
        raise CalibrationError(f"{name} has no data")
    return matrix["data"]


def _refuse_parts(fields):
    """Images of a part of the sensor, or of several of its pixels together, are not what K speaks of."""
    region = fields.get("roi") if isinstance(fields.get("roi"), dict) else {}
    if any(number(name, fields.get(name) or 0) > 1 for name in ("binning_x", "binning_y")) or \
            any(number(name, region.get(name) or 0) for name in ("x_offset", "y_offset")):
        raise CalibrationError("binning and regions of interest are not supported: give the camera_info of whole "
                               "images")
