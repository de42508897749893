"""Lens models that depend on the angle alone, brought to the fisheye model that they are nearest to."""

from collections.abc import Callable, Sequence

import numpy as np

from calib.base.errors import CalibrationError
from calib.geometry.calibration import camera_from
from calib.geometry.camera import Camera

MAX_FIT_RAD = np.radians(85)
MAX_FIT_ERROR = 1e-3
"""Of the fisheye polynomial against the model, in focal lengths."""
SMALLEST_RAD = 1e-3
Bent = Callable[[np.ndarray], np.ndarray]
"""(N,) angle of rays, in radians -> (N,) distance from the principal point, in units of the model's focal length."""


def unified(xi: float, k1: float = 0.0, k2: float = 0.0) -> Bent:
    """Sphere and plane (Mei 2007), with radial distortion on the plane."""
    def bent(theta):
        r = np.sin(theta) / (np.cos(theta) + xi)
        return r * (1 + k1 * r**2 + k2 * r**4)
    return bent


def enhanced_unified(alpha: float, beta: float) -> Bent:
    """EUCM (Khomutenko 2016)."""
    return lambda theta: np.sin(theta) / (alpha * np.hypot(np.sqrt(beta) * np.sin(theta), np.cos(theta))
                                          + (1 - alpha) * np.cos(theta))


def double_sphere(xi: float, alpha: float) -> Bent:
    """Usenko 2018."""
    def bent(theta):
        z = xi + np.cos(theta)
        return np.sin(theta) / (alpha * np.hypot(np.sin(theta), z) + (1 - alpha) * z)
    return bent


def field_of_view(omega: float) -> Bent:
    """r = atan(2 tan(theta) tan(omega / 2)) / omega (Devernay 2001). Raises CalibrationError."""
    if not 0 < abs(omega) < np.pi:
        raise CalibrationError(f"omega of the FOV model lies between 0 and pi, not at {omega:g}")
    return lambda theta: np.arctan(2 * np.tan(theta) * np.tan(omega / 2)) / omega


def nearest_fisheye(name: str, size: Sequence[float] | None, intrinsics: Sequence[float], bent: Bent) -> Camera:
    """The fisheye Camera nearest to a model: `size` (width, height), `intrinsics` fx, fy, cx, cy.

    Raises CalibrationError, which begins with the `name` of the model, where none is near.
    """
    fx, fy, cx, cy = intrinsics
    width, height = size or (2 * cx + 1, 2 * cy + 1)
    corner = np.hypot(max(cx, width - cx) / fx, max(cy, height - cy) / fy)
    theta = np.linspace(SMALLEST_RAD, MAX_FIT_RAD, 800)
    with np.errstate(all="ignore"):
        radius, slope = bent(theta), float(bent(np.array([SMALLEST_RAD]))[0]) / SMALLEST_RAD
    seen = np.maximum.accumulate(np.nan_to_num(radius, nan=np.inf)) <= corner
    theta, radius = theta[seen], radius[seen]
    if len(theta) < 10 or not 0.05 < slope < 20:
        raise CalibrationError(f"{name} with these parameters is no lens")
    powers = theta[:, None] ** [3, 5, 7, 9]
    coefficients = np.linalg.lstsq(powers, radius / slope - theta, rcond=None)[0]
    if not np.abs(powers @ coefficients + theta - radius / slope).max() < MAX_FIT_ERROR:
        raise CalibrationError(f"{name} with these parameters is too wide to be brought to a fisheye model")
    return camera_from(size, (fx * slope, fy * slope, cx, cy), coefficients.tolist(), "fisheye")
