"""Settings of ORB-SLAM 2 and 3 and of what descends from them (pySLAM, OpenVSLAM, stella_vslam): `Camera.fx`,
`Camera1.fx`, or `fx` within `Camera`. Of several cameras the first counts."""

import re

from calib.base.errors import CalibrationError
from calib.formats.document import Document, lacking
from calib.geometry.calibration import DEPTH_SCALE, Calibration, camera_from, number

TYPES = {"pinhole": "pinhole", "rectified": "pinhole", "perspective": "pinhole", "kannalabrandt8": "fisheye",
         "fisheye": "fisheye"}
"""By their names in lower case; the last of either kind is stella_vslam's."""
LINE = re.compile(r"""^(?P<name>\w+(?:\.\w+)?)\s*:\s*["']?(?P<value>[^"'#\s]+)""", re.MULTILINE)
SIZES = (("width", "height"), ("cols", "rows"), ("image_width", "image_height"))
SCALES = ("RGBD.DepthMapFactor", "DepthMapFactor", "depthmap_factor", "Camera.depthmap_factor",
          "Preprocessing.depthmap_factor", "Tracking.depthmap_factor")


def recognises(document: Document) -> bool:
    if re.search(r"^Camera1?\.fx\s*:", document.text, re.MULTILINE):
        return True
    return bool(re.search(r"^Camera\s*:", document.text, re.MULTILINE)) and "Camera.fx" in _nested(document)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    fields = {match["name"]: match["value"] for match in LINE.finditer(document.text)}
    if "Camera1.fx" not in fields and "Camera.fx" not in fields:
        fields = _nested(document)
    prefix = "Camera1" if "Camera1.fx" in fields else "Camera"
    kind = str(fields.get("Camera.type", fields.get("Camera.model", "PinHole")))
    if kind.lower() not in TYPES:
        raise CalibrationError(f"Camera.type {kind!r} is not known; known are {', '.join(TYPES)}")
    model = TYPES[kind.lower()]
    intrinsics = [_value(fields, f"{prefix}.{name}") for name in ("fx", "fy", "cx", "cy")]
    names = ("k1", "k2", "k3", "k4") if model == "fisheye" else ("k1", "k2", "p1", "p2", "k3")
    distortion = [number(name, fields.get(f"{prefix}.{name}", 0)) for name in names]
    if model == "pinhole" and not any(distortion):
        distortion = ()
    size = next(([_value(fields, f"Camera.{name}") for name in names] for names in SIZES
                 if f"Camera.{names[0]}" in fields), None)
    scale = next((fields[name] for name in SCALES if name in fields), None)
    camera = camera_from(size, intrinsics, distortion, model)
    return Calibration(camera, number("DepthMapFactor", scale or DEPTH_SCALE), scale is not None)


def _nested(document):
    """The fields by `group.name`; none where this is not YAML."""
    if not document.names:
        return {}
    return {f"{group}.{name}" if isinstance(values, dict) else str(group): value
            for group, values in document.fields.items()
            for name, value in (values.items() if isinstance(values, dict) else [("", values)])}


def _value(fields, name):
    lacking(fields, name)
    return number(name, fields[name])
