"""SE(3): the laws of the group, and SciPy's matrix exponential as the outside check."""

import numpy as np
import pytest
from scipy.linalg import expm

from calib.geometry import se3

TINY, TAYLOR, NEAR_PI = 1e-9, 1e-3, np.pi - 1e-7
ANGLES_RAD = [0.0, TINY, TAYLOR * 0.999, TAYLOR * 1.001, 0.3, 2.0, NEAR_PI, np.pi]


def increment(angle_rad, seed=0):
    """(6,) with a random translation and axis."""
    rng = np.random.default_rng([seed, 1])
    axis = rng.normal(size=3)
    return np.concatenate([rng.normal(size=3), angle_rad * axis / np.linalg.norm(axis)])


def generator(xi):
    """(6,) -> (4, 4) element of the Lie algebra."""
    A = np.zeros((4, 4))
    A[:3, :3], A[:3, 3] = se3.hat(xi[3:]), xi[:3]
    return A


def motion(seed):
    return se3.exp(increment(1.0 + 0.3 * seed, seed))


def test_hat_is_the_cross_product():
    a, b = np.random.default_rng(0).normal(size=(2, 3))
    assert np.allclose(se3.hat(a) @ b, np.cross(a, b))


@pytest.mark.parametrize("angle_rad", ANGLES_RAD)
@pytest.mark.parametrize("seed", range(3))
def test_exp_is_the_matrix_exponential(angle_rad, seed):
    xi = increment(angle_rad, seed)
    assert np.allclose(se3.exp(xi), expm(generator(xi)), rtol=0, atol=1e-14)


@pytest.mark.parametrize("angle_rad", ANGLES_RAD)
@pytest.mark.parametrize("seed", range(3))
def test_log_undoes_exp(angle_rad, seed):
    xi = increment(angle_rad, seed)
    T = se3.exp(xi)
    assert np.allclose(se3.exp(se3.log(T)), T, rtol=0, atol=1e-13)
    if angle_rad < np.pi:  # at pi both senses of the axis are right
        assert np.allclose(se3.log(T), xi, rtol=0, atol=1e-12)


def test_log_turns_the_short_way():
    """An increment of more than half a turn comes back as the rest of the turn, the other way round."""
    T = se3.exp(increment(1.5 * np.pi))
    assert np.linalg.norm(se3.log(T)[3:]) == pytest.approx(0.5 * np.pi)


def test_inverse_and_associativity():
    A, B, C = motion(0), motion(1), motion(2)
    assert np.allclose(se3.inverse(A) @ A, np.eye(4), atol=1e-15)
    assert np.allclose(se3.inverse(A @ B), se3.inverse(B) @ se3.inverse(A), atol=1e-14)
    assert np.allclose((A @ B) @ C, A @ (B @ C), atol=1e-14)
    assert np.allclose(se3.inverse(se3.exp(increment(0.7))), se3.exp(-increment(0.7)), atol=1e-15)
    stacked = np.stack([A, B, C])
    assert np.array_equal(se3.inverse(stacked), np.stack([se3.inverse(T) for T in stacked]))


@pytest.mark.parametrize("seed", range(3))
def test_adjoint_carries_increments_across(seed):
    T, xi = motion(seed), increment(0.8, seed + 5)
    assert np.allclose(se3.exp(se3.adjoint(T) @ xi), T @ se3.exp(xi) @ se3.inverse(T), atol=1e-14)
    other = motion(seed + 1)
    assert np.allclose(se3.adjoint(T @ other), se3.adjoint(T) @ se3.adjoint(other), atol=1e-14)


@pytest.mark.parametrize("angle_rad", ANGLES_RAD)
def test_quaternions_come_back(angle_rad):
    xi = increment(angle_rad)
    T = se3.exp(xi)
    t_m, quat_xyzw = se3.to_quaternion(T)
    half = np.concatenate([np.sinc(angle_rad / 2 / np.pi) / 2 * xi[3:], [np.cos(angle_rad / 2)]])
    assert np.allclose(quat_xyzw, half, atol=1e-12) or np.allclose(quat_xyzw, -half, atol=1e-12)
    assert np.allclose(se3.from_quaternion(t_m, quat_xyzw), T, atol=1e-14)


def test_quaternions_of_many_motions():
    T = np.stack([motion(seed) for seed in range(4)])
    t_m, quat_xyzw = se3.to_quaternion(T)
    assert t_m.shape == (4, 3) and quat_xyzw.shape == (4, 4)
    assert np.allclose(se3.from_quaternion(t_m, quat_xyzw), T, atol=1e-14)
    assert np.allclose(se3.from_quaternion(t_m, -3 * quat_xyzw), T, atol=1e-14)


def test_products_are_brought_back_to_the_group():
    T = motion(1)
    drifted = T.copy()
    drifted[:3, :3] += 1e-6 * np.random.default_rng(0).normal(size=(3, 3))
    repaired = se3.orthonormalised(drifted)
    assert np.allclose(repaired[:3, :3] @ repaired[:3, :3].T, np.eye(3), atol=1e-15)
    assert np.allclose(repaired, T, atol=5e-6) and np.array_equal(repaired[:3, 3], T[:3, 3])


@pytest.mark.parametrize("angle_rad", ANGLES_RAD)
def test_rotation_angle(angle_rad):
    assert se3.rotation_angle_rad(se3.exp(increment(angle_rad))) == pytest.approx(angle_rad, abs=1e-12)
