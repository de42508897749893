"""slam.tracking.moving_parts: somebody who walks through the view is left out, and static scenes are left alone."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calib.geometry import se3
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.tracking.corner_flow import CornerFlowConfig, agreeing, camera_motion, corner_flow
from slam.tracking.moving_parts import MovingParts, MovingPartsConfig
from slam.tracking.preparation import Preparation
from tests.helpers import scenes

CAMERA = scenes.CAMERA
CONFIG = replace(SlamConfig.for_network(), level_count=3)
SHIRT = np.random.default_rng(0).integers(40, 220, (16, 11)).astype(np.uint8)
SHIRT = np.repeat(cv2.resize(SHIRT, (60, 90), interpolation=cv2.INTER_CUBIC)[..., None], 3, -1)
WALK = scenes.walk(24, (0.010, -0.002, 0.008, 0.002, 0.006, -0.001))


def images(with_person):
    """Image, where the person is, and T_world_cam, for each step of a walk."""
    preparation = Preparation(CAMERA, CONFIG, StageTimes())
    for k, T_world_cam in enumerate(WALK):
        frame = scenes.speckled_frame(k, T_world_cam, CAMERA)
        person = np.zeros(CAMERA.size, bool)
        if with_person:
            person[25:115, 75 - 2 * k:135 - 2 * k] = True
            rgb = frame.rgb.copy()
            rgb[person] = SHIRT.reshape(-1, 3)
            frame = replace(frame, rgb=rgb)
        yield preparation.image_of(frame), person, T_world_cam


def test_a_person_is_left_out_and_little_else():
    parts = MovingParts(CAMERA, MovingPartsConfig())
    seen = list(images(with_person=True))
    left, person = [parts.without(image) for image, _, _ in seen][-1], seen[-1][1]
    assert left.usable is not None and left.pyramid.levels[0].usable[person].mean() < 0.1
    assert not left.inverse_depth[~left.usable].any() and left.inverse_depth[left.usable].all()
    assert left.usable[~person].mean() > 0.6


def test_a_static_scene_is_left_as_it_is():
    parts = MovingParts(CAMERA, MovingPartsConfig())
    assert all(parts.without(image) is image for image, _, _ in images(with_person=False))
    assert parts.agreement > 0.97


def test_a_pose_that_follows_the_person_is_doubtful_and_the_cameras_is_not():
    honest, captured = MovingParts(CAMERA, MovingPartsConfig()), MovingParts(CAMERA, MovingPartsConfig())
    doubts = []
    for k, (image, _, T_world_cam) in enumerate(images(with_person=True)):
        for parts in (honest, captured):
            parts.without(image)
        turned = T_world_cam @ se3.exp(np.array([0, 0, 0, 0, 2 * k / CAMERA.fx, 0]))
        doubts.append((honest.is_doubtful(T_world_cam), captured.is_doubtful(turned)))
    assert not np.any(doubts, axis=0)[0] and np.all(doubts[4:], axis=0)[1]


def test_poses_before_and_after_a_correction_are_not_compared():
    parts = MovingParts(CAMERA, MovingPartsConfig())
    for k, (image, _, T_world_cam) in enumerate(images(with_person=False)):
        parts.without(image)
        if k == 12:
            parts.forget()
        corrected = se3.exp(np.array([0, 0, 0, 0, 0.3 * (k >= 12), 0])) @ T_world_cam
        assert not parts.is_doubtful(corrected)


@pytest.mark.parametrize("outliers", [0, 50])
def test_the_camera_s_motion_among_corners_that_do_not_follow_it(outliers):
    rng = np.random.default_rng(3)
    pixels, rho = rng.uniform((0, 0), (159, 119), (200, 2)), rng.uniform(0.4, 0.6, 200)
    twist = np.array([0.02, -0.01, 0.015, 0.008, -0.012, 0.006])
    points = np.column_stack([(pixels - (CAMERA.cx, CAMERA.cy)) / (CAMERA.fx, CAMERA.fy), np.ones(200)]) / rho[:, None]
    T_before_now = se3.exp(twist)
    before = CAMERA.project(points @ T_before_now[:3, :3].T + T_before_now[:3, 3])
    before[:outliers] += (4, 3)
    flow = corner_flow(before, pixels, rho * rng.uniform(0.8, 1.25, 200), np.ones(200), CAMERA, CornerFlowConfig())
    motion = camera_motion(flow, CornerFlowConfig())
    assert np.allclose(motion.twist[3:], twist[3:], atol=2e-3) and np.allclose(motion.twist[:3], twist[:3], atol=8e-3)
    assert motion.agrees[outliers:].mean() > 0.97 and motion.agrees[:outliers].sum() <= 0.1 * outliers
    assert agreeing(flow, twist, 3.0)[outliers:].all()
