"""Factor and summand of inverse depth, found from points of the map."""

import numpy as np
import pytest

from slam.keyframe_depth.relative_depth import RelativeDepthConfig, fitted_to

CONFIG = RelativeDepthConfig()
RANDOM = np.random.default_rng(0)
TRUE = RANDOM.uniform(0.25, 1.5, (40, 50)).astype(np.float32)


def points(inverse_depth, known, count=400, outliers=0):
    """-> predicted and known inverse depth at some pixels, some of which are wrong"""
    v, u = RANDOM.integers(0, 40, count), RANDOM.integers(0, 50, count)
    rho = known[v, u].astype(np.float64)
    rho[:outliers] *= RANDOM.uniform(0.2, 3, outliers)
    return inverse_depth[v, u], rho


@pytest.mark.parametrize("factor, summand", [(1, 0), (0.3, 0), (1.5, 0.2), (0.8, -0.15)])
def test_known_factor_and_summand(factor, summand):
    predicted = ((TRUE - summand) / factor).astype(np.float32)
    fitted = fitted_to(predicted, *points(predicted, TRUE, outliers=60), CONFIG)
    assert np.abs(fitted / TRUE - 1).max() < 0.08
    assert fitted.dtype == np.float32


def test_points_at_one_depth_say_a_factor_only():
    at = np.full(200, 0.5)
    assert np.allclose(fitted_to(TRUE, at, 3 * at, CONFIG), 3 * TRUE, rtol=1e-5)


def test_few_points_change_nothing():
    assert fitted_to(TRUE, *points(TRUE, 2 * TRUE, count=CONFIG.min_points - 1), CONFIG) is TRUE


def test_what_is_unknown_stays_so_and_nothing_gets_beyond_infinity():
    predicted = TRUE + np.float32(1)
    predicted[0, :5], predicted[0, 5] = 0, 0.9
    at, rho = points(TRUE + np.float32(1), TRUE)
    fitted = fitted_to(predicted, at, rho, CONFIG)
    assert (fitted[0, :5] == 0).all() and (fitted[0, 5:] > 0).all()


def test_of_a_prediction_that_is_the_wrong_way_round_little_is_left():
    predicted = 2 - TRUE
    fitted = fitted_to(predicted, *points(predicted, TRUE), CONFIG)
    assert np.ptp(np.log(fitted)) < 0.35 * np.ptp(np.log(predicted))
