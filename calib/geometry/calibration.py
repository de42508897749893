"""A camera, and how its depth images count metres; and how both are made of what files say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from calib.base.errors import CalibrationError
from calib.geometry.any_size import UnsizedCamera
from calib.geometry.camera import Camera

DEPTH_SCALE = 1000.0
"""Units of depth images per metre where nobody says otherwise."""


@dataclass(frozen=True)
class Calibration:
    """A camera, and how its depth images count metres."""

    camera: Camera
    depth_scale: float = DEPTH_SCALE
    says_depth_scale: bool = field(default=True, compare=False)
    """False: it is only the usual one, and what a recording says of its own depth goes before it."""

    def __post_init__(self):
        if not 0 < self.depth_scale < math.inf:
            raise CalibrationError(f"depth_scale must be positive, not {self.depth_scale:g}")


def without_depth(camera: Camera) -> Calibration:
    """The Calibration of files that speak of the camera alone."""
    return Calibration(camera, says_depth_scale=False)


def camera_from(size: Sequence[Any] | None, intrinsics: Sequence[Any], distortion: Sequence[Any] = (),
                model: str = "pinhole") -> Camera:
    """Camera from numbers as files have them: size (width, height), intrinsics (fx, fy, cx, cy).

    Without a size it is that of the images, see UnsizedCamera. Raises CalibrationError that names what is no number,
    or not the right count of them.
    """
    fx, fy, cx, cy = numbers("the intrinsics fx, fy, cx, cy", intrinsics, 4)
    distortion = known_distortion(numbers("distortion", distortion))
    if size is None:
        return UnsizedCamera.of((fx, fy, cx, cy), distortion, model)
    width, height = numbers("the image size", size, 2)
    return Camera(pixels("width", width), pixels("height", height), fx, fy, cx, cy, distortion, model)


def known_distortion(coefficients: Sequence[float]) -> tuple[float, ...]:
    """OpenCV's longer lists cut to what Camera knows, which they are where their further numbers are zero."""
    for count in (8, 5, 4):
        if len(coefficients) > count and not any(coefficients[count:]) and (len(coefficients) not in (4, 5, 8)):
            return tuple(coefficients[:count])
    return tuple(coefficients)


def numbers(name: str, values: Any, count: int | None = None) -> tuple[float, ...]:
    """A list as YAML has it -> floats. Raises CalibrationError."""
    if not isinstance(values, (list, tuple)) or (count is not None and len(values) != count):
        wanted = f"{count} numbers" if count else "a list such as [k1, k2, p1, p2]"
        raise CalibrationError(f"{name} takes {wanted}, not {str(values)[:60]!r}")
    return tuple(number(name, value) for value in values)


def number(name: str, value: Any) -> float:
    """What YAML read -> float; YAML takes numbers like 5e2 for text. Raises CalibrationError."""
    try:
        parsed = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        parsed = math.nan
    if not math.isfinite(parsed):
        raise CalibrationError(f"{name} is not a number: {str(value)[:40]!r}")
    return parsed


def pixels(name: str, value: Any) -> int:
    """-> int. Raises CalibrationError."""
    parsed = number(name, value)
    if parsed != int(parsed):
        raise CalibrationError(f"{name} is not a whole number of pixels: {value}")
    return int(parsed)
