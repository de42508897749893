"""slam.tracking.sharpness: motion blur against plain views, and the keyframes that wait for it to pass."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from slam.config import SlamConfig
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes, walkers

NOBODY = np.array([-9.0, 0, 1])
CONFIG = replace(SlamConfig.for_network(), surfels=SurfelConfig(max_surfels=100_000))
POSES = scenes.walk(40, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))[:20]
FRAMES = [walkers.frame(i, T, NOBODY)[0] for i, T in enumerate(POSES)]


def smeared(frame, length_px=9):
    return replace(frame, rgb=cv2.blur(frame.rgb, (length_px, 1)))


def watched(frames):
    """-> per frame its sharpness, and the frames that became keyframes"""
    slam, seen = SlamSystem(scenes.CAMERA, CONFIG), {}
    measure = slam.sharpness

    class Watch:
        patience = staticmethod(measure.patience)

        def __call__(self, image, keyframe, tracked):
            seen[image.index] = measure(image, keyframe, tracked)
            return seen[image.index]

    slam.sharpness = Watch()
    results = [slam.process(frame) for frame in frames]
    assert all(r.status == "tracked" for r in results)
    return seen, [r.index for r in results if r.is_keyframe]


def test_what_is_blurred_stands_out_and_what_is_not_does_not():
    blurred = (8, 9, 14)
    seen, _ = watched([smeared(frame) if frame.index in blurred else frame for frame in FRAMES])
    assert all(seen[i] < CONFIG.sharpness.blurred for i in blurred)
    assert all(0.9 < sharpness < 1.2 for i, sharpness in seen.items() if i not in blurred)


def test_exposure_is_no_blur():
    darker = [replace(frame, rgb=frame.rgb // 2 + 20) if frame.index >= 9 else frame for frame in FRAMES[:14]]
    seen, _ = watched(darker)
    assert min(seen.values()) > 0.9


def test_a_keyframe_waits_for_a_sharp_image_but_not_for_ever():
    _, usual = watched(FRAMES)
    due = usual[1]
    _, one_blurred = watched([smeared(frame) if frame.index == due else frame for frame in FRAMES])
    assert due not in one_blurred and due + 1 in one_blurred
    _, all_blurred = watched([smeared(frame) if frame.index >= due else frame for frame in FRAMES])
    later = next(i for i in all_blurred if i > 0)
    assert due < later < due + 5


def test_without_recent_images_nothing_is_said():
    seen, _ = watched([FRAMES[0], smeared(FRAMES[1])])
    assert seen == {1: pytest.approx(1.0)}
