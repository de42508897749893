"""benchmarks/ablated.py: what is left out does nothing, and the rest does what it did."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import ablated
from benchmarks.accuracy import ABLATION, FINAL, WHOLE, spread
from calib.geometry import se3
from monofuse import run as run_slam
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.keyframe_windows import WALK, filled, small_pose_errors
from tests.helpers.slam_process import run_process

POSES = scenes.walk(30, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))


def refinement_without(part):
    return ablated.without(part, SlamConfig.for_network()).refinement


def after_walk(config):
    slam = SlamSystem(scenes.CAMERA, config)
    for frame in scenes.bent_frames(POSES):
        slam.process(frame)
    slam.finish()
    return slam


def test_without_the_window_keyframes_stay_and_points_are_still_located():
    errors = small_pose_errors(4)
    window = filled(4, errors, refinement_without("window").window)
    start = [se3.inverse(T @ error) for T, error in zip(WALK, errors)]
    assert np.array_equal(window.T_cam_world, start) and window.is_good.sum() > 100
    assert not np.array_equal(filled(4, errors).T_cam_world, start)


def test_without_stereo_every_keyframe_is_finished_and_geometry_is_of_points_alone():
    slam = after_walk(ablated.without("stereo", SlamConfig.for_network()))
    assert len(slam.keyframes) > 3 and not slam.depth.refiner.unfinished and slam.depth.refiner.response.slope == 1
    whole = after_walk(SlamConfig.for_network())
    assert not np.array_equal(whole.keyframes.items[1].inverse_depth, slam.keyframes.items[1].inverse_depth)


@pytest.mark.parametrize("config", [SlamConfig.for_network(), SlamConfig.for_sensor()])
def test_each_row_of_the_ablation_has_one_part_more(config):
    configs = []
    for setting in [setting for setting in ABLATION if not setting.options]:
        configs.append(config)
        for part in setting.without:
            configs[-1] = ablated.without(part, configs[-1])
    assert configs[0].refinement is configs[0].adjustment is None and configs[-1] == config
    assert ABLATION[-1] == FINAL and FINAL.without == WHOLE.without == ()
    if not config.depth_is_measured:
        assert all(a != b for a, b in zip(configs, configs[1:]))


def test_run_slam_runs_without_the_part(monkeypatch):
    monkeypatch.setattr(run_slam, "configuration", run_slam.configuration)
    monkeypatch.setattr(run_slam, "main", lambda argv: run_slam.configuration(run_slam.parse_arguments(argv)))
    config = ablated.main(["loops", "window"], ["--depth", "mobile", "--max-surfels", "5000"])
    assert config.loops.max_waiting == 0 and config.surfels.max_surfels == 5000
    assert config.refinement == refinement_without("window")


def test_an_unknown_part_is_refused():
    done = run_process("loops,carpet", "synthetic", program=Path(ablated.__file__))
    assert done.returncode == 1 and "PART" in done.stderr and "Traceback" not in done.stderr


def test_mean_and_range():
    assert spread([1.0, 2.0, 6.0], 1) == "3.0 (1.0 to 6.0)"
