"""Settings of ORB-SLAM 2 and 3, such as TUM1.yaml: `Camera.fx`, or `Camera1.fx`."""

import re

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.geometry.calibration import DEPTH_SCALE, Calibration, camera_from, number

TYPES = {"PinHole": "pinhole", "Rectified": "pinhole", "KannalaBrandt8": "fisheye"}
LINE = re.compile(r"""^(?P<name>\w+(?:\.\w+)?)\s*:\s*["']?(?P<value>[^"'#\s]+)""", re.MULTILINE)


def recognises(document: Document) -> bool:
    return re.search(r"^Camera1?\.fx\s*:", document.text, re.MULTILINE) is not None


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = {match["name"]: match["value"] for match in LINE.finditer(document.text)}
    prefix = "Camera1" if "Camera1.fx" in fields else "Camera"
    kind = fields.get("Camera.type", "PinHole")
    if kind not in TYPES:
        raise CalibrationError(f"Camera.type {kind!r} is not known; known are {', '.join(TYPES)}")
    intrinsics = [_value(fields, f"{prefix}.{name}") for name in ("fx", "fy", "cx", "cy")]
    names = ("k1", "k2", "k3", "k4") if TYPES[kind] == "fisheye" else ("k1", "k2", "p1", "p2", "k3")
    distortion = [number(name, fields.get(f"{prefix}.{name}", 0)) for name in names]
    if TYPES[kind] == "pinhole" and not any(distortion):
        distortion = ()
    size = [_value(fields, f"Camera.{name}") for name in ("width", "height")]
    scale = fields.get("RGBD.DepthMapFactor", fields.get("DepthMapFactor"))
    camera = camera_from(size, intrinsics, distortion, TYPES[kind])
    return Calibration(camera, number("DepthMapFactor", scale or DEPTH_SCALE), scale is not None)


def _value(fields, name):
    if name not in fields:
        raise CalibrationError(f"lacks {name}")
    return number(name, fields[name])
