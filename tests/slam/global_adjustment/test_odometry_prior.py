"""slam.global_adjustment.odometry_prior: its normal equations against differences, and what it is for."""

import numpy as np

from calib.geometry import se3
from slam.global_adjustment.odometry_prior import OdometryPrior

K = 4
BLOCK_OF = np.arange(K * K).reshape(K, K)


def walk(seed, size=0.3):
    rng = np.random.default_rng(seed)
    return np.array([se3.exp(size * rng.normal(size=6)) for _ in range(K)])


def prior_of(T_cam_world, std=(0.05, 0.02)):
    first = np.arange(K - 1)
    T_second_first = T_cam_world[1:] @ se3.inverse(T_cam_world[:-1])
    return OdometryPrior(first, first + 1, T_second_first, np.tile(np.repeat(std, 3), (K - 1, 1)))


def moved(T_cam_world, step):
    return np.array([se3.exp(xi) @ T for xi, T in zip(step.reshape(K, 6), T_cam_world)])


def normal_equations(prior, T_cam_world):
    blocks, gradient = np.zeros((K * K, 6, 6)), np.zeros((K, 6))
    prior.add_to(blocks, gradient, BLOCK_OF, T_cam_world)
    return blocks.reshape(K, K, 6, 6).swapaxes(1, 2).reshape(6 * K, 6 * K), gradient.ravel()


def test_normal_equations_are_the_derivatives_of_the_cost_close_to_what_was_measured():
    prior = prior_of(walk(0))
    T = moved(walk(0), 1e-3 * np.random.default_rng(1).normal(size=6 * K))
    information, gradient = normal_equations(prior, T)
    numeric = [(prior.cost(moved(T, 1e-6 * e)) - prior.cost(moved(T, -1e-6 * e))) / 2e-6 for e in np.eye(6 * K)]
    np.testing.assert_allclose(gradient, numeric, rtol=5e-3, atol=5e-3 * np.abs(gradient).max())
    step = 1e-4 * np.random.default_rng(2).normal(size=6 * K)
    growth = prior.cost(moved(T, step)) - prior.cost(T)
    np.testing.assert_allclose(growth, gradient @ step + 0.5 * step @ information @ step, rtol=1e-2)


def test_gauss_newton_returns_to_what_was_measured_wherever_the_world_is():
    truth = walk(0)
    prior, T = prior_of(truth), moved(truth, 0.05 * np.random.default_rng(1).normal(size=6 * K))
    for _ in range(10):
        information, gradient = normal_equations(prior, T)
        step = np.zeros(6 * K)
        step[6:] = -np.linalg.solve(information[6:, 6:], gradient[6:])  # the first camera is fixed
        T = moved(T, step)
    assert prior.cost(T) < 1e-12
    np.testing.assert_allclose(T @ se3.inverse(T[0]), truth @ se3.inverse(truth[0]), atol=1e-8)


def test_pairs_across_parts_are_free():
    prior = prior_of(walk(0))
    assert prior.within(np.array([0, 0, 1, 1])).second.tolist() == [1, 3]
    none = prior.within(np.array([-1, -1, 0, -1]))
    assert none.cost(walk(3)) == 0
    assert not normal_equations(none, walk(3))[0].any()
