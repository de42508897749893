"""slam.tracking.overlay: what never moves is found, and nothing in what moves, stands still, or leads ahead."""

import cv2
import numpy as np
import pytest

from slam.tracking.overlay import OverlayWatch

SIZE = 120, 160
RNG = np.random.default_rng(0)
WORLD = cv2.GaussianBlur(RNG.uniform(0, 1, (900, 900)).astype(np.float32), (0, 0), 1.5)
WORLD = (WORLD - WORLD.min()) / np.ptp(WORLD)
BODY = np.zeros(SIZE, bool)
BODY[85:, 20:140] = True


def view(k, speed=4):
    """Image k of a camera that moves over the world."""
    top, left = 300 + round(60 * np.sin(k / 9)), speed * k
    return WORLD[top:top + SIZE[0], left:left + SIZE[1]].copy()


def with_body(image):
    image[BODY] = np.flipud(WORLD)[:SIZE[0], :SIZE[1]][BODY]
    return image


def found(images):
    """-> usable (h, w) bool or None, and after how many images"""
    watch = OverlayWatch()
    for count, image in enumerate(images, 1):
        usable = watch.add(image)
        if watch.is_decided:
            return usable, count
    return None, None


@pytest.mark.parametrize("gain", [0.0, 0.25], ids=["even light", "wandering exposure"])
def test_a_body_is_found_within_seconds_as_large_as_it_is(gain):
    noise = np.random.default_rng(1)
    images = [(1 + gain * np.sin(k / 7)) * with_body(view(k)) + noise.normal(0, 0.01, SIZE).astype(np.float32)
              for k in range(90)]
    usable, count = found(images)
    assert count < 60
    assert usable[BODY].mean() < 0.05 and usable[~BODY].mean() > 0.9


def test_black_bars_are_found():
    def barred(k):
        image = view(k)
        image[:14] = image[-14:] = 0.03
        return image
    usable, _ = found(map(barred, range(90)))
    assert not usable[:14].any() and not usable[-14:].any() and usable[20:100].all()


def test_the_size_is_that_of_the_images_and_bytes_are_understood():
    images = (np.round(255 * np.repeat(np.repeat(with_body(view(k)), 2, 0), 2, 1)).astype(np.uint8) for k in range(90))
    usable, _ = found(images)
    assert usable.shape == (240, 320) and not usable[200:220, 100:200].any() and usable[:120].all()


def test_nothing_is_found_where_all_moves():
    assert found(view(k) for k in range(90)) == (None, 46)


def test_a_camera_that_stands_still_is_waited_for():
    assert found(with_body(view(0)) for _ in range(90)) == (None, None)


def test_edges_that_lead_ahead_stay_but_are_no_overlay():
    def corridor(k):
        image = view(k)
        v, u = np.mgrid[:SIZE[0], :SIZE[1]]
        image[v > 60 + np.abs(u - 80) * 0.6] = 0.2
        return cv2.GaussianBlur(image, (0, 0), 0.7)
    usable, count = found(map(corridor, range(90)))
    assert count and usable is None
