"""slam.keyframe_depth.keyframe_window and slam.keyframe_depth.refinement in a box of which everything is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calib.geometry import se3
from slam.keyframe_depth.keyframe_window import Window, unique_minimum
from slam.keyframe_depth.refinement import RefinementConfig, Refiner
from slam.mapping.paged_memory import PagedMemory
from tests.helpers import scenes
from tests.helpers.keyframe_windows import CONFIG, WALK, filled, pyramid_at, small_pose_errors


def pose_errors(window):
    return np.array([np.linalg.norm(se3.log(T @ WALK[f.row])) for T, f in zip(window.T_cam_world, window.frames)])


def test_keyframes_and_points_come_to_where_they_belong():
    errors = small_pose_errors(5)
    window = filled(5, errors)
    wrong_by = np.mean([np.linalg.norm(se3.log(error)) for error in errors])
    assert pose_errors(window).mean() < 0.3 * wrong_by
    assert window.is_good.sum() > 100
    u, v, rho = window.located(se3.inverse(WALK[2]), scenes.CAMERA)
    ground_truth = pyramid_at(WALK[2])[1][v, u]
    assert len(u) > 100 and np.median(np.abs(np.log(rho / ground_truth))) < 0.02


def test_the_oldest_keyframe_leaves_with_its_points():
    window = filled(6, [np.eye(4)] * 6, replace(CONFIG, frames=4))
    assert [frame.row for frame in window.frames] == [2, 3, 4, 5]
    assert set(window.points.host) == {0, 1, 2, 3} and len(window.T_cam_world) == len(window.affine) == 4
    assert len(window.is_good) == len(window.points.rho)


def test_a_window_that_is_moved_and_grown_sees_the_same():
    window = filled(4, [np.eye(4)] * 4)
    u, v, rho = window.located(se3.inverse(WALK[1]), scenes.CAMERA)
    T_move = se3.exp(np.array([1.0, -2.0, 0.5, 0.3, 0.2, -0.4]))
    T_world_key = T_move @ se3.inverse(window.T_cam_world)
    T_world_key[:, :3, 3] *= 2
    window.move(T_world_key, np.full(4, 2.0))
    camera_there = T_move @ WALK[1]
    camera_there[:3, 3] *= 2
    moved = window.located(se3.inverse(camera_there), scenes.CAMERA)
    assert np.array_equal(moved[0], u) and np.array_equal(moved[1], v) and np.allclose(moved[2], rho / 2, rtol=1e-9)


def test_one_image_alone_changes_nothing():
    window = filled(1, [np.eye(4)])
    assert np.array_equal(window.T_cam_world[0], np.eye(4)) and not window.is_good.any()


def test_a_camera_that_stands_still_locates_nothing():
    """Without parallax every depth explains the images."""
    window = Window(CONFIG)
    for row in range(3):
        pyramid, rho = pyramid_at(np.eye(4))
        window.add(row, np.eye(4), (0, 0), pyramid, rho, np.full(rho.shape, 0.3, np.float32))
        window.adjust()
    assert not window.is_good.any() and np.allclose(window.T_cam_world, np.eye(4), atol=1e-4)


def test_a_minimum_counts_where_it_is_low_inside_and_alone():
    place = np.arange(40)
    valley = np.minimum(0.1 + 0.2 * np.abs(place - 17), 3.0)
    two = np.minimum(valley, 0.15 + 0.2 * np.abs(place - 30))
    slope = 0.1 + 0.1 * place
    best, is_found = unique_minimum(np.array([valley, two, slope, valley + 1]), 0.6, 1.5)
    assert best[0] == 17 and is_found.tolist() == [True, False, False, False]


@pytest.fixture
def refiner():
    refiner = Refiner(scenes.CAMERA, RefinementConfig(window=CONFIG), PagedMemory())
    for row, T in enumerate(WALK[:5]):
        pyramid, rho = pyramid_at(T)
        refiner.add(row, T, None, SimpleNamespace(pyramid=pyramid, inverse_depth=rho), rho)
        refiner.window.adjust()
    return refiner


def test_a_bent_prediction_is_straightened_by_the_points(refiner):
    ground_truth = pyramid_at(WALK[3])[1]
    bend = np.exp(0.3 + 0.25 * np.linspace(-1, 1, ground_truth.shape[1])[None] * np.ones((ground_truth.shape[0], 1)))
    depth = refiner.dense((ground_truth * bend).astype(np.float32), WALK[3])
    before, after = np.abs(np.log(bend / np.exp(0.3))), np.abs(np.log(depth.inverse_depth / ground_truth))
    assert after.mean() < 0.4 * before.mean()
    assert depth.log_scale == pytest.approx(0.3, abs=0.1)


def test_a_view_without_points_says_nothing(refiner):
    T_behind = WALK[3] @ se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
    assert refiner.dense(np.ones(scenes.CAMERA.size, np.float32), T_behind) is None


def test_without_a_prediction_points_bend_nothing(refiner):
    assert refiner.dense(np.zeros(scenes.CAMERA.size, np.float32), WALK[3]) is None


def test_brightness_is_carried_along():
    """Log gain and bias of a keyframe against the first, through those against the one before."""
    refiner = Refiner(scenes.CAMERA, RefinementConfig(window=CONFIG), PagedMemory())
    tracked = type("Tracked", (), {"affine": (0.1, 0.02)})
    pyramid, rho = pyramid_at(WALK[0])
    refiner.window.add(0, WALK[0], (0.2, 0.05), pyramid, rho, np.full(rho.shape, 0.3, np.float32))
    gain, bias = np.exp(0.1), 0.02
    first = 0.4
    seen_by_last = np.exp(0.2) * first + 0.05
    log_gain, total_bias = refiner._affine(tracked)
    assert np.exp(log_gain) * first + total_bias == pytest.approx(gain * seen_by_last + bias)
