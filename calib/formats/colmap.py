"""cameras.txt of COLMAP: `CAMERA_ID MODEL WIDTH HEIGHT PARAMS...` (https://colmap.github.io/cameras.html).

COLMAP has the middle of the first pixel at 0.5, we at 0.
"""

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.geometry.calibration import Calibration, camera_from, number, without_depth

PARAMETERS = {
    "SIMPLE_PINHOLE": "f cx cy", "PINHOLE": "fx fy cx cy", "SIMPLE_RADIAL": "f cx cy k1", "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2", "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
    "OPENCV_FISHEYE": "fx fy cx cy k1 k2 k3 k4", "SIMPLE_RADIAL_FISHEYE": "f cx cy k1",
    "RADIAL_FISHEYE": "f cx cy k1 k2"}
COEFFICIENTS = {0: (), 4: ("k1", "k2", "p1", "p2"), 8: ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")}
FISHEYE_COEFFICIENTS = ("k1", "k2", "k3", "k4")
HALF_PIXEL = 0.5


def recognises(document: Document) -> bool:
    return bool(document.rows) and all(len(row) >= 5 and row[0].isdecimal() and row[1].replace("_", "").isupper()
                                       for row in document.rows)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    cameras = {tuple(row[1:]) for row in document.rows}
    if len(cameras) > 1:
        raise CalibrationError(f"holds {len(cameras)} different cameras: leave only the line of the one that took "
                               f"these images")
    (model, *values), = cameras
    if model not in PARAMETERS:
        raise CalibrationError(f"camera model {model} is not known; known are {', '.join(PARAMETERS)}")
    names = PARAMETERS[model].split()
    if len(values) != 2 + len(names):
        raise CalibrationError(f"{model} takes {PARAMETERS[model]} behind width and height, "
                               f"not {len(values) - 2} numbers")
    values = dict(zip(["width", "height", *names], values))
    is_fisheye = model.endswith("FISHEYE")
    count = next(count for count in COEFFICIENTS if count >= len([name for name in names if name[0] in "kp"]))
    kept = FISHEYE_COEFFICIENTS if is_fisheye else COEFFICIENTS[count]
    camera = camera_from((values["width"], values["height"]),
                         (values.get("fx", values.get("f")), values.get("fy", values.get("f")), *_centre(values)),
                         [values.get(name, 0) for name in kept], "fisheye" if is_fisheye else "pinhole")
    return without_depth(camera)


def _centre(values):
    return number("cx", values["cx"]) - HALF_PIXEL, number("cy", values["cy"]) - HALF_PIXEL
