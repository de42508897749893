"""Which frames are followed, and how stretches of a video add up."""

import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.focal import estimate
from calib.focal.motion import MAX_INTERVAL, moving_frames

TEXTURE = np.kron(np.random.default_rng(0).integers(0, 255, (30, 60), np.uint8), np.ones((8, 8), np.uint8))


def slid(shifts_px):
    return [TEXTURE[:, shift:shift + 320] for shift in shifts_px]


def test_frames_are_chosen_by_motion():
    """320 columns: 0.005 of them are 1.6 pixels."""
    assert [interval for _, interval in moving_frames(slid(range(0, 40, 4)))] == [1] * 10
    slow = [interval for _, interval in moving_frames(slid(range(40)))]
    assert slow[0] == 1 and set(slow[2:-1]) <= {2, 3}, "a camera of more frames a second gives no more of them"
    still = [interval for _, interval in moving_frames(slid([5] * 20))]
    assert still == [1, MAX_INTERVAL, MAX_INTERVAL]


class Tracks:
    """As VideoTracks, of a stretch of one frame."""

    def __init__(self):
        self.frames, self.keyframes = 0, []

    def add(self, gray, interval):
        self.frames, self.keyframes = estimate.MAX_FRAMES, [None] * 9


@pytest.mark.parametrize("stretches, used, std", [
    ([(0.04, 0.0)], 1, 0.04),
    ([None, (0.09, 0.1), (0.06, -0.02), (0.03, 0.0)], 3, 0.06 / 1.0 * 0.09 / np.hypot(0.06, 0.09)),
    ([(0.30, 0.0), (0.08, 0.0), (0.08, 0.0), (0.08, 0.0)], 4, 0.08 / 2**0.5)])
def test_stretches_that_are_not_sure_add_up(monkeypatch, stretches, used, std):
    told = iter(stretches)

    def solved(tracks, guess, guess_std):
        said = next(told)
        if said is None:
            raise CalibrationError("the camera hardly moves")
        return estimate._Stretch(said[1], said[0], 0.0, 0.1, 9)

    monkeypatch.setattr(estimate, "VideoTracks", Tracks)
    monkeypatch.setattr(estimate, "_solved", solved)
    found = estimate.estimate_camera(slid(range(0, 40, 4)))
    expected = max(std, min(said[0] for said in stretches[:used] if said) / 2**0.5)
    assert found.frames == used and found.std == pytest.approx(expected, rel=0.02)


def test_all_stretches_refused_is_refused(monkeypatch):
    def solved(tracks, guess, guess_std):
        raise CalibrationError("there is hardly anything to follow")

    monkeypatch.setattr(estimate, "VideoTracks", Tracks)
    monkeypatch.setattr(estimate, "_solved", solved)
    with pytest.raises(CalibrationError, match="hardly anything"):
        estimate.estimate_camera(slid(range(0, 40, 4)))
