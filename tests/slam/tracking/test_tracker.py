"""slam.tracking.tracker on images of a known scene from known places."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey
from slam.tracking.tracker import Tracker, TrackerConfig, pose_std
from tests.helpers import scenes

MOTION = np.array([0.05, -0.03, 0.06, 0.02, 0.03, -0.02])


def pyramid_of(rgb, inverse_depth=NO_DEPTH):
    return build_pyramid(grey(rgb, scenes.CAMERA.size), inverse_depth, scenes.CAMERA, 4)


def keyframe_at(T_world_key, with_depth=False, **light):
    rgb, depth_m = scenes.picture(T_world_key, **light)
    pyramid = pyramid_of(rgb)
    frame = scenes.frame(0, T_world_key)
    return Keyframes(KeyframeConfig()).make(frame, pyramid, 1 / depth_m, 0.0, with_grid=with_depth)


def track(T_world_cam, keyframe, T_cam_key, with_depth=False, **light):
    rgb, depth_m = scenes.picture(T_world_cam, **light)
    return Tracker(TrackerConfig()).track(pyramid_of(rgb, 1 / depth_m if with_depth else NO_DEPTH), keyframe, T_cam_key)


def error(T_a, T_b):
    """(metres, radians)"""
    difference = se3.inverse(T_a) @ T_b
    return np.linalg.norm(difference[:3, 3]), se3.rotation_angle_rad(difference)


@pytest.mark.parametrize("with_depth", [False, True])
def test_forward(with_depth):
    T_cam_key = se3.exp(MOTION)
    result = track(se3.inverse(T_cam_key), keyframe_at(np.eye(4), with_depth), np.eye(4), with_depth)
    metres, radians = error(result.T_cam_key, T_cam_key)
    assert result.converged and metres < 1e-3 and radians < 1e-3


def test_inverse_undoes_forward():
    T_world_cam = se3.inverse(se3.exp(MOTION))
    forward = track(T_world_cam, keyframe_at(np.eye(4)), np.eye(4))
    backward = track(np.eye(4), keyframe_at(T_world_cam), np.eye(4))
    metres, radians = error(forward.T_cam_key @ backward.T_cam_key, np.eye(4))
    assert metres < 2e-3 and radians < 2e-3


def test_from_disturbed_starts():
    T_cam_key = se3.exp(MOTION)
    keyframe = keyframe_at(np.eye(4))
    rng = np.random.default_rng(0)
    for _ in range(12):
        start = se3.exp(rng.normal(scale=0.03, size=6)) @ T_cam_key
        metres, radians = error(track(se3.inverse(T_cam_key), keyframe, start).T_cam_key, T_cam_key)
        assert metres < 1e-3 and radians < 1e-3


def test_brightness_is_estimated_along():
    T_cam_key = se3.exp(0.5 * MOTION)
    result = track(se3.inverse(T_cam_key), keyframe_at(np.eye(4)), np.eye(4), gain=0.7, bias=0.1)
    metres, _ = error(result.T_cam_key, T_cam_key)
    assert metres < 1e-3
    assert result.affine[0] == pytest.approx(np.log(0.7), abs=0.02) and result.affine[1] == pytest.approx(0.1, abs=0.01)


def test_standing_still_leaves_the_pose():
    result = track(np.eye(4), keyframe_at(np.eye(4)), np.eye(4))
    metres, radians = error(result.T_cam_key, np.eye(4))
    assert metres < 1e-6 and radians < 1e-6 and result.overlap == 1 and result.correlation > 0.999


def test_the_record_explains_itself():
    result = track(se3.inverse(se3.exp(MOTION)), keyframe_at(np.eye(4)), np.eye(4))
    assert len(result.iterations) == 4 and all(1 <= n <= 10 for n in result.iterations)
    assert 0.5 < result.overlap <= 1 and 0.9 < result.inlier_share <= 1
    assert result.information.shape == (6, 6) and np.linalg.eigvalsh(result.information).min() > 0
    assert result.stop_reason in ("converged", "max_iterations")
    assert np.allclose(result.T_cam_key[:3, :3] @ result.T_cam_key[:3, :3].T, np.eye(3), atol=1e-12)


def noise(level, std):
    rng = np.random.default_rng(0)
    return np.clip(rng.normal(level, std, (*scenes.CAMERA.size, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("rgb", [noise(0, 0), noise(255, 0), noise(5, 2), noise(120, 3), noise(128, 60)],
                         ids=["black", "white", "covered lens", "blank wall", "noise"])
@pytest.mark.parametrize("with_depth", [False, True])
def test_images_without_the_scene_are_lost(rgb, with_depth):
    depth = np.full(scenes.CAMERA.size, 0.5, np.float32) if with_depth else NO_DEPTH
    result = Tracker(TrackerConfig()).track(pyramid_of(rgb, depth), keyframe_at(np.eye(4), with_depth), np.eye(4))
    assert not result.converged and result.stop_reason == "unlike_images"


def test_another_direction_is_lost():
    T_world_cam = se3.exp(np.array([0, 0, 0, 0, np.pi / 2, 0]))
    assert not track(T_world_cam, keyframe_at(np.eye(4)), np.eye(4)).converged


def test_a_rolled_camera_is_tracked():
    """Far about the viewing direction: an increment in the keyframe's axes would go sideways."""
    T_cam_key = se3.exp(np.array([0.02, -0.03, 0.04, 0, 0, np.pi / 3]))
    start = se3.exp(np.array([0.03, -0.02, 0.02, 0.015, -0.02, 0.01])) @ T_cam_key
    metres, radians = error(track(se3.inverse(T_cam_key), keyframe_at(np.eye(4)), start).T_cam_key, T_cam_key)
    assert metres < 1e-3 and radians < 1e-3


def test_a_sliver_of_the_keyframe_is_too_little():
    """Exactly aligned, but with less than a quarter of the keyframe's points in view."""
    T_cam_key = se3.exp(np.array([0, 0, 0, 0, 0.83, 0]))
    result = track(se3.inverse(T_cam_key), keyframe_at(np.eye(4)), T_cam_key)
    assert 0.1 < result.overlap < TrackerConfig().min_overlap and result.correlation > 0.9
    assert not result.converged and result.stop_reason == "little_overlap"


def test_nothing_in_view_is_lost():
    start = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
    result = track(np.eye(4), keyframe_at(np.eye(4)), start)
    assert not result.converged and result.stop_reason == "too_few_residuals"


def stripes(contrast_along, wall_m=2.0):
    """Tracking of a wall of vertical stripes, which have structure along them of this contrast, against itself."""
    v, u = np.mgrid[:120, :160]
    gray = (0.5 + 0.3 * np.sin(u / 5) + contrast_along * np.sin(v / 5)).astype(np.float32)
    pyramid = build_pyramid(gray, NO_DEPTH, scenes.CAMERA, 4)
    wall = np.full(scenes.CAMERA.size, 1 / wall_m, np.float32)
    keyframe = Keyframes(KeyframeConfig()).make(scenes.frame(0, np.eye(4)), pyramid, wall, 0.0, with_grid=False)
    return Tracker(TrackerConfig()).track(pyramid, keyframe, np.eye(4))


def test_stripes_leave_the_pose_along_them_undetermined():
    """A wall of vertical stripes looks the same from anywhere along them."""
    assert stripes(0).stop_reason == "singular" and not stripes(0).converged


@pytest.mark.parametrize("wall_m", [0.2, 2, 20])
@pytest.mark.parametrize("contrast_along, is_determined", [(1e-4, False), (1e-3, True)])
def test_what_hardly_changes_along_stripes_determines_too_little(contrast_along, is_determined, wall_m):
    """Standard deviations of 7 and 0.7 cm of a wall 2 m away, and as much of any other: 2 % are too much."""
    result = stripes(contrast_along, wall_m)
    assert pose_std(result.information)[0] / wall_m == pytest.approx(3.5e-6 / contrast_along, rel=0.1)
    assert result.converged == is_determined
    assert is_determined or result.stop_reason == "undetermined"


def test_pose_std_of_a_diagonal_information():
    assert np.allclose(pose_std(np.diag([4.0, 16, 100, 25, 400, 100])), [0.5, 0.2])


def test_what_is_always_in_view_does_not_count_where_it_is_masked():
    T_cam_key, usable = se3.exp(MOTION), np.ones(scenes.CAMERA.size, bool)
    usable[50:] = False
    body = np.random.default_rng(0).integers(0, 255, (*scenes.CAMERA.size, 3)).astype(np.uint8)
    def with_body(T_world_cam):
        return np.where(usable[..., None], scenes.picture(T_world_cam)[0], body)
    gray = grey(with_body(np.eye(4)), scenes.CAMERA.size)
    rho = np.where(usable, 1 / scenes.picture(np.eye(4))[1], 0).astype(np.float32)
    keyframe = Keyframes(KeyframeConfig()).make(scenes.frame(0, np.eye(4)),
                                                build_pyramid(gray, NO_DEPTH, scenes.CAMERA, 4), rho, 0.0, False)
    live = grey(with_body(se3.inverse(T_cam_key)), scenes.CAMERA.size)
    pyramid = build_pyramid(live, NO_DEPTH, scenes.CAMERA, 4, usable)
    result = Tracker(TrackerConfig()).track(pyramid, keyframe, np.eye(4))
    assert result.converged and max(error(result.T_cam_key, T_cam_key)) < 3e-3
    assert result.inlier_share > 0.95 and result.overlap < 0.95  # points that the body hides are out of view
