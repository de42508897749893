"""Cameras of COLMAP: `cameras.txt` with `CAMERA_ID MODEL WIDTH HEIGHT PARAMS...`, and `cameras.bin`, which holds the
same in binary (https://colmap.github.io/cameras.html, .../format.html).

COLMAP has the middle of the first pixel at 0.5, we at 0.
"""

import struct

import numpy as np

from calib.base.errors import CalibrationError
from calib.files.text_file import is_whole
from calib.formats.document import Document
from calib.formats.radial import field_of_view, nearest_fisheye
from calib.geometry.calibration import Calibration, camera_from, number, without_depth
from calib.geometry.camera import Camera

PARAMETERS = {
    "SIMPLE_PINHOLE": "f cx cy", "PINHOLE": "fx fy cx cy", "SIMPLE_RADIAL": "f cx cy k1", "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2", "OPENCV_FISHEYE": "fx fy cx cy k1 k2 k3 k4",
    "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6", "FOV": "fx fy cx cy omega",
    "SIMPLE_RADIAL_FISHEYE": "f cx cy k1", "RADIAL_FISHEYE": "f cx cy k1 k2"}
"""In the order of their numbers in binary files."""
COEFFICIENTS = {0: (), 4: ("k1", "k2", "p1", "p2"), 8: ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")}
FISHEYE_COEFFICIENTS = ("k1", "k2", "k3", "k4")
HALF_PIXEL = 0.5
CAMERA_HEAD = struct.Struct("<IiQQ")
MAX_CAMERAS = 1_000_000
MAX_SPREAD = 0.05
"""Of the focal lengths of cameras that count as one: unless told not to, COLMAP gives each image a camera."""


def recognises(document: Document) -> bool:
    if not document.is_text:
        return _looks_binary(document.data)
    return bool(document.rows) and all(len(row) >= 5 and is_whole(row[0]) and row[1].replace("_", "").isupper()
                                       for row in document.rows)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return without_depth(one_camera(list(read_cameras(document).values())))


def read_cameras(document: Document) -> dict[int, Camera]:
    """All cameras by their id. Raises CalibrationError."""
    if not document.is_text:
        return {key: camera_of(model, values) for key, model, values in _binary(document.data)}
    return {int(row[0]): camera_of(row[1], row[2:]) for row in document.rows}


def one_camera(cameras: list[Camera]) -> Camera:
    """The camera that all are, or the one of median focal length, where they are nearly the same.

    Raises CalibrationError.
    """
    if len({(camera.size, camera.model) for camera in cameras}) == 1:
        by_focal = sorted(cameras, key=lambda camera: camera.focal_px)
        if by_focal[-1].focal_px <= (1 + MAX_SPREAD) * by_focal[0].focal_px:
            return by_focal[len(by_focal) // 2]
    raise CalibrationError(f"holds {len(set(cameras))} different cameras: leave only the line of the one that took "
                           f"these images")


def camera_of(model: str, values: list) -> Camera:
    """Name of a model, and width, height and its parameters -> Camera. Raises CalibrationError."""
    if model not in PARAMETERS:
        raise CalibrationError(f"camera model {model} is not known; known are {', '.join(PARAMETERS)}")
    names = PARAMETERS[model].split()
    if len(values) != 2 + len(names):
        raise CalibrationError(f"{model} takes {PARAMETERS[model]} behind width and height, "
                               f"not {len(values) - 2} numbers")
    named = dict(zip(["width", "height", *names], values))
    is_fisheye = model.endswith("FISHEYE")
    size = named["width"], named["height"]
    intrinsics = named.get("fx", named.get("f")), named.get("fy", named.get("f")), *_centre(named)
    if model == "FOV":
        size, intrinsics = ([number("the FOV model", value) for value in part] for part in (size, intrinsics))
        return nearest_fisheye("the FOV model", size, intrinsics, field_of_view(number("omega", named["omega"])))
    count = next(count for count in COEFFICIENTS if count >= len([name for name in names if name[0] in "kp"]))
    kept = FISHEYE_COEFFICIENTS if is_fisheye else COEFFICIENTS[count]
    distortion = [named.get(name, 0) for name in kept]
    return camera_from(size, intrinsics, distortion, "fisheye" if is_fisheye else "pinhole")


def _centre(values):
    return number("cx", values["cx"]) - HALF_PIXEL, number("cy", values["cy"]) - HALF_PIXEL


def _looks_binary(data):
    """A count, and a first camera whose model and size make sense."""
    if len(data) < 8 + CAMERA_HEAD.size:
        return False
    count = int.from_bytes(data[:8], "little")
    _, model, width, height = CAMERA_HEAD.unpack_from(data, 8)
    return 0 < count < MAX_CAMERAS and 0 <= model < 20 and 0 < width < 100_000 and 0 < height < 100_000


def _binary(data):
    """-> id, name of the model, [width, height, parameters] of each camera"""
    place = 8
    for _ in range(int.from_bytes(data[:8], "little")):
        try:
            key, model, width, height = CAMERA_HEAD.unpack_from(data, place)
            names = list(PARAMETERS)
            if not 0 <= model < len(names):
                raise CalibrationError(f"camera model number {model} of COLMAP is not known")
            count = len(PARAMETERS[names[model]].split())
            numbers = np.frombuffer(data, "<f8", count, place + CAMERA_HEAD.size)
        except (struct.error, ValueError) as error:
            raise CalibrationError("this cameras.bin of COLMAP is cut off") from error
        place += CAMERA_HEAD.size + numbers.nbytes
        yield key, names[model], [width, height, *numbers.tolist()]
