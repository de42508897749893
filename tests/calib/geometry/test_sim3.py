"""calib.geometry.sim3: the group's laws, against scipy's matrix exponential and finite differences."""

import numpy as np
import pytest
from scipy.linalg import expm

from calib.geometry import se3, sim3

ZETAS = np.random.default_rng(0).normal(size=(40, 7)) * [1, 1, 1, 0.8, 0.8, 0.8, 0.5]
ZETAS[0] = 0
ZETAS[1, 3:] *= 1e-9
ZETAS[2, 3:6] *= 1e-9


def generator(zeta):
    G = np.zeros((4, 4))
    G[:3, :3], G[:3, 3] = se3.hat(zeta[3:6]) + zeta[6] * np.eye(3), zeta[:3]
    return G


def test_exp_is_the_matrix_exponential():
    assert np.allclose(sim3.exp(ZETAS), [expm(generator(zeta)) for zeta in ZETAS], atol=1e-12)


def test_log_inverts_exp():
    assert np.allclose(sim3.log(sim3.exp(ZETAS)), ZETAS, atol=1e-10)


def test_without_change_of_scale_it_is_se3():
    for zeta in ZETAS:
        rigid = np.append(zeta[:6], 0)
        assert np.allclose(sim3.exp(rigid), se3.exp(zeta[:6]), atol=1e-12)
        assert np.allclose(sim3.adjoint(sim3.exp(rigid))[:6, :6], se3.adjoint(se3.exp(zeta[:6])), atol=1e-12)


def test_inverse_scale_and_rigid_part():
    S = sim3.exp(ZETAS)
    assert np.allclose(sim3.inverse(S) @ S, np.eye(4), atol=1e-12)
    assert np.allclose(sim3.scale_of(S), np.exp(ZETAS[:, 6]))
    assert np.allclose(sim3.similarity(sim3.rigid_part(S), sim3.scale_of(S)), S)
    assert np.allclose(np.linalg.det(sim3.rigid_part(S)[:, :3, :3]), 1)


def test_a_point_is_scaled_turned_and_moved():
    T = se3.exp(np.array([1.0, 2, 3, 0, 0, np.pi / 2]))
    T[:3, 3] = 1, 2, 3
    assert np.allclose(sim3.similarity(T, 2.0) @ [1, 0, 0, 1], [1, 4, 3, 1])


def test_adjoint():
    S, delta = sim3.exp(ZETAS), ZETAS[::-1]
    moved = (sim3.adjoint(S) @ delta[..., None])[..., 0]
    assert np.allclose(sim3.exp(moved), S @ sim3.exp(delta) @ sim3.inverse(S), atol=1e-8)


@pytest.mark.parametrize("size, tolerance", [(0.3, 1e-7), (1.0, 1e-4)])
def test_the_left_jacobian_is_the_derivative(size, tolerance):
    for zeta in size * ZETAS / np.maximum(np.linalg.norm(ZETAS, axis=1, keepdims=True), 1e-9):
        step = 1e-6 * np.eye(7)
        forward, backward = (sim3.log(sim3.exp(sign * step) @ sim3.exp(zeta)) for sign in (1, -1))
        assert np.allclose(sim3.inverse_left_jacobian(zeta), (forward - backward).T / 2e-6, atol=tolerance)
