"""monofuse.class_mask: what a segmentation network finds is not usable, also in frames between those it looks at."""

from dataclasses import replace

import numpy as np
import pytest

from calib.base.errors import BadInputError
from monofuse import Slam
from monofuse.class_mask import ClassMask, open_class_mask
from monofuse.view_mask import ViewMask
from tests.helpers import scenes
from tests.helpers.segmentation import by_colour

BELOW = np.arange(scenes.CAMERA.height)[:, None] < 100 + np.zeros(scenes.CAMERA.width)


def frames(count, step_px=0):
    """Something red, 40 pixels wide, before the box."""
    for k in range(count):
        rgb = scenes.speckled_frame(k, np.eye(4), scenes.CAMERA).rgb.copy() // 2
        rgb[30:70, 20 + step_px * k:60 + step_px * k] //= 4
        rgb[30:70, 20 + step_px * k:60 + step_px * k, 0] += 180
        yield replace(scenes.frame(k, np.eye(4)), rgb=rgb)


@pytest.fixture
def network(tmp_path):
    return str(by_colour(tmp_path / "colour.onnx"))


def test_what_the_network_finds_is_not_usable(network):
    mask = open_class_mask(network, ViewMask(BELOW))
    usable = [frame.usable for frame in mask.added_to_all(frames(2), is_live=False)]
    assert len(usable) == 2 and not usable[0][30:70, 20:60].any() and not usable[0][100:].any()
    assert usable[0][:20].all() and usable[0][30:70, 75:].all()


def test_other_classes_are_usable_and_masks_go_along_in_between(network, monkeypatch):
    assert next(iter(open_class_mask(f"{network}:3,7", ViewMask(None, searches=False)).added_to_all(
        frames(1), is_live=False))).usable.all()
    mask = open_class_mask(network, ViewMask(None, searches=False))
    mask.every = 3
    looked_at = []
    monkeypatch.setattr(mask.network, "shows", lambda rgb, shows=mask.network.shows: looked_at.append(1) or shows(rgb))
    usable = [mask.added(frame).usable for frame in frames(7, step_px=2)]
    assert len(looked_at) == 3
    for k, each in enumerate(usable):
        assert each[30:70, 20 + 2 * k:60 + 2 * k].mean() < 0.05 and each[30:70, 90:].all()


def test_a_camera_is_given_what_there_is_time_for(network):
    mask = open_class_mask(network, ViewMask(None))
    mask.network.time_ms = 40.0
    assert ClassMask(mask.network, ViewMask(None)).every == 1
    live = ClassMask(mask.network, ViewMask(None), is_live=True)
    assert live.every == 3 and "every 3 frames" in live.pace and live.again().every == 3


def test_the_library_takes_a_network_as_a_mask(network):
    slam = Slam(scenes.CAMERA, depth="sensor", mask=network)
    assert isinstance(slam._mask, ClassMask)
    with pytest.raises(BadInputError, match="there is no file none.onnx"):
        Slam(scenes.CAMERA, depth="sensor", mask="none.onnx:15")
    for classes in ("banana", "", "15,", "-1"):
        with pytest.raises(BadInputError, match="numbers of classes, as in none.onnx:15"):
            open_class_mask(f"none.onnx:{classes}", ViewMask(None))
    assert open_class_mask("mask.png", ViewMask(None)) is None
