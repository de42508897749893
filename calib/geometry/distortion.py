"""What a lens does to straight lines: from the plane z = 1 to pixels, and back.

Pinhole: Brown-Conrady as in OpenCV, with or without the rational denominator. Fisheye: Kannala and Brandt 2006 as in
OpenCV, theta_d = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8) for a ray at the angle theta.
"""

import cv2
import numpy as np

from calib.geometry.camera import Camera

NEWTON_STEPS = 20
MAX_RAY_ANGLE_RAD = np.radians(89.0)
"""Where fisheye rays further out are put, since they do not meet the plane z = 1."""


def to_pixels(camera: Camera, plane: np.ndarray) -> np.ndarray:
    """(..., 2) points with z = 1 -> (..., 2) pixels of the distorted image."""
    plane = np.asarray(plane, float)
    if camera.model == "fisheye":
        radius = np.linalg.norm(plane, axis=-1, keepdims=True)
        bent = plane * _ratio(_bent_angle(np.arctan(radius), camera.distortion), radius)
        return bent * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    if not camera.is_distorted:
        return plane * (camera.fx, camera.fy) + (camera.cx, camera.cy)
    rays = np.insert(plane.reshape(-1, 1, 2), 2, 1.0, axis=-1)
    pixels = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), camera.K, np.array(camera.distortion))[0]
    return pixels.reshape(plane.shape)


def to_plane(camera: Camera, pixels: np.ndarray) -> np.ndarray:
    """(..., 2) pixels of the distorted image -> (..., 2) points with z = 1. Exact where the lens model has an inverse;
    elsewhere to_pixels leads back to another pixel."""
    pixels = np.asarray(pixels, float)
    if camera.model == "fisheye":
        bent = (pixels - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
        bent_rad = np.linalg.norm(bent, axis=-1, keepdims=True)
        theta_rad = np.clip(_straight_angle(bent_rad, camera.distortion), 0, MAX_RAY_ANGLE_RAD)
        return bent * _ratio(np.tan(theta_rad), bent_rad)
    criteria = cv2.TERM_CRITERIA_COUNT, 100, 0
    plane = cv2.undistortPoints(pixels.reshape(-1, 1, 2), camera.K, np.array(camera.distortion), criteria=criteria)
    return plane.reshape(pixels.shape)


def _bent_angle(theta_rad, distortion):
    return theta_rad * np.polyval([*distortion[::-1], 1.0], theta_rad**2)


def _straight_angle(bent_rad, distortion):
    """Inverse of _bent_angle by Newton's method."""
    slope = [(2 * i + 1) * k for i, k in enumerate((1.0, *distortion))][::-1]
    theta_rad = bent_rad.copy()
    for _ in range(NEWTON_STEPS):
        excess = _bent_angle(theta_rad, distortion) - bent_rad
        theta_rad = np.clip(theta_rad - _ratio(excess, np.polyval(slope, theta_rad**2)), 0, np.pi)
    return theta_rad


def _ratio(a, b):
    """a / b, 1 where b is zero."""
    return np.divide(a, b, out=np.ones(np.broadcast_shapes(a.shape, b.shape)), where=b != 0)
