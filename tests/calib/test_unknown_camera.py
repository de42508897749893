"""What an estimate of the focal length begins with."""

import cv2
import numpy as np
import pytest

from calib import unknown_camera
from calib.focal.estimate import GUESS_STD
from calib.unknown_camera import NETWORK_STD, estimate_source
from sequences.sequence import SourceOptions


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Estimates from a video of three upright images -> (what it begins with, how many images it gets)."""
    video = cv2.VideoWriter(str(tmp_path / "walk.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (48, 64))
    for shade in (50, 100, 150):
        video.write(np.full((64, 48, 3), shade, np.uint8))
    video.release()
    monkeypatch.setattr(unknown_camera, "estimate_camera", lambda grays, *guess: (guess, len(list(grays))))
    return lambda *focal_share: estimate_source(str(tmp_path / "walk.avi"), SourceOptions(), *focal_share)


def test_what_a_network_sees_in_the_first_image_is_the_guess(begun):
    shown = []
    guess, count = begun(lambda rgb: shown.append(int(rgb.mean())) or 1.2)
    assert guess == (pytest.approx(1.2 * 48 / 64), NETWORK_STD) and count == 3, "in longer sides, and no image is lost"
    assert shown == [pytest.approx(50, abs=3)]


@pytest.mark.parametrize("focal_share", [[], [None], [lambda rgb: None]])
def test_without_such_a_network_there_is_none(begun, focal_share):
    assert begun(*focal_share) == ((None, GUESS_STD), 3)
