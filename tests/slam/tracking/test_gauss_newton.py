"""slam.tracking.gauss_newton on problems with known answers."""

import numpy as np
import pytest

from slam.tracking.gauss_newton import GaussNewtonConfig, NormalEquations, minimise


def least_squares(residual, jacobian):
    def linearise(x):
        r, J = residual(x), jacobian(x)
        return NormalEquations(0.5 * float(r @ r) / len(r), len(r), J.T @ J, J.T @ r)
    return linearise


def add(x, dx):
    return x + dx


def test_a_linear_problem_is_solved_in_one_step():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(80, 3)), rng.normal(size=80)
    solution = minimise(least_squares(lambda x: A @ x - b, lambda x: A), add, np.zeros(3), GaussNewtonConfig())
    assert np.allclose(solution.state, np.linalg.lstsq(A, b)[0], atol=1e-5)
    assert solution.stop_reason == "converged" and solution.iterations == 2


def test_damping_saves_a_problem_on_which_full_steps_diverge():
    # atan(x): Newton's full step overshoots ever further from |x| > 1.39.
    repeat = np.ones(80)
    linearise = least_squares(lambda x: np.arctan(x[0]) * repeat, lambda x: (repeat / (1 + x[0] ** 2))[:, None])
    solution = minimise(linearise, add, np.array([3.0]), GaussNewtonConfig(max_iterations=40, min_decrease=1e-9))
    assert abs(solution.state[0]) < 1e-3


def test_cost_never_rises():
    rng = np.random.default_rng(1)
    data = rng.normal(size=100)
    linearise = least_squares(lambda x: np.sin(3 * x[0] + data) + x[0] ** 2,
                              lambda x: (3 * np.cos(3 * x[0] + data) + 2 * x[0])[:, None])
    for start in np.linspace(-3, 3, 13):
        start = np.array([start])
        solution = minimise(linearise, add, start, GaussNewtonConfig())
        assert solution.equations.cost <= linearise(start).cost


def test_too_few_residuals_are_reported():
    linearise = least_squares(lambda x: np.ones(5) * x[0], lambda x: np.ones((5, 1)))
    solution = minimise(linearise, add, np.array([1.0]), GaussNewtonConfig(min_count=60))
    assert solution.stop_reason == "too_few_residuals" and solution.state[0] == 1.0


def test_a_singular_system_is_reported_not_raised():
    linearise = least_squares(lambda x: np.ones(80), lambda x: np.zeros((80, 2)))
    assert minimise(linearise, add, np.zeros(2), GaussNewtonConfig()).stop_reason == "singular"


def test_nan_is_reported_not_raised():
    linearise = least_squares(lambda x: np.full(80, np.nan), lambda x: np.full((80, 2), np.nan))
    assert minimise(linearise, add, np.zeros(2), GaussNewtonConfig()).stop_reason == "singular"


def test_a_minimum_is_left_alone():
    linearise = least_squares(lambda x: x[0] + np.repeat([1.0, -1.0], 40), lambda x: np.ones((80, 1)))
    solution = minimise(linearise, add, np.zeros(1), GaussNewtonConfig())
    assert solution.stop_reason == "converged" and solution.iterations == 1 and abs(solution.state[0]) < 1e-12


@pytest.mark.parametrize("share, iterations", [(0.9e-3, 1), (1.1e-3, 2)])
def test_a_step_that_promises_too_small_a_share_of_the_cost_is_the_last(share, iterations):
    """Residuals x + 1 and x - 1: the cost is (x^2 + 1) / 2, and x^2 / 2 of it can go."""
    linearise = least_squares(lambda x: x[0] + np.repeat([1.0, -1.0], 40), lambda x: np.ones((80, 1)))
    start = np.sqrt(share / (1 - share))
    solution = minimise(linearise, add, np.array([start]), GaussNewtonConfig(min_decrease=1e-3))
    assert solution.stop_reason == "converged" and solution.iterations == iterations


def test_damping_grows_with_every_failure_and_shrinks_with_every_success():
    """Factors on the diagonal, as the steps tell: information and gradient are one everywhere, costs are made up."""
    costs, steps = iter([1.0, 2.0, 2.0, 0.5, 0.4, 0.9] + [2.0] * 20), []

    def linearise(_):
        return NormalEquations(next(costs), 80, 80 * np.eye(1), 80 * np.ones(1))

    def retract(x, dx):
        steps.append(-1 / dx[0] - 1)
        return x + dx

    solution = minimise(linearise, retract, np.zeros(1), GaussNewtonConfig(max_iterations=30, max_damping=5e3))
    assert np.allclose(steps, [1e-6, 0.1, 1, 0.1, 0.01, 0.1, 1, 10, 100, 1e3], rtol=1e-6)
    assert solution.stop_reason == "no_descent" and solution.equations.cost == 0.4
