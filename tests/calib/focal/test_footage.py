"""What is said of pictures of which nothing can be made: rectangles of all sizes, as they are and spoilt."""

import cv2
import numpy as np
import pytest

from calib.focal.footage import MIN_FRAMES, Footage


def clutter():
    """(480, 1280) uint8"""
    rng, image = np.random.default_rng(0), np.full((480, 1280), 120, np.uint8)
    for _ in range(400):
        corner, size = rng.integers((-20, -20), (1280, 480)), rng.integers(5, 120, 2)
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), int(rng.integers(20, 235)), -1)
    return image


SCENE = clutter()


def problem(spoil=lambda image: image, count=60, step_px=4):
    """What is said of `count` images, each further right by step_px, after `spoil`."""
    footage = Footage()
    seen = list(footage.watched(spoil(SCENE[:, step_px * k: step_px * k + 640]) for k in range(count)))
    assert len(seen) == count == footage.count
    return footage.problem()


def test_good_pictures_have_no_problem():
    assert problem() is None
    assert problem(lambda image: cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)) is None
    assert problem(lambda image: np.clip(image + np.random.default_rng(1).normal(0, 6, image.shape), 0, 255)
                   .astype(np.uint8)) is None
    assert Footage().problem() is None


@pytest.mark.parametrize("spoil, says", [
    (lambda image: (0.05 * image).astype(np.uint8), "too dark"),
    (lambda image: np.clip(4.0 * image, 0, 255).astype(np.uint8) | 240, "too bright"),
    (lambda image: (120 + image / 20).astype(np.uint8), "hardly anything to see"),
    (lambda image: cv2.GaussianBlur(image, (0, 0), 5), "blurred"),
    (lambda image: cv2.blur(image, (24, 1)), "blurred")])
def test_what_is_wrong_is_named(spoil, says):
    assert says in problem(spoil)


def test_too_few_and_too_still():
    assert f"these are {MIN_FRAMES - 1} frames only" in problem(count=MIN_FRAMES - 1)
    assert "the camera hardly moves" in problem(step_px=0)
    assert "too dark" in problem(lambda image: image // 30, count=5), "the worst comes first"
