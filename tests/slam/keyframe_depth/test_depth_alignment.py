"""slam.keyframe_depth.depth_alignment: predictions of wrong scale and bent shape, and maps of a part of the view."""

import numpy as np
import pytest

from slam.keyframe_depth.depth_alignment import AlignmentConfig, align_depth, bend_to_depth, bend_to_points
from slam.mapping.render import View

SIZE = (120, 160)


def view_of(depth_m, confidence=10.0):
    surface = np.zeros((*SIZE, 8), np.float32)
    surface[..., 7] = np.where(depth_m > 0, confidence, 0)
    return View(np.zeros(SIZE, np.int32), surface, depth_m.astype(np.float32), np.zeros((1, 3, 4), np.float32))


@pytest.fixture
def ground_truth_m():
    v, u = np.mgrid[: SIZE[0], : SIZE[1]]
    return 2.0 + 0.01 * u + np.where(v > 80, -1.0, 0.0)


def test_scale_is_found_exactly(ground_truth_m):
    predicted = 1.7 * ground_truth_m
    depth = align_depth((1 / predicted).astype(np.float32), view_of(ground_truth_m), 0.0, AlignmentConfig())
    assert depth.log_scale == pytest.approx(-np.log(1.7), abs=1e-5)
    assert np.allclose(1 / depth.inverse_depth, ground_truth_m, rtol=1e-4) and depth.log_spread < 1e-4


def test_scale_survives_a_third_of_outliers(ground_truth_m):
    predicted = 0.6 * ground_truth_m
    predicted[:, :50] *= 3
    depth = align_depth((1 / predicted).astype(np.float32), view_of(ground_truth_m), 0.0, AlignmentConfig())
    assert np.exp(depth.log_scale) == pytest.approx(1 / 0.6, rel=0.02)
    assert np.median(np.abs(1 / depth.inverse_depth[:, 80:] / ground_truth_m[:, 80:] - 1)) < 0.02


def test_a_smooth_bend_is_straightened_and_an_edge_is_kept(ground_truth_m):
    v, u = np.mgrid[: SIZE[0], : SIZE[1]]
    bend = 0.15 * np.sin(u / 50) + 0.1 * np.cos(v / 40)
    predicted = 1.3 * ground_truth_m * np.exp(bend)
    depth = align_depth((1 / predicted).astype(np.float32), view_of(ground_truth_m), 0.0, AlignmentConfig())
    after = np.abs(1 / depth.inverse_depth / ground_truth_m - 1)
    assert np.median(after) < 0.015 < 0.08 < np.median(np.abs(np.exp(bend) - 1))
    edge = depth.inverse_depth[81] / depth.inverse_depth[80]
    assert np.allclose(edge, ground_truth_m[80] / ground_truth_m[81], rtol=0.02)


def test_what_the_map_does_not_know_gets_the_scale_alone(ground_truth_m):
    known = ground_truth_m.copy()
    known[:, 60:] = 0
    depth = align_depth((1 / (2 * ground_truth_m)).astype(np.float32), view_of(known), 0.0, AlignmentConfig())
    assert np.allclose(1 / depth.inverse_depth[:, 150:], ground_truth_m[:, 150:], rtol=1e-3)


def test_an_object_the_map_has_not_seen_stays(ground_truth_m):
    predicted = ground_truth_m.copy()
    predicted[30:70, 60:100] = 0.8
    depth = align_depth((1 / predicted).astype(np.float32), view_of(ground_truth_m), 0.0, AlignmentConfig())
    assert np.allclose(1 / depth.inverse_depth[35:65, 65:95], 0.8, rtol=0.02)


def test_without_common_ground_the_last_scale_is_kept(ground_truth_m):
    nothing = view_of(np.zeros(SIZE))
    depth = align_depth((1 / ground_truth_m).astype(np.float32), nothing, np.log(1.5), AlignmentConfig())
    assert np.allclose(1 / depth.inverse_depth, 1.5 * ground_truth_m, rtol=1e-5) and depth.log_scale == np.log(1.5)


def test_holes_in_the_prediction_stay_holes(ground_truth_m):
    predicted = (1 / ground_truth_m).astype(np.float32)
    predicted[10:20] = 0
    depth = align_depth(predicted, view_of(ground_truth_m), 0.0, AlignmentConfig())
    assert not depth.inverse_depth[10:20].any() and np.isfinite(depth.inverse_depth).all()


@pytest.mark.parametrize("count, weight", [(5, 0.60), (501, 0.015)])
def test_few_points_that_disagree_do_not_outweigh_the_usual_scale(count, weight):
    """Points say 1.0 with a spread of 0.3, three in ten count; the usual is 0.0 with a deviation of 0.2."""
    rng = np.random.default_rng(1)
    u, v = rng.integers(0, SIZE[1], count), rng.integers(0, SIZE[0], count)
    log_ratio = 1.0 + 0.3 * np.sign(np.arange(count) - count // 2) * (np.arange(count) != count // 2) / 1.4826
    rho = 0.5 * np.exp(-log_ratio)
    inverse_depth = np.full(SIZE, 0.5, np.float32)
    free = bend_to_points(inverse_depth, u, v, rho, AlignmentConfig())
    held = bend_to_points(inverse_depth, u, v, rho, AlignmentConfig(), (0.0, 0.2))
    assert free.log_spread == pytest.approx(0.3, rel=0.01)
    assert held.log_scale == pytest.approx((1 - weight) * free.log_scale, abs=0.02)


def test_log_depth_is_bent_to_what_is_measured_and_keeps_its_shape_elsewhere():
    height, width = 60, 80
    shape = np.tile(np.linspace(0, 0.3, width, dtype=np.float32), (height, 1))
    measured, weight = shape + 0.5, np.zeros((height, width), np.float32)
    weight[:, :20] = 1
    bent = bend_to_depth(shape, np.where(weight > 0, measured, 9.0), weight, AlignmentConfig(bend_prior=0.02))
    assert np.allclose(bent, shape + 0.5, atol=1e-3)
    measured[:, :20] += 0.1 * np.linspace(1, 0, 20, dtype=np.float32)
    bent = bend_to_depth(shape, measured, weight, AlignmentConfig(bend_prior=0.02))
    assert np.abs((bent - measured)[:, :20]).max() < 0.06 < np.abs(measured - shape - np.median(measured - shape)).max()
