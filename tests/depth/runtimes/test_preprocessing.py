"""Images into network inputs, network outputs into metres."""

import cv2
import numpy as np
import pytest

from depth.runtimes.network_spec import IMAGENET_MEAN, IMAGENET_STD, NetworkSpec
from depth.runtimes.preprocessing import MAX_RANGE, fitted_size, to_depth_m, to_input

RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def test_the_default_is_planes_from_0_to_1():
    image = to_input(RGB, (48, 64), NetworkSpec())
    assert image.shape == (1, 3, 48, 64) and image.dtype == np.float32 and image.flags.c_contiguous
    assert np.allclose(image[0].transpose(1, 2, 0), RGB / 255, atol=1e-6)


def test_layout_channels_and_range():
    planes = to_input(RGB, (48, 64), NetworkSpec(channels="bgr", range=255))
    pixels = to_input(RGB, (48, 64), NetworkSpec(layout="nhwc", channels="bgr", range=255))
    assert pixels.shape == (1, 48, 64, 3) and pixels.flags.c_contiguous
    assert np.array_equal(pixels[0], RGB[..., ::-1])
    assert np.array_equal(planes[0].transpose(1, 2, 0), pixels[0])


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_mean_and_std_are_in_the_order_of_the_channels(channels):
    image = to_input(RGB, (48, 64), NetworkSpec(channels=channels, mean=IMAGENET_MEAN, std=IMAGENET_STD))
    ordered = RGB if channels == "rgb" else RGB[..., ::-1]
    assert np.allclose(image[0].transpose(1, 2, 0), (ordered / 255 - IMAGENET_MEAN) / IMAGENET_STD, atol=1e-5)


def test_the_whole_image_is_squashed_with_its_edges_kept():
    small = to_input(RGB, (24, 16), NetworkSpec(layout="nhwc", range=255))
    assert np.allclose(small[0], RGB.reshape(24, 2, 16, 4, 3).mean((1, 3)), atol=0.51)
    ramp = np.arange(64, dtype=np.uint8)[None, :, None].repeat(48, 0).repeat(3, 2)
    large = to_input(ramp, (48, 128), NetworkSpec(layout="nhwc", range=255))[0, 0, :, 0]
    assert np.allclose(large[4:-4], np.arange(128)[4:-4] / 2 - 0.25, atol=0.51)
    assert cv2.resize(RGB, (5, 7)).shape[:2] == to_input(RGB, (7, 5), NetworkSpec()).shape[2:]


@pytest.mark.parametrize("output, raw", [("depth", [2.0, 4.0]), ("inverse_depth", [0.5, 0.25]),
                                         ("log_depth", np.log([2.0, 4.0]))])
def test_outputs_become_metres(output, raw):
    depth_m = to_depth_m(np.float32(raw), NetworkSpec(output=output, scale=0.5))
    assert depth_m.dtype == np.float32 and depth_m == pytest.approx([1, 2])


@pytest.mark.filterwarnings("error")
def test_garbage_passes_without_warnings():
    raw = np.array([np.nan, 0, np.inf, -1, 1e9], np.float32)
    for output in ("depth", "inverse_depth", "log_depth"):
        assert np.isnan(to_depth_m(raw, NetworkSpec(output=output))[0])


@pytest.mark.parametrize("image, size", [
    ((480, 640), (224, 288)), ((360, 540), (224, 288)), ((1080, 1920), (192, 320)), ((1920, 1080), (320, 192)),
    ((640, 480), (288, 224)), ((500, 500), (256, 256)), ((1, 3000), (128, 512)), ((1, 1), (256, 256))])
def test_images_of_another_shape_are_not_squashed(image, size):
    assert fitted_size(image, (224, 288), 32) == size


@pytest.mark.parametrize("size, multiple", [((224, 288), 32), ((128, 160), 16), ((32, 32), 32), ((228, 304), 8)])
def test_fitted_sizes(size, multiple):
    """At most 2 % dearer than `size`, which fits its own shape, and no shape is squashed more than by `size`."""
    assert fitted_size(size, size, multiple) == size
    for height, width in ((480, 640), (1080, 1920), (1920, 1080), (400, 1000), (700, 700)):
        found = fitted_size((height, width), size, multiple)
        assert found == size or not (found[0] % multiple or found[1] % multiple)
        assert np.prod(found) <= 1.02 * np.prod(size)
        stretch, before = (abs(np.log(height * each[1] / (width * each[0]))) for each in (found, size))
        assert stretch <= before + 1e-12


@pytest.mark.parametrize("kind, factor, summand, range_", [
    ("relative_inverse_depth", 7, 0, 2.5), ("relative_inverse_depth", 7, -1.3, MAX_RANGE),
    ("relative_depth", 7, 0, 2.5), ("relative_depth", 7, -12, MAX_RANGE), ("relative_depth", 0.1, -3, MAX_RANGE)])
def test_depth_without_a_unit_has_a_range_that_is_usual_indoors(kind, factor, summand, range_):
    depth = np.random.default_rng(0).uniform(2, 5, (100, 100)).astype(np.float32)
    output = factor * (1 / depth if kind == "relative_inverse_depth" else depth) + summand
    found = to_depth_m(output, NetworkSpec(output=kind))
    low, high = np.percentile(found, (2, 98))
    assert found.dtype == np.float32 and (found > 0).all() and low == pytest.approx(1, rel=0.01)
    assert high / low == pytest.approx(range_, rel=0.05)
    assert np.corrcoef(np.log(found).ravel(), np.log(depth).ravel())[0, 1] > 0.95


def test_a_wall_without_a_unit_stays_flat():
    spec = NetworkSpec(output="relative_inverse_depth")
    assert np.array_equal(to_depth_m(np.full((8, 8), 0.5, np.float32), spec), np.ones((8, 8)))
    wall = np.random.default_rng(0).uniform(3.0, 3.1, (8, 8)).astype(np.float32)
    assert np.ptp(to_depth_m(wall, spec)) < 0.05


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_without_a_unit_is_no_depth(value):
    assert np.isnan(to_depth_m(np.full((8, 8), value, np.float32), NetworkSpec(output="relative_depth"))).all()
