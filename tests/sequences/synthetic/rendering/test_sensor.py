"""Sensor noise and exposure: as strong as the options say."""

from itertools import islice

import numpy as np
import pytest

from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import MID_GREY, developed, tone, with_noise

WALKED = "7,frames=150,size=80x60,samples=3"
BRIEF = WALKED.replace("150", "3")


def test_noise_is_as_strong_as_it_says(opened):
    rng = np.random.default_rng(0)
    grey = np.full((200, 200, 3), MID_GREY, np.float32)
    assert tone(MID_GREY) == pytest.approx(0.5, abs=0.002)
    assert tone(with_noise(grey, 0.02, rng)).std() == pytest.approx(0.02, rel=0.05)
    clean, noisy, again = (next(iter(opened(BRIEF + extra))).rgb.astype(float)
                           for extra in ("", ",noise=0.02", ",noise=0.02"))
    mid = np.abs(clean - 127) < 12
    assert (noisy - clean)[mid].std() / 255 == pytest.approx(0.02, rel=0.15)
    assert np.array_equal(noisy, again)
    first, second = (frame.rgb.astype(float) for frame in opened(BRIEF + ",noise=0.05", max_frames=2))
    clean_second = list(opened(BRIEF, max_frames=2))[1].rgb
    assert np.corrcoef((first - clean).ravel(), (second - clean_second).ravel())[0, 1] < 0.1


def test_exposure_scales_light_and_jumps(opened):
    plain, exposed = opened(WALKED), opened(WALKED + ",exposure=0.5")
    stops = np.log2(exposed.gains)
    assert np.abs(stops).max() <= 1.0 and np.ptp(stops) > 0.3
    assert np.all(plain.gains == 1)
    step = np.abs(np.diff(stops))
    assert step.max() > 5 * np.median(step)
    index = int(np.argmax(np.abs(stops[:20])))
    assert np.abs(stops[index]) > 0.1
    renderer = Renderer(plain.room, plain.true_camera, 3)
    expected = developed(renderer.render(plain.ground_truth[1][index])[0] * np.float32(exposed.gains[index]))
    assert np.array_equal(next(islice(exposed, index, None)).rgb, expected)
