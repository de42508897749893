"""Expected errors against measured ones: bins by hand, and lines that are known to bring the two together."""

import numpy as np
import pytest

from depth.evaluation.error_bins import ErrorBins

RNG = np.random.default_rng(0)


def bins_of(log_error, error):
    bins = ErrorBins()
    for part in np.array_split(np.arange(log_error.size), 3):
        bins.add(log_error[part], error[part])
    return bins


def test_by_hand():
    expected = np.repeat([0.05, 0.1, 0.4], [20, 60, 20])
    tenths = bins_of(np.log(expected), np.where(expected == 0.1, 0.1, 0.2)).tenths()
    assert [each.share for each in tenths] == pytest.approx([0.2, 0.6, 0.2])
    assert [each.expected for each in tenths] == pytest.approx([0.05, 0.1, 0.4])
    assert [each.off for each in tenths] == pytest.approx([3, 0, -0.5])
    summary = bins_of(np.log(expected), np.where(expected == 0.1, 0.1, 0.2)).summary()
    assert (summary["off"], summary["off_worst"]) == pytest.approx((0.2 * 3 + 0.2 * 0.5, 3))
    assert summary["bins"][2] == pytest.approx({"share": 0.2, "expected": 0.4, "measured": 0.2})


def test_tenths_hold_a_tenth_each():
    log_error = RNG.normal(-2, 0.5, 100_000)
    tenths = bins_of(log_error, np.exp(log_error)).tenths()
    assert len(tenths) == 10 and [each.share for each in tenths] == pytest.approx([0.1] * 10, abs=0.02)
    assert all(abs(each.off) < 0.02 for each in tenths)
    assert [each.expected for each in tenths] == sorted(each.expected for each in tenths)


def test_errors_beyond_the_limits_count_at_the_ends():
    assert len(bins_of(np.array([-50.0, 50.0]), np.ones(2)).tenths()) == 2


@pytest.mark.parametrize("noise", [
    lambda count: np.abs(RNG.laplace(size=count)), lambda count: np.abs(RNG.normal(size=count)) * np.sqrt(np.pi / 2),
    lambda count: RNG.lognormal(-0.5, 1.0, count), lambda count: 5 * (RNG.random(count) < 0.2)])
@pytest.mark.parametrize("slope, offset", [(1.0, 0.0), (0.7, -0.3), (1.6, 1.2)])
def test_the_line_is_found_whatever_the_noise(noise, slope, offset):
    """Noise of mean 1, by turns light, heavy, and from a few gross errors alone, times the error of each pixel."""
    log_error = RNG.normal(-2, 0.5, 400_000)
    error = np.exp(slope * log_error + offset) * noise(log_error.size)
    bins = bins_of(log_error, error)
    found = bins.fit()
    assert found == pytest.approx((slope, offset), abs=0.05)
    assert bins_of(found[0] * log_error + found[1], error).summary()["off_worst"] < 0.1
    if slope != 1:
        assert bins.summary()["off_worst"] > 0.25
