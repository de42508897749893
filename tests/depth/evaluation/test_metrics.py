"""Metrics by hand and against plain loops; crops and caps of the benchmarks."""

import math

import numpy as np
import pytest

from calib.base.errors import BadInputError
from depth.evaluation.metrics import HIGHER_IS_BETTER, METRICS, ROOTS, Scores, median_scale
from depth.evaluation.protocol import PROTOCOLS, eigen_kitti_crop, eigen_nyu_crop, garg_crop, protocol_named

PREDICTED, GROUND_TRUTH = np.array([1.0, 3.0, 4.0]), np.array([2.0, 3.0, 3.3])

BY_HAND = {
    "rel": (1 / 2 + 0 + 0.7 / 3.3) / 3,
    "sqrel": (1 / 2 + 0 + 0.49 / 3.3) / 3,
    "rms": math.sqrt((1 + 0 + 0.49) / 3),
    "rms_log": math.sqrt((math.log(2) ** 2 + math.log(4 / 3.3) ** 2) / 3),
    "rms_log10": math.sqrt((math.log10(2) ** 2 + math.log10(4 / 3.3) ** 2) / 3),
    "log10": (math.log10(2) + math.log10(4 / 3.3)) / 3,
    "delta1": 2 / 3, "delta2": 2 / 3, "delta3": 2 / 3,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_metrics_by_hand(name):
    assert METRICS[name](PREDICTED, GROUND_TRUTH) == pytest.approx(BY_HAND[name], rel=1e-12)


def test_scale_invariant_rms_is_eigens_equation_2():
    d = np.log(PREDICTED / GROUND_TRUTH)
    pairs = sum((a - b) ** 2 for a in d for b in d) / (2 * len(d) ** 2)
    assert METRICS["si_rms"](PREDICTED, GROUND_TRUTH) == pytest.approx(math.sqrt(pairs))
    assert METRICS["si_rms"](3 * PREDICTED, GROUND_TRUTH) == pytest.approx(math.sqrt(pairs))


@pytest.mark.parametrize("power", [1, 2, 3])
def test_thresholds_are_powers_of_a_quarter_more(power):
    factor = np.array([1.25**power * (1 - 1e-9), 1.25**power * (1 + 1e-9)])
    assert METRICS[f"delta{power}"](factor, np.ones(2)) == METRICS[f"delta{power}"](1 / factor, np.ones(2)) == 0.5


def test_a_perfect_prediction():
    for name, metric in METRICS.items():
        assert metric(GROUND_TRUTH, GROUND_TRUTH) == (name in HIGHER_IS_BETTER)


def images():
    rng = np.random.default_rng(0)
    for count in (5, 50, 500):
        ground_truth = rng.uniform(0.5, 8, count)
        yield ground_truth * np.exp(rng.normal(0.1, 0.3, count)), ground_truth


def test_per_image_and_per_pixel():
    scores = Scores()
    for predicted, ground_truth in images():
        scores.add(predicted, ground_truth)
    everything = [np.concatenate(part) for part in zip(*images())]
    for name, metric in METRICS.items():
        values = [metric(*image) for image in images()]
        assert scores.per_image()[name] == pytest.approx(np.mean(values))
        if name != "si_rms":
            assert scores.per_pixel()[name] == pytest.approx(metric(*everything))
    centred = [np.log(p / t) - np.log(p / t).mean() for p, t in images()]
    assert scores.per_pixel()["si_rms"] == pytest.approx(np.sqrt(np.mean(np.concatenate(centred) ** 2)))
    assert set(ROOTS) < set(METRICS)


def test_small_precision_does_not_reach_the_sums():
    scores = Scores()
    scores.add(np.full(10**6, 2.2, np.float32), np.full(10**6, 2.0, np.float32))
    assert scores.per_image()["rel"] == pytest.approx(0.1, rel=1e-6)


def test_median_scaling():
    assert median_scale(np.array([1.0, 2.0, 30.0]), np.array([3.0, 5.0, 6.0])) == 2.5


def test_eigens_crop_of_nyu():
    mask = eigen_nyu_crop((480, 640))
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (45, 470, 41, 600)
    assert mask.sum() == 426 * 560


@pytest.mark.parametrize("size", [(240, 320), (120, 160), (960, 1280), (228, 304), (55, 74)])
def test_eigens_crop_at_other_sizes_takes_the_pixels_whose_centres_lie_in_it(size):
    v = (np.arange(size[0]) + 0.5) * 480 / size[0]
    u = (np.arange(size[1]) + 0.5) * 640 / size[1]
    inside = ((v >= 45) & (v < 471))[:, None] & ((u >= 41) & (u < 601))
    assert np.array_equal(eigen_nyu_crop(size), inside)


def test_crops_of_kitti():
    rows, columns = (np.flatnonzero(garg_crop((375, 1242)).any(axis)) for axis in (1, 0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (153, 371, 44, 1197)
    rows, columns = (np.flatnonzero(eigen_kitti_crop((375, 1242)).any(axis)) for axis in (1, 0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (124, 342, 44, 1197)


def test_caps():
    ground_truth = np.array([[0.0, 0.5, 10.0, 10.5, 60.0, 75.0, 80.0, 85.0]])
    counts = {"all": 5, "indoor": 2, "make3d-c1": 4, "make3d-c2": 6}
    for name, count in counts.items():
        assert ground_truth[PROTOCOLS[name].valid(ground_truth)].tolist() == [0.5, 10.0, 10.5, 60.0, 75.0, 80.0][:count]
    assert PROTOCOLS["kitti-50"].clipped(np.array([0.1, 20.0, 60.0])).tolist() == [1.0, 20.0, 50.0]


def test_unknown_protocols():
    with pytest.raises(BadInputError, match="kitti-eigen"):
        protocol_named("eigen")
