"""Random views of a room: repeatable, varied, close-ups close."""

import numpy as np

from sequences.synthetic.random_view import random_view


def test_random_views_repeat_and_vary(room):
    one, again, other = (random_view(room, seed, (96, 128), samples=1) for seed in (1, 1, 2))
    assert np.array_equal(one.rgb, again.rgb) and np.array_equal(one.depth_m, again.depth_m)
    assert one.rgb.shape == (96, 128, 3) and one.depth_m.shape == (96, 128) and one.depth_m.min() > 0.2
    assert one.camera.fx != other.camera.fx and not np.array_equal(one.rgb, other.rgb)


def test_close_views_look_at_things_on_furniture(room):
    medians_m = [np.median(random_view(room, seed, (48, 64), samples=1, close=True).depth_m) for seed in range(5)]
    assert all(0.2 < median_m < 1.0 for median_m in medians_m)
