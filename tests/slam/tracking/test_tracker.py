"""slam.tracking.tracker on images of a known scene from known places."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.mapping.keyframes import KeyframeConfig, Keyframes
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey
from slam.tracking.tracker import Tracker, TrackerConfig, TrackingResult, _marginal, motion_std
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
    assert motion_std(result.information)[0] / wall_m == pytest.approx(3.5e-6 / contrast_along, rel=0.1)
    assert result.converged == is_determined
    assert is_determined or result.stop_reason == "undetermined"


def test_motion_std_of_a_diagonal_information():
    assert np.allclose(motion_std(np.diag([4.0, 16, 100, 25, 400, 100])), [0.5, 0.2])


def disturbed_by(noise):
    """Tracking of a picture plus noise (h, w) against the picture itself, from where it was taken."""
    rgb, _ = scenes.picture(np.eye(4))
    live = build_pyramid(grey(rgb, scenes.CAMERA.size) + noise.astype(np.float32), NO_DEPTH, scenes.CAMERA, 1)
    one_level = Keyframes(KeyframeConfig()).make(scenes.frame(0, np.eye(4)), build_pyramid(
        grey(rgb, scenes.CAMERA.size), NO_DEPTH, scenes.CAMERA, 1), 1 / scenes.cast(np.eye(4))[0], 0.0, with_grid=False)
    return Tracker(TrackerConfig()).track(live, one_level, np.eye(4))


def test_correlation_is_that_of_live_and_key_intensities():
    """Noise as strong as the picture itself: one over the square root of two, a little more between pixels."""
    rgb, _ = scenes.picture(np.eye(4))
    noise = np.random.default_rng(0).normal(0, grey(rgb, scenes.CAMERA.size).std(), scenes.CAMERA.size)
    assert disturbed_by(noise).correlation == pytest.approx(0.5**0.5, abs=0.06)


def test_outliers_are_those_beyond_six_standard_deviations():
    """A tenth of the pixels are off by ten of them."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, scenes.CAMERA.size) + 0.2 * (rng.random(scenes.CAMERA.size) < 0.1)
    assert disturbed_by(noise).inlier_share == pytest.approx(0.9, abs=0.015)


def test_depth_informs_by_its_weight():
    """Information of depth, without that of intensities, grows with the weight and falls with the squared floor."""
    keyframe, (rgb, depth_m) = keyframe_at(np.eye(4), with_depth=True), scenes.picture(np.eye(4))

    def information(weight, min_sigma_per_m=1e-3):
        config = TrackerConfig(geometric_weight=weight, min_sigma_per_m=min_sigma_per_m)
        return Tracker(config).track(pyramid_of(rgb, 1 / depth_m), keyframe, np.eye(4)).information

    of_depth = information(1) - information(1e-12)
    assert np.linalg.eigvalsh(of_depth).max() > 1e5
    np.testing.assert_allclose(information(4) - information(1e-12), 4 * of_depth, rtol=0.02, atol=1e-3 * of_depth.max())
    np.testing.assert_allclose(information(1, 2e-3) - information(1e-12), of_depth / 4, rtol=0.02,
                               atol=1e-3 * of_depth.max())


@pytest.mark.parametrize("changes, reason", [
    ({}, None), ({"stop_reason": "max_iterations"}, None), ({"stop_reason": "singular"}, "singular"),
    ({"overlap": 0.26}, None), ({"overlap": 0.24}, "little_overlap"),
    ({"affine": (1.4, 0)}, None), ({"affine": (-1.6, 0)}, "unlike_images"), ({"affine": (1.6, 0)}, "unlike_images"),
    ({"correlation": 0.31}, None), ({"correlation": 0.29}, "unlike_images"),
    ({"information": np.diag([0.05**-2] * 3 + [0.019**-2] * 3)}, None),
    ({"information": np.diag([0.07**-2] * 3 + [0.019**-2] * 3)}, "undetermined"),
    ({"information": np.diag([0.05**-2] * 3 + [0.021**-2] * 3)}, "undetermined")])
def test_each_limit_says_why_a_pose_is_not_believed(changes, reason):
    """Of a keyframe with a median depth of 3 m."""
    good = TrackingResult(np.eye(4), (0.0, 0.0), True, (1,), 0.9, 1.0, 0.9, 0.1, 1e6 * np.eye(6), "converged")
    keyframe = keyframe_at(np.eye(4))
    keyframe.median_depth_m = 3.0
    assert Tracker(TrackerConfig())._failure(good._replace(**changes), keyframe) == reason


def test_information_of_the_pose_alone_is_that_of_its_own_covariance():
    """The pose's block of the covariance of everything, inverted again."""
    J = np.random.default_rng(0).normal(size=(20, 8))
    covariance = np.linalg.inv(J.T @ J)
    np.testing.assert_allclose(_marginal(J.T @ J), np.linalg.inv(covariance[:6, :6]), rtol=1e-9)
