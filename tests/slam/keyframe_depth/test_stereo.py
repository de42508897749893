"""slam.keyframe_depth.stereo and its kernels: against slow references, and in a box of which everything is known."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from slam.kernels.stereo import UNKNOWN, aggregate, matching_costs
from slam.keyframe_depth.stereo import StereoConfig, measure_depth, photometric_cost, refine_depth
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from tests.helpers import references, scenes

RNG = np.random.default_rng(0)
SIDEWAYS = [se3.exp(np.array([x, 0.3 * x, 0.02, 0.01, -0.1 * x, 0])) for x in (-0.3, -0.15, 0.15, 0.3)]
"""T_world_cam; the keyframe stands at the identity."""


def pyramid_of(rgb):
    return build_pyramid(rgb.astype(np.float32).mean(-1) / 255, NO_DEPTH, scenes.CAMERA, 2)


def seen_from(T_world_cam):
    rgb, depth_m = scenes.picture(T_world_cam)
    return pyramid_of(rgb), 1 / depth_m


def refined(assumed, poses=SIDEWAYS, **changes):
    key, _ = seen_from(np.eye(4))
    return refine_depth(key, assumed.astype(np.float32), [seen_from(T)[0] for T in poses],
                        se3.inverse(np.array(poses)), replace(StereoConfig(), **changes))


def log_error(stereo):
    """Inside the border, where the left and right edge have no window."""
    return np.log(stereo.inverse_depth / seen_from(np.eye(4))[1])[8:-8, 8:-8]


@pytest.mark.parametrize("contrast", [1, 0.03])
def test_costs_match_the_reference(contrast):
    """Also where there is as little texture as noise, and correlation is no more than chance."""
    camera = scenes.CAMERA.resized((30, 40))
    gray, *others = np.float32(contrast) * RNG.random((3, 30, 40), np.float32)
    inverse_depth = RNG.uniform(0.3, 0.6, (30, 40)).astype(np.float32)
    T = np.array([se3.exp(np.array([0.4, -0.1, 0.1, 0.02, 0.05, 0.1])), se3.exp(np.array([-1.5, 0, 0, 0, 0, 0]))])
    factors = np.array([0.8, 1.25], np.float32)
    costs = np.empty((30, 40, 2), np.float32)
    matching_costs(gray, inverse_depth, factors, np.array(camera.pinhole, np.float32), np.stack(others),
                   T[:, :3].astype(np.float32), costs)
    for u, v in [(2, 0), (5, 4), (20, 15), (37, 29), (31, 8)]:
        for d, factor in enumerate(factors):
            each = [references.window_dissimilarity(gray, inverse_depth, (u, v), factor, camera, other, T_other_key)
                    for other, T_other_key in zip(others, T)]
            seen = [cost for cost in each if cost is not None]
            assert costs[v, u, d] == pytest.approx(np.mean(seen) if seen else UNKNOWN, abs=2e-3)
    assert np.all(costs[:, :2] == UNKNOWN)


def test_sums_along_paths_match_the_reference():
    costs = RNG.integers(0, 2000, (7, 9, 6)).astype(np.uint16)
    stiffness = RNG.uniform(0.2, 1, (7, 9)).astype(np.float32)
    total, path = np.empty((2, *costs.shape), np.uint16)
    aggregate(costs, stiffness, np.float32(200), np.float32(900), path, total)
    assert np.array_equal(total, references.semi_global(costs, stiffness, np.float32(200), np.float32(900)))


@pytest.mark.parametrize("factor", [0.75, 1.3])
def test_wrong_scale_and_shape_are_found(factor):
    _, ground_truth = seen_from(np.eye(4))
    bend = np.exp(0.15 * np.sin(np.linspace(0, 3, ground_truth.shape[1])))
    before, after = np.abs(np.log(factor * bend)).mean(), np.abs(log_error(refined(factor * bend * ground_truth)))
    assert np.median(after) < 0.02 and after.mean() < 0.3 * before


def test_the_deviation_tells_where_it_errs():
    _, ground_truth = seen_from(np.eye(4))
    stereo = refined(1.2 * ground_truth)
    error, std = np.abs(log_error(stereo)), stereo.log_std[8:-8, 8:-8]
    sure = std < np.median(std)
    assert np.median(error[sure]) < np.median(error[~sure]) and np.median(error / std) < 1
    near = [se3.exp(0.2 * se3.log(T)) for T in SIDEWAYS]
    assert np.median(refined(1.2 * ground_truth, near).log_std) > 1.5 * np.median(stereo.log_std)


def test_turning_says_nothing_of_depth():
    """Without parallax every ratio explains the images: what was assumed stays."""
    _, ground_truth = seen_from(np.eye(4))
    turns = [se3.exp(np.array([0, 0, 0, 0.02, angle, 0])) for angle in (-0.06, 0.06)]
    stereo = refined(1.3 * ground_truth, turns)
    assert np.abs(np.log(stereo.inverse_depth / (1.3 * ground_truth))).max() < 0.05


def test_a_blank_place_takes_the_ratio_around_it():
    blank = (slice(45, 75), slice(60, 100))
    pyramids = []
    for T in [np.eye(4), *SIDEWAYS]:
        rgb, _ = scenes.picture(T)
        _, points = scenes.cast(T)
        rgb[(np.abs(points[..., 0]) < 0.35) & (np.abs(points[..., 1]) < 0.25) & (points[..., 2] > 2.49)] = 128
        pyramids.append(pyramid_of(rgb))
    _, ground_truth = seen_from(np.eye(4))
    stereo = refine_depth(pyramids[0], (1.3 * ground_truth).astype(np.float32), pyramids[1:],
                          se3.inverse(np.array(SIDEWAYS)), StereoConfig())
    assert np.median(np.abs(np.log(stereo.inverse_depth / ground_truth)[blank])) < 0.05


def test_unknown_depth_stays_unknown():
    _, ground_truth = seen_from(np.eye(4))
    assumed = ground_truth.copy()
    assumed[:40] = 0
    stereo = refined(assumed)
    assert np.all(stereo.inverse_depth[:40] == 0) and np.isfinite(stereo.log_std).all()


def test_the_same_input_gives_the_same_output_wherever_it_lies_in_memory():
    poses = [se3.exp(np.array([x, 0, 0.02, 0.01, -0.1 * x, 0])) for x in (-0.3, 0.3)]
    first = refined(seen_from(np.eye(4))[1], poses)
    kept = []
    for k in range(30):
        kept.append([np.empty(size, np.float32) for size in RNG.integers(1, 40_000, 20)])
        again = refined(seen_from(np.eye(4))[1], poses)
        assert all(np.array_equal(*pair) for pair in zip(first, again)), k


def test_measured_depth_says_where_images_are_silent():
    """A blank strip has no evidence of its own, whatever its surroundings say; elsewhere depth is found."""
    true = seen_from(np.eye(4))[1]
    blank = np.s_[50:80]

    def picture(T_world_cam):
        rgb, _ = scenes.picture(T_world_cam)
        rgb = rgb.copy()
        rgb[blank] = 128
        return pyramid_of(rgb)
    measured = measure_depth(picture(np.eye(4)), (1.2 * true).astype(np.float32), [picture(T) for T in SIDEWAYS],
                             se3.inverse(np.array(SIDEWAYS)), StereoConfig())
    inside, outside = measured.log_std[32:35, 8:-8], measured.log_std[5:18, 8:-8]
    assert np.median(inside) > 3 * np.median(outside) and np.median(outside) < 0.1
    expected = -np.log(true)[::2, ::2][5:18, 8:-8]
    assert np.median(np.abs(measured.log_depth[5:18, 8:-8] - expected)) < 0.03


def test_images_are_explained_best_by_the_depth_that_they_show():
    true = seen_from(np.eye(4))[1].astype(np.float32)

    def cost(inverse_depth):
        return photometric_cost(seen_from(np.eye(4))[0], inverse_depth, [seen_from(T)[0] for T in SIDEWAYS],
                                se3.inverse(np.array(SIDEWAYS)), StereoConfig())
    assert cost(true) < 0.5 * cost(np.float32(1.15) * true) and cost(true) < 0.5 * cost(np.float32(0.87) * true)
