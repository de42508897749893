"""transforms.json of instant-ngp and nerfstudio: `fl_x`, `cx`, `w`, `k1`, or `camera_angle_x` alone, at the top or in
each of its `frames`. Pixels count as in COLMAP, with the middle of the first at 0.5.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from calib.base.errors import CalibrationError
from calib.formats.colmap import HALF_PIXEL
from calib.formats.document import Document
from calib.geometry.any_size import AnySizeCamera
from calib.geometry.calibration import Calibration, camera_from, number, without_depth
from calib.geometry.camera import Camera

FISHEYE = ("OPENCV_FISHEYE", "FISHEYE", "FISHEYE624")
KNOWN = ("", "OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE", *FISHEYE)
BROWN_NAMES, FISHEYE_NAMES = ("k1", "k2", "p1", "p2"), ("k1", "k2", "k3", "k4")


def recognises(document: Document) -> bool:
    return bool({"fl_x", "camera_angle_x"} & document.names) or \
        ("frames" in document.names and bool({"fl_x", "camera_angle_x"} & set(_frames(document.fields)[0])))


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    return without_depth(camera_in_transforms(document.fields))


def camera_in_transforms(fields: Mapping[str, Any]) -> Camera:
    """The one camera of a transforms.json, or that of median focal length, where each frame has its own.

    Raises CalibrationError.
    """
    if "fl_x" in fields:
        return _camera(fields)
    if "camera_angle_x" in fields:
        return _by_angle(fields)
    frames = [{**fields, **frame} for frame in _frames(fields) if "fl_x" in frame]
    if frames:
        middle = float(np.median([number("fl_x", frame["fl_x"]) for frame in frames]))
        return _camera(min(frames, key=lambda frame: abs(float(frame["fl_x"]) - middle)))
    return _by_angle({**fields, **_frames(fields)[0]})


def _camera(fields):
    name = str(fields.get("camera_model") or "").upper()
    if name not in KNOWN:
        raise CalibrationError(f"camera_model {name} is not supported; supported are {', '.join(KNOWN[1:])}")
    fx = number("fl_x", fields["fl_x"])
    fy = number("fl_y", fields.get("fl_y", fx))
    size = _size(fields)
    if "cx" not in fields and size is None:
        raise CalibrationError("lacks cx and cy, or w and h")
    cx, cy = (number(name, fields.get(name, 0.5 * side if side else None)) - HALF_PIXEL
              for name, side in zip(("cx", "cy"), size or (None, None)))
    is_fisheye = name in FISHEYE or bool(fields.get("is_fisheye"))
    distortion = [number(name, fields.get(name) or 0) for name in (FISHEYE_NAMES if is_fisheye else BROWN_NAMES)]
    k3 = number("k3", fields.get("k3") or 0)
    if not is_fisheye:
        distortion = [*distortion, k3] if k3 else distortion if any(distortion) else []
    return camera_from(size, (fx, fy, cx, cy), distortion, "fisheye" if is_fisheye else "pinhole")


def _by_angle(fields):
    """Nothing but the field of view, as in synthetic scenes."""
    across = number("camera_angle_x", fields.get("camera_angle_x"))
    if not 0 < across < math.pi:
        raise CalibrationError(f"camera_angle_x is an angle in radians, not {across:g}")
    size = _size(fields)
    if size is None:
        return AnySizeCamera.of(math.degrees(across))
    focal_px = 0.5 * size[0] / math.tan(across / 2)
    return camera_from(size, (focal_px, focal_px, (size[0] - 1) / 2, (size[1] - 1) / 2))


def _size(fields):
    return [number(name, fields[name]) for name in ("w", "h")] if {"w", "h"} <= set(fields) else None


def _frames(fields):
    """Frames, at least one."""
    frames = fields.get("frames")
    usable = [frame for frame in frames if isinstance(frame, dict)] if isinstance(frames, list) else []
    return usable or [{}]
