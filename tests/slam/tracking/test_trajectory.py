"""slam.tracking.trajectory: the trajectory by the keyframes' present poses, with their scale, by submap."""

from types import SimpleNamespace

import numpy as np

from calib.geometry import se3
from slam.tracking.trajectory import RelativeTrajectory

STEP = se3.exp(np.array([1.0, 0, 0, 0, 0, 0]))


def keyframes(scale=(1.0, 1.0), submap=(0, 0)):
    return SimpleNamespace(T_world_key=np.stack([np.eye(4), STEP]), scale=np.array(scale), submap=np.array(submap))


def filled(at_scale=(1.0, 1.0)):
    log = RelativeTrajectory()
    for time_s, row in enumerate((0, 0, 1, 1, 1)):
        log.add(float(time_s), row, STEP, keyframes(at_scale))
    return log


def test_positions_follow_keyframes_and_their_scale():
    times_s, T = filled().in_world(keyframes(scale=(1.0, 3.0)), 0)
    assert np.array_equal(times_s, range(5))
    assert np.allclose(T[:, 0, 3], [1, 1, 4, 4, 4])


def test_what_is_logged_at_a_scale_comes_out_at_it():
    assert np.allclose(filled((1.0, 2.0)).in_world(keyframes((1.0, 2.0)), 0)[1][:, 0, 3], [1, 1, 2, 2, 2])


def test_submaps_are_told_apart_the_longest_first():
    log, apart = filled(), keyframes(submap=(0, 1))
    assert log.main_submap(apart) == 1 and log.main_submap(keyframes()) == 0
    assert [part["frames"] for part in log.submaps(apart)] == [3, 2]
    assert log.submaps(apart)[1] == {"submap": 0, "frames": 2, "from_s": 0.0, "to_s": 1.0, "keyframes": 1}
    assert np.array_equal(log.in_world(apart, 0)[0], [0, 1])


def test_nothing_logged_is_an_empty_path():
    times_s, T = RelativeTrajectory().in_world(keyframes(), 0)
    assert len(times_s) == 0 and T.shape == (0, 4, 4) and RelativeTrajectory().main_submap(keyframes()) == 0
