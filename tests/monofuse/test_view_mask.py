"""monofuse.view_mask: a mask that is given, and an overlay that is found, reach the frames."""

from dataclasses import replace

import numpy as np
import pytest

from calib.base.errors import BadInputError
from monofuse import Slam
from monofuse.view_mask import ViewMask
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.slam.tracking.test_overlay import BODY, view, with_body

USABLE = np.ones(scenes.CAMERA.size, bool)
USABLE[80:] = False


def frames(count=60):
    for k in range(count):
        rgb = np.repeat(np.round(255 * with_body(view(k)))[..., None], 3, -1).astype(np.uint8)
        yield replace(scenes.frame(k, np.eye(4)), rgb=rgb)


def test_frames_of_a_recording_wait_until_an_overlay_is_known():
    said = []
    masked = list(ViewMask(None, tell=said.append).added_to_all(frames(), is_live=False))
    assert [frame.index for frame in masked] == list(range(60)) and len(said) == 1 and "--mask none" in said[0]
    assert all(frame.usable is not None and frame.usable[BODY].mean() < 0.05 for frame in masked)


def test_frames_of_a_camera_do_not_wait():
    masked = [frame.usable is not None for frame in ViewMask(None).added_to_all(frames(), is_live=True)]
    assert not masked[0] and masked[-1] and sorted(masked) == masked


def test_nothing_is_looked_for_where_that_is_not_wanted():
    assert all(frame.usable is None for frame in ViewMask(None, searches=False).added_to_all(frames(), is_live=False))


@pytest.mark.usefixtures("kernels")
def test_the_map_holds_nothing_of_what_is_masked():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    mask = ViewMask(USABLE)
    for k, T_world_cam in enumerate(scenes.walk(4)):
        slam.process(mask.added(scenes.frame(k, T_world_cam)))
    keyframe = slam.keyframes.items[0]
    assert not keyframe.inverse_depth[80:].any() and keyframe.inverse_depth[:70].all()
    assert keyframe.features[0][:, 1].max(initial=0) < 80


@pytest.mark.usefixtures("kernels")
def test_a_new_part_begins_where_a_mask_appears():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    for k, T_world_cam in enumerate(scenes.walk(4)):
        frame = scenes.frame(k, T_world_cam)
        slam.process(frame if k < 2 else replace(frame, usable=USABLE))
    assert list(slam.keyframes.submap) == [0, 1]


def test_the_library_says_what_is_no_mask():
    with pytest.raises(BadInputError, match="mask must be an array"):
        Slam(scenes.CAMERA, depth="sensor", mask=np.zeros((3, 3, 3)))
    with pytest.raises(BadInputError, match="mask: the mask is 50x120 but the images are 160x120"):
        Slam(scenes.CAMERA, depth="sensor", mask=np.ones((120, 50)))
