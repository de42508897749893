"""What makes video hard: jumps of exposure, turning on the spot, one plane in view, little texture, standing still."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from sequences.frame import DepthImage
from slam.config import SlamConfig
from slam.evaluation import absolute_error
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes, walkers

SENSOR = replace(SlamConfig.for_sensor(), surfels=SurfelConfig(max_surfels=100_000))
NETWORK = replace(SlamConfig.for_network(), surfels=SurfelConfig(max_surfels=100_000))
BOTH = pytest.mark.parametrize("config", [SENSOR, NETWORK], ids=["sensor", "network"])
NOBODY = np.array([-9.0, 0, 1])
SIDEWAYS = (0.02, -0.004, 0.0, 0.0, 0.004, 0.0)


def run(config, frames, camera=scenes.CAMERA):
    slam = SlamSystem(camera, config)
    results = [slam.process(frame) for frame in frames]
    assert all(r.status == "tracked" for r in results)
    return slam, results


def trajectory_error_m(slam, poses, with_scale=False):
    _, T_world_cam = slam.trajectory()
    return absolute_error(T_world_cam[:, :3, 3], np.array(poses)[:, :3, 3], with_scale)


@BOTH
def test_exposure_may_jump(config):
    poses = scenes.walk(24)
    errors = [trajectory_error_m(run(config, [scenes.frame(i, T, gain=0.7 if i < 10 else gain)
                                        for i, T in enumerate(poses)])[0], poses)[0] for gain in (0.7, 1.12)]
    assert errors[1] < 1.2 * errors[0] + 0.001


def bent(frame, along_u, along_v):
    """A frame with depth that is off in a smooth way, as a network's."""
    height, width = frame.depth.depth_m.shape
    v, u = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    depth_m = frame.depth.depth_m * np.exp(along_u * u + along_v * v).astype(np.float32)
    return replace(frame, depth=DepthImage(depth_m, frame.depth.camera))


def test_turning_on_the_spot_invents_no_depth():
    """Without parallax, a keyframe's settled depth stays the network's."""
    poses = [se3.exp(np.array([0, 0, 0, 0, angle, 0])) for angle in np.linspace(0, 1.2, 60)]
    bend = np.random.default_rng(0).normal(0, 0.1, (60, 2))
    frames = [bent(walkers.frame(i, T, NOBODY)[0], *bend[i]) for i, T in enumerate(poses)]
    slam, _ = run(NETWORK, frames)
    slam.finish()
    settled, network = [], []
    for keyframe in slam.keyframes.items:
        true_m = scenes.cast(poses[keyframe.frame_index])[0]
        known = keyframe.inverse_depth > 0
        assert known.mean() > 0.95
        settled.append(np.log(keyframe.inverse_depth * true_m, where=known, out=np.zeros_like(true_m)))
        network.append(np.log(frames[keyframe.frame_index].depth.depth_m / true_m))
    assert len(settled) > 4 and np.abs(settled).mean() < np.abs(network).mean()
    assert np.abs(np.median(settled, axis=(1, 2))).max() < 0.1
    _, T_world_cam = slam.trajectory()
    assert np.linalg.norm(T_world_cam[:, :3, 3], axis=1).max() < 0.05
    assert se3.rotation_angle_rad(se3.inverse(T_world_cam[0]) @ T_world_cam[-1]) == pytest.approx(1.2, abs=0.02)


@BOTH
def test_one_wall_may_fill_the_view(config):
    start = se3.exp(np.array([-0.4, 0.1, 1.6, 0, 0, 0]))
    poses = list(start @ np.array(scenes.walk(28, SIDEWAYS)))
    assert min(np.ptp(scenes.cast(T)[0]) for T in poses) < 0.2
    slam, _ = run(config, [scenes.speckled_frame(i, T, scenes.CAMERA) for i, T in enumerate(poses)])
    length_m = np.linalg.norm(np.diff(np.array(poses)[:, :3, 3], axis=0), axis=1).sum()
    error_m, scale = trajectory_error_m(slam, poses, with_scale=True)
    assert error_m < 0.02 * length_m and scale == pytest.approx(1, abs=0.05)


@BOTH
def test_little_texture_bounds_the_drift(config):
    """A sixth of the contrast: a few grey levels."""
    poses = scenes.walk(28, SIDEWAYS)
    frames = [walkers.frame(i, T, NOBODY)[0] for i, T in enumerate(poses)]
    slam, _ = run(config, [replace(frame, rgb=frame.rgb // 6 + 100) for frame in frames])
    length_m = np.linalg.norm(np.diff(np.array(poses)[:, :3, 3], axis=0), axis=1).sum()
    error_m, scale = trajectory_error_m(slam, poses, with_scale=True)
    assert error_m < 0.05 * length_m and scale == pytest.approx(1, abs=0.2)


@BOTH
def test_a_camera_that_stands_still_for_long_neither_drifts_nor_adds(config):
    camera, rng = scenes.CAMERA.resized((72, 96)), np.random.default_rng(0)
    still, _ = walkers.frame(0, np.eye(4), NOBODY, camera)
    noisy = [np.clip(still.rgb + rng.normal(0, 1, still.rgb.shape), 0, 255).astype(np.uint8) for _ in range(7)]
    slam, results = SlamSystem(camera, config), []
    for i in range(100):
        results.append(slam.process(replace(still, index=i, timestamp_s=i / 30, rgb=noisy[i % 7])))
        if i == 25:
            early = len(slam.surfels)
    drift_m = [np.linalg.norm(r.T_world_cam[:3, 3]) for r in results]
    assert len(slam.keyframes) == 1 and max(drift_m) < 0.001
    assert abs(len(slam.surfels) - early) <= 0.01 * early
