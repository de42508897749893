"""Synthetic defocus: sharp where it should be, and nothing bleeds across depth edges."""

import numpy as np
import pytest

from depth.photos.defocus import MAX_RADIUS, defocused, disc, layer_radii, signed_radius

RED, BLUE = (220, 20, 20), (20, 20, 220)


def two_walls(left_m, right_m):
    """A red wall left of a blue one."""
    rgb = np.empty((80, 200, 3), np.uint8)
    rgb[:, :100], rgb[:, 100:] = RED, BLUE
    return rgb, np.float32(np.where(np.arange(200) < 100, left_m, right_m))[None].repeat(80, 0)


def test_thin_lens():
    radius_px = signed_radius(np.float32([1, 2, 4]), 500, 2.0, 0.04)
    assert np.allclose(radius_px, [5, 0, -2.5])


def test_what_is_in_focus_stays():
    rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    same = defocused(rgb, np.full((60, 80), 2, np.float32), 500, 2.0, 0.04)
    assert np.abs(same.astype(int) - rgb).max() <= 1
    blurred = defocused(rgb, np.full((60, 80), 1, np.float32), 500, 2.0, 0.02)
    assert blurred[10:-10, 10:-10].std() < 0.4 * rgb.std()


def test_a_sharp_foreground_leaves_nothing_in_the_blur_behind_it():
    rgb, depth_m = two_walls(1.0, 5.0)
    image = defocused(rgb, depth_m, 500, 1.0, 0.04).astype(int)
    assert np.abs(image - rgb).max() <= 3


def test_a_blurred_foreground_spreads_over_a_sharp_background():
    rgb, depth_m = two_walls(1.0, 5.0)
    image = defocused(rgb, depth_m, 500, 5.0, 0.04).astype(int)
    assert image[40, 102, 0] > 60 and np.abs(image[:, 125:] - BLUE).max() <= 2
    assert np.abs(image[:, :85] - RED).max() <= 3


def test_smooth_depth_leaves_no_seams():
    rgb = np.full((60, 200, 3), 120, np.uint8)
    depth_m = np.float32(np.linspace(0.6, 6, 200))[None].repeat(60, 0)
    assert np.abs(defocused(rgb, depth_m, 500, 1.5, 0.04).astype(int) - 120).max() <= 1


@pytest.mark.parametrize("least, most", [(0, 0), (-3.2, 0), (0, 40), (-25, 60), (2, 5)])
def test_layers_cover_every_radius(least, most):
    radii = layer_radii(least, most)
    assert 0 in radii and radii == sorted(set(radii)) and radii[0] <= min(least, 0) and radii[-1] >= most


def test_disc():
    assert disc(4.0).shape == (9, 9) and disc(4.0).sum() == pytest.approx(1) and disc(4.0)[0, 0] == 0


def test_blur_has_a_limit():
    rgb, depth_m = two_walls(0.01, 5.0)
    image = defocused(rgb, depth_m, 500, 5.0, 0.04).astype(int)
    assert np.abs(image[:, 100 + int(2 * MAX_RADIUS * 200) + 4:] - BLUE).max() <= 2
