"""Rigid transforms SE(3) as 4x4 float64 matrices.

`T_a_b` maps points of frame b into frame a. Increments are `xi = (v, omega)`, six numbers in metres and radians,
applied on the left: `T <- exp(xi) @ T`. Formulas: Sola, Deray, Atchuthan 2018, "A micro Lie theory", appendix D.
"""

import math

import numpy as np
from scipy.spatial.transform import Rotation

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""T_cam_gl, and its inverse: the camera axes of OpenGL are y up, looking along -z."""


def hat(omega: np.ndarray) -> np.ndarray:
    """(3,) -> (3, 3) skew-symmetric matrix with `hat(a) @ b == cross(a, b)`."""
    x, y, z = omega
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def exp(xi: np.ndarray) -> np.ndarray:
    """(6,) increment (v, omega) -> (4, 4) transform."""
    # With plain numbers, a few times as fast as with arrays of three: tracking calls this at each of its steps.
    vx, vy, vz, x, y, z = map(float, xi)
    xx, yy, zz = x * x, y * y, z * z
    a, b, c = _coefficients(math.sqrt(xx + yy + zz))
    dot, cx, cy, cz = x * vx + y * vy + z * vz, y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
    d = 1 - c * (xx + yy + zz)
    return np.array([
        [1 - b * (yy + zz), b * x * y - a * z, b * x * z + a * y, d * vx + b * cx + c * dot * x],
        [b * x * y + a * z, 1 - b * (xx + zz), b * y * z - a * x, d * vy + b * cy + c * dot * y],
        [b * x * z - a * y, b * y * z + a * x, 1 - b * (xx + yy), d * vz + b * cz + c * dot * z],
        [0.0, 0.0, 0.0, 1.0]])


def log(T: np.ndarray) -> np.ndarray:
    """(4, 4) transform -> (6,) increment (v, omega) with |omega| <= pi. Inverse of `exp`."""
    omega = Rotation.from_matrix(T[:3, :3]).as_rotvec()
    return np.concatenate([np.linalg.solve(_left_jacobian(omega), T[:3, 3]), omega])


def inverse(T: np.ndarray) -> np.ndarray:
    """(..., 4, 4) transform(s) -> inverse, without the cost and the rounding of a general matrix inverse."""
    R_transposed = np.swapaxes(T[..., :3, :3], -1, -2)
    out = np.zeros_like(T)
    out[..., :3, :3] = R_transposed
    out[..., :3, 3:] = -R_transposed @ T[..., :3, 3:]
    out[..., 3, 3] = 1.0
    return out


def adjoint(T: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> (..., 6, 6) with `exp(adjoint(T) @ xi) == T @ exp(xi) @ inverse(T)`."""
    R = T[..., :3, :3]
    out = np.zeros((*T.shape[:-2], 6, 6))
    out[..., :3, :3] = out[..., 3:, 3:] = R
    out[..., :3, 3:] = np.cross(T[..., :3, 3:], R, axis=-2)
    return out


def orthonormalised(T: np.ndarray) -> np.ndarray:
    """(..., 4, 4) -> the nearest rigid transform(s); long products of transforms drift off the group by rounding."""
    out = T.copy()
    U, _, Vt = np.linalg.svd(T[..., :3, :3])
    out[..., :3, :3] = U @ Vt
    return out


def from_quaternion(t_m: np.ndarray, quat_xyzw: np.ndarray) -> np.ndarray:
    """Translation (..., 3) and unit quaternion (..., 4) -> transform(s) (..., 4, 4)."""
    R = Rotation.from_quat(quat_xyzw).as_matrix()
    T = np.zeros((*R.shape[:-2], 4, 4))
    T[..., :3, :3] = R
    T[..., :3, 3] = t_m
    T[..., 3, 3] = 1.0
    return T


def to_quaternion(T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Transform(s) (..., 4, 4) -> translation (..., 3) and unit quaternion (..., 4) in x y z w order."""
    return T[..., :3, 3], Rotation.from_matrix(T[..., :3, :3]).as_quat()


def rotation_angle_rad(T: np.ndarray) -> float:
    """(4, 4) -> angle of its rotation."""
    R = T[:3, :3]
    twice_sine = math.hypot(R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1])
    return math.atan2(twice_sine, R[0, 0] + R[1, 1] + R[2, 2] - 1)


def _left_jacobian(omega):
    """(3,) -> (3, 3) V with translation = V @ v."""
    W, (_, b, c) = hat(omega), _coefficients(float(np.linalg.norm(omega)))
    return np.eye(3) + b * W + c * W @ W


def _coefficients(angle):
    """sin(x)/x, (1 - cos x)/x^2, (x - sin x)/x^3; Taylor series near zero, where the quotients lose all digits."""
    if angle < 1e-3:
        squared = angle * angle
        return 1 - squared / 6, 0.5 - squared / 24, 1 / 6 - squared / 120
    sine, half_sine = math.sin(angle), math.sin(angle / 2)
    return sine / angle, 2 * half_sine * half_sine / angle**2, (angle - sine) / angle**3
