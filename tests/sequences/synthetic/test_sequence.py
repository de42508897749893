"""The synthetic source: exact depth and poses, effects, what frames carry."""

from itertools import islice, pairwise

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from calib.geometry.se3 import inverse

WALKED = "7,frames=150,size=160x120,samples=3"


def test_depth_and_poses_carry_one_frame_into_another(opened):
    frames = list(opened(WALKED, depth_every=1, max_frames=18))
    a, b = frames[5], frames[17]
    camera = a.sensor_depth.camera
    T_b_a = inverse(b.T_world_cam_true) @ a.T_world_cam_true
    points = camera.backproject(a.sensor_depth.depth_m) @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    u, v = np.moveaxis(camera.project(points), -1, 0)
    seen_m = map_coordinates(b.sensor_depth.depth_m, [v, u], order=1, cval=0)
    same = np.abs(seen_m - points[..., 2]) < 0.003 * points[..., 2]
    warped = map_coordinates(b.rgb.mean(-1), [v, u], order=1)
    error = np.abs(warped - a.rgb.mean(-1))[same]
    assert same.mean() > 0.5
    assert np.median(error) < 1.5 and error.mean() < 4.0


def test_frames_are_well_exposed_and_rich(opened):
    for frame in opened("7,frames=5,rate=1,size=160x120"):
        gray = frame.rgb.mean(-1)
        gradient = np.hypot(*np.gradient(gray))
        assert 60 < gray.mean() < 200
        assert np.mean(gray > 250) < 0.25 and np.mean(gray < 4) < 0.1
        # of 8 x 8 blocks nearly all show some structure
        assert np.mean(gradient.reshape(15, 8, 20, 8).max((1, 3)) > 2) > 0.9


def test_blur_smears_along_the_turn(opened):
    sharp, blurred = opened("7,frames=60,size=160x120"), opened("7,frames=60,size=160x120,blur=1")
    T = sharp.ground_truth[1]
    turning = [np.abs((inverse(a) @ b)[0, 2]) for a, b in pairwise(T[:10])]
    index = int(np.argmax(turning))
    one, other = (next(islice(sequence, index, None)) for sequence in (sharp, blurred))
    across, along = (np.abs(np.diff(other.rgb.astype(float), axis=axis)).mean()
                     / np.abs(np.diff(one.rgb.astype(float), axis=axis)).mean() for axis in (0, 1))
    assert along < 0.9 and along < across
    assert np.abs(one.rgb.mean() - other.rgb.mean()) < 1.5


def test_frames_carry_what_was_asked_for(opened):
    sequence = opened("7,frames=20,size=256x144,fov=80,rate=25", depth_every=3, max_frames=8)
    frames = list(sequence)
    assert sequence.frame_count == len(frames) == 8
    assert sequence.camera.size == (144, 256)
    assert np.degrees(2 * np.arctan(128 / sequence.camera.fx)) == pytest.approx(80)
    assert (sequence.camera.cx, sequence.camera.cy) == (127.5, 71.5)
    assert [frame.sensor_depth is not None for frame in frames] == [k % 3 == 0 for k in range(8)]
    assert frames[0].sensor_depth.depth_m.shape == (144, 256) and frames[0].sensor_depth.depth_m.min() > 0.4
    assert frames[5].timestamp_s == pytest.approx(0.2) and frames[5].index == 5
    assert frames[5].rgb.shape == (144, 256, 3) and frames[5].rgb.dtype == np.uint8
    times_s, T_world_cam = sequence.ground_truth
    assert np.array_equal(frames[5].T_world_cam_true, T_world_cam[5]) and times_s[5] == frames[5].timestamp_s
    assert next(iter(opened("7,frames=1,size=64x48"))).rgb.shape == (48, 64, 3)
