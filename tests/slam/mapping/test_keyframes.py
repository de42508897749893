"""slam.mapping.keyframes: what makes one, and when a new one is due."""

from types import SimpleNamespace

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey
from tests.helpers import scenes

CONFIG = KeyframeConfig()


def made(rgb, depth_m, config=CONFIG, with_grid=False):
    pyramid = build_pyramid(grey(rgb, scenes.CAMERA.size), NO_DEPTH, scenes.CAMERA, 4)
    rho = np.where(depth_m > 0, 1 / np.maximum(depth_m, 1e-3), 0).astype(np.float32)
    return Keyframes(config).make(scenes.frame(7, np.eye(4)), pyramid, rho, 0.05, with_grid)


def test_points_are_where_the_image_says():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframe = made(rgb, depth_m)
    points = keyframe.points[0].astype(np.float64)
    u, v = np.round(scenes.CAMERA.project(points[:3].T)).astype(int).T
    assert np.allclose(points[2], depth_m[v, u], rtol=1e-5)
    assert np.allclose(points[3], grey(rgb, scenes.CAMERA.size)[v, u], atol=1e-5)
    assert np.all(np.hypot(points[4], points[5]) > 4 / 255) and np.all(points[6] == np.float32(0.05))
    assert keyframe.median_depth_m == pytest.approx(np.median(depth_m), rel=0.01)


def test_points_are_capped_per_level():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframe = made(rgb, depth_m, KeyframeConfig(max_points=(500, 400, 300, 200)))
    assert all(0 < p.shape[1] <= n for p, n in zip(keyframe.points, (500, 400, 300, 200)))


def test_a_blank_or_blind_image_makes_none():
    rgb, depth_m = scenes.picture(np.eye(4))
    assert made(np.full_like(rgb, 90), depth_m) is None
    assert made(rgb, np.zeros_like(depth_m)) is None


def test_measured_depth_also_counts_where_nothing_is_drawn():
    rgb, depth_m = scenes.picture(np.eye(4))
    assert made(np.full_like(rgb, 90), depth_m, with_grid=True).points[0].shape[1] > 500


def tracked(T_cam_key, overlap=1.0):
    return SimpleNamespace(T_cam_key=T_cam_key, overlap=overlap)


def test_a_new_one_is_due_after_moving_turning_or_losing_sight():
    rgb, depth_m = scenes.picture(np.eye(4))
    config = KeyframeConfig()
    keyframes = Keyframes(config)
    keyframes.add(made(rgb, depth_m), np.eye(4))
    move = config.max_baseline * keyframes.reference.median_depth_m
    turn = config.max_rotation_rad
    for xi, wanted in (([0.9 * move, 0, 0, 0, 0, 0], False), ([0, 0, 1.1 * move, 0, 0, 0], True),
                       ([0, 0, 0, 0, 0.9 * turn, 0], False), ([0, 0, 0, 0, 0, 1.1 * turn], True)):
        assert keyframes.needs_new(tracked(se3.exp(np.array(xi)))) == wanted
    assert keyframes.needs_new(tracked(np.eye(4), config.min_overlap - 0.01))


def test_adding_makes_it_the_reference():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    T = se3.exp(np.array([1.0, 2, 3, 0.1, 0.2, 0.3]))
    keyframes.add(made(rgb, depth_m), np.eye(4))
    keyframes.add(second := made(rgb, depth_m), T)
    assert len(keyframes) == 2 and keyframes.reference is second and np.array_equal(keyframes.T_world_key[1], T)


def test_another_depth_moves_the_points_along_their_rays():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    pyramid = build_pyramid(grey(rgb, scenes.CAMERA.size), NO_DEPTH, scenes.CAMERA, 4)
    keyframe = made(rgb, depth_m)
    before = [points.copy() for points in keyframe.points]
    keyframes.redraw(keyframe, pyramid, (1 / (2 * depth_m)).astype(np.float32), 0.05)
    assert all(np.allclose(a[:3], 2 * b[:3], rtol=1e-3) for a, b in zip(keyframe.points, before))
    assert keyframe.median_depth_m == pytest.approx(2 * np.median(depth_m), rel=0.01)
    keyframes.redraw(keyframe, pyramid, np.zeros_like(depth_m), 0.05)
    assert keyframe.inverse_depth.any() and np.allclose(keyframe.points[0][:3], 2 * before[0][:3], rtol=1e-3)


def test_a_keyframe_grows_with_all_that_is_seen_from_it():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    for _ in range(2):
        keyframes.add(made(rgb, depth_m), np.eye(4))
    grown, same = keyframes.items
    for growth in (2.0, 1.5):
        factor = keyframes.move(sim3.similarity(keyframes.T_world_key, keyframes.scale * (growth, 1)))
        assert np.allclose(factor, (growth, 1))
    assert np.allclose(keyframes.scale, (3, 1)) and np.array_equal(same.inverse_depth, (1 / depth_m))
    for ours, theirs in zip(grown.points, same.points):
        np.testing.assert_allclose(ours[:3], 3 * theirs[:3], rtol=1e-6)
        np.testing.assert_array_equal(ours[3:], theirs[3:])
    np.testing.assert_allclose(grown.inverse_depth, same.inverse_depth / 3, rtol=1e-6)
    assert grown.median_depth_m == pytest.approx(3 * same.median_depth_m)
    assert np.allclose(keyframes.S_world_key()[0][:3, :3], 3 * np.eye(3))


def test_looking_at_depth_from_aside_changes_no_bit_of_it():
    rgb, depth_m = scenes.picture(np.eye(4))
    seen, unseen = made(rgb, depth_m), made(rgb, depth_m)
    for growth in (1.0377, 0.9613, 1.0129):
        for keyframe in (seen, unseen):
            keyframe.rescale(growth)
        np.testing.assert_allclose(seen.inverse_depth_aside() * 2, 2 / (depth_m * seen.growth), rtol=1e-6)
    assert np.array_equal(seen.inverse_depth, unseen.inverse_depth)
    assert np.array_equal(seen.points[0], unseen.points[0])


def test_a_keyframe_keeps_its_image():
    rgb, depth_m = scenes.picture(np.eye(4))
    assert np.array_equal(made(rgb, depth_m).gray_u8, np.round(255 * grey(rgb, scenes.CAMERA.size)))


def test_many_moves_leave_rotations_rigid():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    keyframes.add(made(rgb, depth_m), np.eye(4))
    S = sim3.exp(np.array([0.1, 0, 0.2, 0.3, -0.2, 0.1, 0.02]))
    S[:3, :3] += 1e-7
    for _ in range(60):
        keyframes.move(sim3.similarity(keyframes.T_world_key, keyframes.scale) @ sim3.inverse(S) @ S)
    R = keyframes.T_world_key[0, :3, :3]
    assert np.allclose(R @ R.T, np.eye(3), atol=1e-12)


def test_what_is_stored_grows_when_it_is_looked_at_and_once():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    keyframes.add(keyframe := made(rgb, depth_m), np.eye(4))
    points, depth, median_m = keyframe.points[1].copy(), keyframe.inverse_depth.copy(), keyframe.median_depth_m
    stored = keyframe.stored_inverse_depth
    for factor in (1.5, 2.0):
        keyframes.move(sim3.scaling(keyframes.scale[0] * factor)[None])
    assert keyframe.median_depth_m == pytest.approx(3 * median_m) and np.array_equal(stored, depth)
    for _ in range(2):
        assert np.allclose(keyframe.points[1][:3], 3 * points[:3]) and np.allclose(keyframe.inverse_depth, depth / 3)
        assert np.array_equal(keyframe.points[1][3:], points[3:])
    assert keyframe.inverse_depth is stored


def test_distance_counts_metres_in_depths_and_radians():
    rgb, depth_m = scenes.picture(np.eye(4))
    keyframes = Keyframes(KeyframeConfig())
    keyframes.add(made(rgb, depth_m), np.eye(4))
    keyframes.add(made(rgb, depth_m), se3.exp(np.array([0, 0, 0, 0, 0.2, 0])))
    m = keyframes.reference.median_depth_m
    at = se3.exp(np.array([0.1 * m, 0, 0, 0, 0, 0]))
    assert np.allclose(keyframes.distance_to(at), [0.1, 0.3], atol=1e-6)
    keyframes.reference.row, keyframes.submap[0] = 1, 7
    assert np.isinf(keyframes.distance_to(at)).tolist() == [True, False]
