"""slam.keyframe_depth.network_response: the slope of a network's depth against the truth, and how well shapes agree."""

import numpy as np
import pytest

from slam.keyframe_depth.network_response import NetworkResponse, ResponseConfig

TRUTH = np.exp(np.random.default_rng(0).uniform(-1, 1, (60, 80))).astype(np.float32)
SURE = np.full(TRUTH.shape, 0.02, np.float32)
LOG_TRUTH = np.log(TRUTH)


@pytest.mark.parametrize("contrast, slope", [(0.5, 2.0), (1.0, 1.0), (1.6, 1.0), (0.1, 2.5)])
def test_it_learns_the_slope_within_its_limits(contrast, slope):
    response = NetworkResponse(ResponseConfig())
    predicted = 3 * TRUTH**contrast
    for _ in range(15):
        response.learn(predicted, TRUTH, SURE)
    assert response.slope == pytest.approx(slope, rel=0.05)
    if slope == 1 / contrast:
        ratio = response.corrected(predicted) / TRUTH
        assert ratio.std() / ratio.mean() < 0.05


def test_what_is_unsure_or_flat_or_unknown_teaches_nothing():
    response = NetworkResponse(ResponseConfig())
    response.learn(TRUTH**0.5, TRUTH, np.full(TRUTH.shape, 0.2, np.float32))
    response.learn(np.zeros_like(TRUTH), TRUTH, SURE)
    assert response.slope == 1
    flat = np.float32(2) + 0.001 * TRUTH
    response.learn(flat, np.full_like(TRUTH, 2), SURE)
    assert response.slope == pytest.approx(1, abs=0.01)


def test_unknown_stays_unknown_and_the_median_where_it_was():
    response = NetworkResponse(ResponseConfig())
    response.slope = 1.5
    holes = np.where(np.arange(80) < 8, 0, TRUTH).astype(np.float32)
    out = response.corrected(holes)
    assert np.all(out[:, :8] == 0) and np.median(out[:, 8:]) == pytest.approx(np.median(TRUTH[:, 8:]), rel=0.01)
    assert np.all(response.corrected(np.zeros_like(TRUTH)) == 0)


def agreement(log_predicted, log_refined, log_std=SURE):
    return NetworkResponse(ResponseConfig()).learn(np.exp(log_predicted), np.exp(log_refined), log_std)


def test_the_same_shape_agrees_at_any_scale():
    assert agreement(LOG_TRUTH, LOG_TRUTH + 0.7) == pytest.approx(1)


@pytest.mark.parametrize("slope", [0.5, 2.0])
def test_it_agrees_less_where_the_slope_is_wrong(slope):
    assert agreement(LOG_TRUTH, slope * LOG_TRUTH) == pytest.approx(2 * slope / (1 + slope**2))


def test_shapes_with_nothing_in_common_do_not_agree():
    assert abs(agreement(LOG_TRUTH, LOG_TRUTH[::-1, ::-1])) < 0.05
    assert agreement(LOG_TRUTH, 0 * LOG_TRUTH) == 0 == agreement(0 * LOG_TRUTH, 0 * LOG_TRUTH)


def test_only_what_is_sure_counts():
    log_std = SURE.copy()
    log_std[:30] = 0.5
    half_wrong = np.where(log_std > 0.1, -LOG_TRUTH, LOG_TRUTH)
    assert agreement(LOG_TRUTH, half_wrong, log_std) == pytest.approx(1, abs=0.01)
    assert agreement(LOG_TRUTH, LOG_TRUTH, np.full(LOG_TRUTH.shape, 0.5)) is None
