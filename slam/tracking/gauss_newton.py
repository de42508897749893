"""Damped Gauss-Newton on a manifold, for any problem that gives normal equations and a retraction."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import get_lapack_funcs

posv: Callable[..., Any] = get_lapack_funcs(["posv"], [np.zeros(0)])[0]
"""LAPACK's solution by Cholesky factors; numpy's own takes longer to be called than to work."""


class NormalEquations(NamedTuple):
    """A linearisation of 1/2 sum of squared, weighted residuals at one state."""

    cost: float
    """Mean robust cost per residual, so that states which see different numbers of residuals compare."""
    count: int
    """Number of residuals, 0 where there are none."""
    information: np.ndarray
    """(n, n) J' W J."""
    gradient: np.ndarray
    """(n,) J' W r."""


@dataclass(frozen=True)
class GaussNewtonConfig:
    """Settings of one minimisation."""

    max_iterations: int = 10
    """Linearisations at most, rejected steps included."""
    min_count: int = 60
    """Residuals that a state needs to be accepted."""
    min_decrease: float = 1e-3
    """Predicted decrease of the quadratic model, as a share of the cost, below which the minimum is reached."""
    initial_damping: float = 1e-6
    """Levenberg-Marquardt factor on the diagonal at the start; grows tenfold, at least to 0.1, when a step fails."""
    max_damping: float = 1e4
    """Levenberg-Marquardt factor beyond which there is no descent."""


class GaussNewtonResult(NamedTuple):
    """Where a minimisation ended."""

    state: Any
    equations: NormalEquations
    """At `state`, or one step before it where that last step was too small to be checked."""
    iterations: int
    stop_reason: str
    """`converged`, `max_iterations`, `no_descent`, `too_few_residuals` or `singular`."""


def minimise(linearise: Callable[[Any], NormalEquations], retract: Callable[[Any, np.ndarray], Any], state: Any,
             config: GaussNewtonConfig) -> GaussNewtonResult:
    """Minimise from `state`; `retract(state, dx)` applies an increment. Never raises on bad data: see
    `stop_reason`."""
    damping = config.initial_damping
    best = linearise(state)
    if best.count < config.min_count:
        return GaussNewtonResult(state, best, 1, "too_few_residuals")
    for iteration in range(1, config.max_iterations + 1):
        damped = np.array(best.information)
        damped.ravel()[::len(damped) + 1] *= 1 + damping
        _, minus_dx, minor = posv(damped, best.gradient)
        dx = -minus_dx
        if minor or not math.isfinite(dx.sum()):
            return GaussNewtonResult(state, best, iteration, "singular")
        candidate = retract(state, dx)
        promised = -0.5 * best.gradient @ dx / best.count
        if promised < config.min_decrease * best.cost:
            return GaussNewtonResult(candidate, best, iteration, "converged")
        if iteration == config.max_iterations:
            return GaussNewtonResult(candidate, best, iteration, "max_iterations")
        equations = linearise(candidate)
        if equations.count >= config.min_count and equations.cost < best.cost:
            state, best, damping = candidate, equations, max(0.1 * damping, config.initial_damping)
        else:
            damping = max(10.0 * damping, 0.1)
            if damping > config.max_damping:
                return GaussNewtonResult(state, best, iteration, "no_descent")
    raise AssertionError("unreachable: the loop returns at its last iteration")
