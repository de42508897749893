"""benchmarks/ablation.py: what is left out does nothing, and the rest does what it did."""

from itertools import pairwise

import numpy as np
import pytest

from benchmarks.ablation import ABLATION, PARTS, WHOLE, without
from benchmarks.accuracy import spread
from calib.geometry import se3
from monofuse.arguments import parse_arguments
from monofuse.opening import configuration
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.keyframe_windows import WALK, filled, small_pose_errors

POSES = scenes.walk(30, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))


def config_with(options):
    return configuration(parse_arguments(["--depth", "mobile", *options]))


def after_walk(config):
    slam = SlamSystem(scenes.CAMERA, config)
    for frame in scenes.bent_frames(POSES):
        slam.process(frame)
    slam.finish()
    return slam


def test_without_the_window_keyframes_stay_and_points_are_still_located():
    errors = small_pose_errors(4)
    window = filled(4, errors, config_with(without("window")).refinement.window)
    start = [se3.inverse(T @ error) for T, error in zip(WALK, errors)]
    assert np.array_equal(window.T_cam_world, start) and window.is_good.sum() > 100
    assert not np.array_equal(filled(4, errors).T_cam_world, start)


def test_without_stereo_every_keyframe_is_finished_and_geometry_is_of_points_alone():
    slam = after_walk(config_with(without("stereo")))
    assert len(slam.keyframes) > 3 and not slam.depth.refiner.unfinished and slam.depth.refiner.response.slope == 1
    whole = after_walk(SlamConfig.for_network())
    assert not np.array_equal(whole.keyframes.items[1].inverse_depth, slam.keyframes.items[1].inverse_depth)


def test_each_row_of_the_ablation_has_one_part_more():
    configs = [config_with(setting.options) for setting in ABLATION]
    assert configs[0].refinement is configs[0].adjustment is configs[0].final_depth is None
    assert configs[0].loops.max_waiting == 0
    assert configs[-1] == config_with(WHOLE.options) == SlamConfig.for_network() and ABLATION[-1].options == ()
    assert all(a != b for a, b in pairwise(setting.options for setting in ABLATION))
    assert all(a != b for a, b in pairwise(configs[:-2]))
    assert all(config == configs[-1] for config in configs[-3:])
    learning = [parse_arguments(setting.options).adapt for setting in ABLATION]
    passes = [parse_arguments(setting.options).passes for setting in ABLATION]
    assert learning == ["off"] * (len(ABLATION) - 2) + [None] * 2 and passes == [1] * (len(ABLATION) - 1) + [None]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_left_out_alone(part):
    arguments, default = parse_arguments(without(part)), parse_arguments([])
    assert config_with(without(part)) != SlamConfig.for_network() or (arguments.adapt, arguments.passes) != (
        default.adapt, default.passes)


def test_mean_and_range():
    assert spread([1.0, 2.0, 6.0], 1) == "3.0 (1.0 to 6.0)"
