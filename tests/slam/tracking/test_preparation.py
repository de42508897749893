"""slam.tracking.preparation and corner_tracks: what frames become before SLAM sees them, here and ahead."""

from dataclasses import fields, replace

import numpy as np

from sequences.frame import Frame
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import SlamSystem
from slam.tracking.corner_tracks import CornerTracks
from slam.tracking.moving_parts import MovingPartsConfig
from slam.tracking.preparation import Preparation
from tests.helpers import scenes

CONFIG = replace(SlamConfig.for_network(), level_count=3)
WALK = scenes.walk(12, (0.02, -0.003, 0.004, 0.002, 0.004, -0.001))


def frames():
    return [scenes.frame(k, T) for k, T in enumerate(WALK)]


def test_corners_are_followed_to_every_few_images():
    tracks = CornerTracks(MovingPartsConfig(interval=3))
    images = [scenes.speckled_frame(k, T, scenes.CAMERA).rgb[..., 0] / np.float32(255) for k, T in enumerate(WALK[:7])]
    seen = [tracks.next(image, None) for image in images]
    assert [None if corners is None else len(corners.pixels) > 30 for corners in seen] == \
        [False, None, None, True, None, None, True]
    moved_px = np.median(np.linalg.norm(seen[3].before - seen[3].pixels, axis=1))
    assert 1 < moved_px < 12


def test_corners_are_looked_for_where_the_image_is_usable():
    tracks = CornerTracks(MovingPartsConfig(interval=1))
    usable = np.zeros(scenes.CAMERA.size, bool)
    usable[:, :60] = True
    for k, T in enumerate(WALK[:2]):
        corners = tracks.next(scenes.speckled_frame(k, T, scenes.CAMERA).rgb[..., 0] / np.float32(255), usable)
    assert len(corners.pixels) > 10 and corners.pixels[:, 0].max() < 60


def test_frames_that_are_prepared_ahead_stay_what_they_are_and_give_the_same_map():
    as_they_come, ahead = SlamSystem(scenes.CAMERA, CONFIG), SlamSystem(scenes.CAMERA, CONFIG)
    prepared = list(Preparation(ahead.camera, CONFIG, StageTimes()).each(frames()))
    for frame, same in zip(frames(), prepared):
        for field in fields(Frame):
            assert field.name in ("rgb", "depth", "T_world_cam_true") or \
                getattr(frame, field.name) == getattr(same, field.name)
        assert np.array_equal(frame.rgb, same.rgb) and same.image.index == frame.index
    for frame, same in zip(frames(), prepared):
        assert np.array_equal(as_they_come.process(frame).T_world_cam, ahead.process(same).T_world_cam)
    assert "prepare" in as_they_come.stage_times.ms and "prepare" not in ahead.stage_times.ms
