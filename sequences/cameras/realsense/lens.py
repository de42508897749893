"""The lens of a RealSense camera as a Camera."""

from typing import Any

import numpy as np

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera
from sequences.cameras.realsense.library import librealsense

GRID = 24
MAX_ERROR_PX = 0.5


def camera_of(intrinsics: Any) -> Camera:
    """rs.intrinsics of any lens model -> Camera with the Brown-Conrady coefficients that fit it best.

    They are linear in the residual between distorted and ideal position, so one least-squares step finds them. Raises
    CalibrationError where they do not fit.
    """
    rs, i = librealsense(), intrinsics
    camera = Camera(i.width, i.height, i.fx, i.fy, i.ppx, i.ppy)
    if i.model == rs.distortion.none or not any(i.coeffs):
        return camera
    reach = 0.75  # of the image's size to each side of its middle: barrel distortion pulls in what lies outside
    u, v = np.meshgrid(*(np.linspace((0.5 - reach) * n, (0.5 + reach) * n, GRID) for n in (i.width, i.height)))
    plane = np.stack([(u - i.ppx) / i.fx, (v - i.ppy) / i.fy, np.ones_like(u)], -1).reshape(-1, 3)
    pixels = np.array([rs.rs2_project_point_to_pixel(i, list(point)) for point in plane])
    seen = np.all((pixels > -1) & (pixels < (i.width, i.height)), axis=1)
    (x, y), distorted = plane[seen, :2].T, (pixels[seen] - (i.ppx, i.ppy)) / (i.fx, i.fy)
    r2 = x * x + y * y
    design = np.concatenate([np.stack([x * r2, x * r2**2, 2 * x * y, r2 + 2 * x * x, x * r2**3], 1),
                             np.stack([y * r2, y * r2**2, r2 + 2 * y * y, 2 * x * y, y * r2**3], 1)])
    residual = np.concatenate([distorted[:, 0] - x, distorted[:, 1] - y])
    coefficients = np.linalg.lstsq(design, residual, rcond=None)[0]
    worst_px = i.fx * np.abs(design @ coefficients - residual).max()
    if not worst_px < MAX_ERROR_PX:
        raise CalibrationError(f"the device's lens model {i.model} is {worst_px:.1f} px off ours: calibrate the camera "
                               f"and give --calibration FILE")
    return Camera(i.width, i.height, i.fx, i.fy, i.ppx, i.ppy, tuple(map(float, coefficients)))
