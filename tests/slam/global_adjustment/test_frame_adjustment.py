"""slam.global_adjustment.frame_adjustment: frames that were tracked with wrong depth, and keyframes that are right now.

The box is drawn exactly, so each frame's place is known."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from slam.config import SlamConfig
from slam.global_adjustment.frame_adjustment import FrameAdjustment, FrameAdjustmentConfig, mean_pose
from slam.mapping.live_map import LiveMap
from slam.stages import StageTimes
from slam.tracking.image import prepared
from slam.tracking.tracker import Tracker, TrackingResult
from tests.helpers import scenes

CONFIG = SlamConfig.for_network()
EVERY = 5
"""Frames from one keyframe to the next."""
COUNT = 11


def jerky_walk():
    """A camera whose steps differ by more than their mean length: 5 mm of it is random."""
    rng = np.random.default_rng(3)
    return [T @ se3.exp(np.concatenate([rng.normal(0, 0.005, 3), rng.normal(0, 0.003, 3)])) for T in
            scenes.walk(COUNT, step=(0.008, 0, 0.004, 0, 0.004, 0))]


def tracked_with_wrong_depth(poses, jump_m=0.01, blank=(), submaps=False, reach=1):
    """A map whose keyframes are right, while the frames of each stand 1 cm off, to another side each time."""
    live_map = LiveMap(scenes.CAMERA, CONFIG.keyframes, CONFIG.surfels, CONFIG.fusion, StageTimes())
    frames = FrameAdjustment(live_map, Tracker(CONFIG.tracker), FrameAdjustmentConfig(reach=reach))
    for index, T in enumerate(poses):
        frame = scenes.frame(index, T)
        if index in blank:
            frame = replace(frame, rgb=np.full_like(frame.rgb, 90))
        image = prepared(frame, scenes.CAMERA, CONFIG)
        if index % EVERY == 0:
            keyframe = live_map.keyframes.make(image, image.pyramid, image.inverse_depth, 0.05, with_grid=False)
            live_map.add_keyframe(keyframe, T, index // EVERY if submaps else None)
        row = live_map.keyframes.reference.row
        T_key_cam = se3.inverse(live_map.keyframes.T_world_key[row]) @ T
        T_key_cam[:3, 3] += jump_m * np.eye(3)[row % 3]
        live_map.relative_trajectory.add(image.timestamp_s, row, T_key_cam, live_map.keyframes)
        frames.add(image)
    return live_map, frames


def adjusted(live_map, frames):
    shares = list(frames.steps())
    assert shares == sorted(shares) and shares[-1] == 1
    return live_map.trajectory()[1]


def errors_m(T_world_cam, poses):
    return np.linalg.norm(T_world_cam[:, :3, 3] - np.array(poses)[:, :3, 3], axis=1)


def length_m(poses):
    return np.linalg.norm(np.diff(np.array(poses)[:, :3, 3], axis=0), axis=1).sum()


def test_frames_come_to_where_they_are_and_a_jerky_camera_stays_jerky():
    poses = jerky_walk()
    live_map, frames = tracked_with_wrong_depth(poses)
    assert errors_m(live_map.trajectory()[1], poses).min() > 0.009
    T_world_cam = adjusted(live_map, frames)
    assert errors_m(T_world_cam, poses).max() < 1.2e-3
    assert length_m(T_world_cam) == pytest.approx(length_m(poses), rel=0.03)


def test_keyframes_around_a_frame_determine_its_pose_together():
    """Where keyframes disagree, each frame is somewhere between; with the nearest keyframe alone, it jumps."""
    poses = jerky_walk()
    for reach, is_between in ((1, True), (0, False)):
        live_map, frames = tracked_with_wrong_depth(poses, reach=reach)
        live_map.keyframes.T_world_key[1, 0, 3] += 0.01
        shift_m = (adjusted(live_map, frames) - np.array(poses))[:, 0, 3]
        assert ((shift_m > 0.0015) & (shift_m < 0.0085)).all() == is_between
        if not is_between:
            np.testing.assert_allclose(shift_m, 5 * [0] + 5 * [0.01] + [0], atol=1.2e-3)


def test_keyframes_of_other_submaps_do_not_count():
    poses = jerky_walk()
    live_map, frames = tracked_with_wrong_depth(poses, submaps=True)
    live_map.keyframes.T_world_key[1:, 0, 3] += 0.5
    list(frames.steps())
    assert errors_m(live_map.trajectory(submap=0)[1], poses[:EVERY]).max() < 1.2e-3


def test_what_fits_no_keyframe_stays():
    poses = jerky_walk()
    live_map, frames = tracked_with_wrong_depth(poses, blank=[3])
    before = live_map.trajectory()[1][3]
    T_world_cam = adjusted(live_map, frames)
    np.testing.assert_allclose(T_world_cam[3], before, atol=1e-12)
    assert errors_m(T_world_cam, poses)[[2, 4]].max() < 1.2e-3


def test_nothing_changes_before_the_end():
    live_map, frames = tracked_with_wrong_depth(jerky_walk())
    before = live_map.trajectory()[1]
    steps = frames.steps()
    for _ in range(COUNT - 1):
        next(steps)
    np.testing.assert_array_equal(live_map.trajectory()[1], before)


def test_poses_are_in_the_units_of_their_keyframe():
    """A map that has grown: frames move with their keyframes afterwards, too."""
    poses = jerky_walk()
    live_map, frames = tracked_with_wrong_depth(poses)
    S_world_key = live_map.keyframes.S_world_key()
    S_world_key[:, :3] *= 2
    live_map.move(S_world_key)
    np.testing.assert_allclose(adjusted(live_map, frames)[:, :3, 3], 2 * np.array(poses)[:, :3, 3], atol=2.4e-3)


def test_the_mean_of_poses_goes_by_their_information():
    def result(xi, information):
        return TrackingResult(se3.exp(np.array(xi)), (0, 0), True, (), 1, 1, 1, 0, np.diag(information), "converged")

    left, right = [0.0, 0, 0, 0.01, 0, 0], [0.03, 0, 0, 0.03, 0, 0]
    T = mean_pose([result(left, [2.0, 1, 1, 1, 1, 1]), result(right, [1.0, 1, 1, 3, 1, 1])])
    np.testing.assert_allclose(se3.log(T), [0.01, 0, 0, 0.025, 0, 0], atol=1e-4)
