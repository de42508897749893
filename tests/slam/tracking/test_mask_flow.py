"""slam.tracking.mask_flow: a mask moves along with a square that moves before a background."""

import cv2
import numpy as np

from slam.tracking.mask_flow import MaskFlow

SIZE = 120, 160
BACK, SQUARE = (cv2.GaussianBlur(np.random.default_rng(seed).uniform(0, 255, (*SIZE, 3)), (0, 0), 2).clip(0, 255)
                for seed in (0, 1))


def scene(k):
    """The square moves 3 pixels an image -> image, and where it is"""
    rgb, is_there = 0.5 * BACK, np.zeros(SIZE, bool)
    rgb[40:80, 30 + 3 * k:70 + 3 * k] = SQUARE[40:80, :40] + 60
    is_there[40:80, 30 + 3 * k:70 + 3 * k] = True
    return np.clip(4 * (rgb - 60), 0, 255).astype(np.uint8), is_there


def test_a_mask_follows_what_it_covers():
    flow = MaskFlow()
    flow.begin(*scene(0))
    for k in range(1, 6):
        followed, is_there = flow.follow(scene(k)[0]), scene(k)[1]
    assert followed[is_there].mean() > 0.97
    assert followed.sum() < 1.7 * is_there.sum() and not followed[:, :20].any() and not followed[:, 110:].any()


def test_nothing_masked_stays_nothing():
    flow = MaskFlow()
    flow.begin(scene(0)[0], np.zeros((60, 80), bool))
    assert not flow.follow(scene(1)[0]).any()
