"""Augmentation: where pixels come from, what becomes of depth, ranges of the papers, colours."""

import cv2
import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.geometry.camera import Camera
from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.data import colour
from depth.data.augmentation import AUGMENTATIONS, EIGEN, Augmentation, augmentation_named
from depth.data.geometry import Placement, covering_scale, placed, without_border
from depth.data.nyu_folder import NyuFolder
from depth.data.sample import Sample
from tests.helpers.paths import DATA

NYU = DATA / "nyu_labeled" / "train"
SIZE = 228, 304
CAMERA = NYU_CAMERA.resized((240, 320))
FOCAL_PX = float(np.sqrt(CAMERA.fx * CAMERA.fy))


def ramp(size=(240, 320), depth_size=None):
    """Red is the column, green the row; depth is 1 + column / 100 metres at the image's pixels."""
    camera = NYU_CAMERA.resized(size)
    v, u = np.mgrid[: size[0], : size[1]]
    rgb = np.stack([u * 250 // size[1], v * 250 // size[0], np.full_like(u, 90)], -1).astype(np.uint8)
    depth_camera = camera.resized(depth_size or size)
    column = (np.arange(depth_camera.width) + 0.5) * size[1] / depth_camera.width - 0.5
    depth_m = np.broadcast_to(np.float32(1 + column / 100), depth_camera.size).copy()
    return Sample(rgb, camera, depth_m, depth_camera)


def test_at_scale_1_the_input_is_a_crop():
    sample = ramp()
    placement = Placement(1.0, (40 + 151.5, 5 + 113.5))
    rgb, depth_m = placed(sample, placement, SIZE, FOCAL_PX)
    inside = slice(0, 320 - 40)
    assert np.array_equal(rgb[:, inside], sample.rgb[5:233, 40:320])
    assert np.allclose(depth_m[:, inside], sample.depth_m[5:233, 40:320], rtol=1e-6)
    assert np.all(depth_m[:, 280:] == 0)


@pytest.mark.parametrize("scale", [1.25, 1.5, 2.0])
def test_scale_divides_depth(scale):
    sample = ramp()
    rgb, depth_m = placed(sample, Placement(scale, (159.5, 119.5)), SIZE, FOCAL_PX)
    column = (np.arange(304) - 151.5) / scale + 159.5
    row = (np.arange(228) - 113.5) / scale + 119.5
    assert np.allclose(depth_m[100] * scale, 1 + column / 100, atol=0.6 / 100)
    assert np.allclose(rgb[100, :, 0], column * 250 / 320, atol=1.6)
    assert np.allclose(rgb[:, 100, 1], row * 250 / 240, atol=1.6)


def test_points_keep_their_directions_and_the_enlarged_camera_sees_them_closer():
    """A pixel of the input, lifted with the network's camera, is the true point with z divided by the scale."""
    sample, scale = ramp(), 1.4
    _, depth_m = placed(sample, Placement(scale, (CAMERA.cx, CAMERA.cy)), SIZE, FOCAL_PX)
    network = Camera(304, 228, CAMERA.fx, CAMERA.fy, 151.5, 113.5)
    points = network.backproject(depth_m)
    u = np.rint((np.arange(304) - 151.5) / scale + CAMERA.cx).astype(int)
    true = sample.camera.backproject(sample.depth_m)[120, u]
    assert np.allclose(points[113, :, 0], true[:, 0], atol=0.012)
    assert np.allclose(points[113, :, 2], true[:, 2] / scale, atol=1e-5)


def test_flip():
    sample = ramp()
    straight, flipped = (placed(sample, Placement(1.0, (159.5, 119.5), flip=flip), SIZE, FOCAL_PX)
                         for flip in (False, True))
    for a, b in zip(straight, flipped):
        assert np.array_equal(a[:, ::-1], b)


def test_rotation_turns_image_and_depth_alike_and_keeps_z():
    sample = ramp()
    angle = np.radians(5)
    rgb, depth_m = placed(sample, Placement(1.3, (150.0, 110.0), rotation_rad=angle), SIZE, FOCAL_PX)
    du, dv = (60 - 151.5) / 1.3, (180 - 113.5) / 1.3
    u = 150 + np.cos(angle) * du + np.sin(angle) * dv
    assert depth_m[180, 60] * 1.3 == pytest.approx(1 + u / 100, abs=0.011)
    assert rgb[180, 60, 0] == pytest.approx(u * 250 / 320, abs=1.6)


def test_stretch_keeps_the_geometric_mean_of_the_focal_lengths():
    matrix = Placement(1.2, (0.0, 0.0), stretch=1.25).matrix(SIZE)
    assert matrix[0, 0] / matrix[1, 1] == pytest.approx(1.25)
    assert matrix[0, 0] * matrix[1, 1] == pytest.approx(1.2**2)


@pytest.mark.parametrize("depth_size", [(120, 160), (55, 305), (480, 640)])
def test_depth_maps_of_another_size(depth_size):
    reference = placed(ramp(), Placement(1.1, (155.0, 118.0)), SIZE, FOCAL_PX)[1]
    depth_m = placed(ramp(depth_size=depth_size), Placement(1.1, (155.0, 118.0)), SIZE, FOCAL_PX)[1]
    both = (reference > 0) & (depth_m > 0)
    assert both.mean() > 0.95 and np.abs(depth_m - reference)[both].max() < 0.011


def test_registered_depth_sits_on_even_pixels():
    """Half-size depth that was sampled, not averaged: pixel (u, v) belongs to (2u, 2v) of the image."""
    full = ramp()
    half = full._replace(depth_m=np.ascontiguousarray(full.depth_m[::2, ::2]),
                         depth_camera=full.camera.subsampled((120, 160)))
    depth_m = placed(half, Placement(2.0, (100.0, 100.0)), SIZE, FOCAL_PX)[1]
    column = (np.arange(304) - 151.5) / 2 + 100
    assert np.abs(depth_m[100] * 2 - (1 + column / 100)).max() < 0.0101


def test_large_images_are_averaged_down():
    checks = ramp((960, 1280))
    checks.rgb[:] = ((np.indices((960, 1280)).sum(0) % 2) * 200).astype(np.uint8)[..., None]
    rgb, _ = placed(checks, Placement(0.25, (639.5, 479.5)), (200, 280), FOCAL_PX)
    assert np.abs(rgb.astype(int) - 100).max() <= 1


def test_shrinking_keeps_pixels_where_they_are():
    sample = ramp((960, 1280))
    rgb, _ = placed(sample, Placement(0.237, (639.5, 479.5)), SIZE, FOCAL_PX)
    column = (np.arange(304) - 151.5) / 0.237 + 639.5
    inside = (column > 8) & (column < 1270)
    difference = (rgb[100, :, 0] - column * 250 / 1280)[inside]
    assert np.abs(difference).max() < 1.6 and -0.6 < difference.mean() < 0.1  # the ramp is cut to whole levels


def test_canonical_focal_length():
    """The same scene through a lens twice as long has the same ground truth at the network's focal length, halved."""
    sample = ramp()
    wide = placed(sample, Placement(1.0, (159.5, 119.5)), SIZE, FOCAL_PX)[1]
    camera = Camera(320, 240, 2 * CAMERA.fx, 2 * CAMERA.fy, CAMERA.cx, CAMERA.cy)
    through_it = sample._replace(camera=camera, depth_camera=camera)
    long = placed(through_it, Placement(1.0, (159.5, 119.5)), SIZE, FOCAL_PX)[1]
    assert np.allclose(long, wide / 2)


def test_covering():
    assert covering_scale((480, 640), (228, 304)) == pytest.approx(0.475)
    assert covering_scale((375, 1242), (188, 620)) == pytest.approx(188 / 375)  # wider than the input: cut at the sides
    assert EIGEN.base_scale((480, 640), SIZE) == pytest.approx(0.5)
    assert AUGMENTATIONS["hao"].base_scale((480, 640), (240, 320)) == pytest.approx(416 / 640)


def test_border_is_never_seen():
    sample = ramp()
    framed = sample._replace(rgb=np.full_like(sample.rgb, 255))
    framed.rgb[4:-4, 4:-4] = sample.rgb[4:-4, 4:-4] // 2
    inner = without_border(framed, 8 / 640)
    assert inner.rgb.shape == (232, 312, 3) and inner.camera.cx == sample.camera.cx - 4
    for number in range(20):
        rgb, depth_m = EIGEN(framed, SIZE, FOCAL_PX, np.random.default_rng(number), border=8 / 640)
        assert rgb.max() < 200 and (depth_m > 0).mean() > 0.9
    plain = placed(inner, Placement(1.0, (159.5 - 4, 119.5 - 4)), SIZE, FOCAL_PX)[1]
    assert np.array_equal(plain, placed(sample, Placement(1.0, (159.5, 119.5)), SIZE, FOCAL_PX)[1])


def draws(augmentation, count=400):
    rng = np.random.default_rng(0)
    base = augmentation.base_scale((240, 320), SIZE)
    return base, [augmentation._placement(base, (240, 320), SIZE, rng) for _ in range(count)]


def test_eigens_ranges():
    base, placements = draws(EIGEN)
    scales = np.array([placement.scale for placement in placements]) / base
    angles = np.degrees([placement.rotation_rad for placement in placements])
    assert base == pytest.approx(1) and 1 <= scales.min() < 1.02 and 1.48 < scales.max() <= 1.5
    assert -5 <= angles.min() < -4.8 and 4.8 < angles.max() <= 5
    assert 0.4 < np.mean([placement.flip for placement in placements]) < 0.6
    for placement in placements:  # without rotation, crops stay inside the image
        u, v = placement.centre
        assert 0 <= u + 0.5 - 152 / placement.scale and u + 0.5 + 152 / placement.scale <= 320 + 1e-9
        assert 0 <= v + 0.5 - 114 / placement.scale and v + 0.5 + 114 / placement.scale <= 240 + 1e-9


def test_eigens_colours():
    grey = ramp()._replace(rgb=np.full((240, 320, 3), 100, np.uint8))
    means = np.array([EIGEN(grey, SIZE, FOCAL_PX, np.random.default_rng(k))[0].mean((0, 1)) for k in range(60)])
    assert 80 <= means.min() < 84 and 116 < means.max() <= 120 and np.abs(means[:, 0] - means[:, 1]).max() > 10


def test_haos_variant_neither_turns_nor_moves():
    augmentation = AUGMENTATIONS["hao"]
    placements = [augmentation._placement(0.65, (480, 640), (240, 320), np.random.default_rng(k)) for k in range(50)]
    assert {(p.scale, p.centre, p.rotation_rad) for p in placements} == {(0.65, (319.5, 239.5), 0.0)}
    assert len({p.flip for p in placements}) == 2
    flat = ramp()._replace(rgb=np.full((240, 320, 3), 100, np.uint8))
    levels = [augmentation(flat, (240, 320), FOCAL_PX, np.random.default_rng(k))[0] for k in range(60)]
    assert all(np.ptp(image) == 0 for image in levels)  # brightness is one number for all channels
    assert 49 <= min(map(np.min, levels)) < 60 and 140 < max(map(np.max, levels)) <= 151


def test_the_same_generator_gives_the_same_image():
    sample = ramp()
    for name, augmentation in AUGMENTATIONS.items():
        first, second = (augmentation(sample, SIZE, FOCAL_PX, np.random.default_rng(3)) for _ in range(2))
        assert all(np.array_equal(a, b) for a, b in zip(first, second)), name
        assert first[0].dtype == np.uint8 and first[1].dtype == np.float32
        assert first[0].shape == (*SIZE, 3) and first[1].shape == SIZE


def test_none_is_the_middle_of_the_image():
    sample = ramp()
    rgb, depth_m = AUGMENTATIONS["none"](sample, (240, 320), FOCAL_PX, np.random.default_rng(0))
    assert np.array_equal(rgb, sample.rgb) and np.array_equal(depth_m, sample.depth_m)


def test_the_callers_sample_stays_as_it_is():
    sample = ramp()
    before = sample.rgb.copy(), sample.depth_m.copy()
    for augmentation in AUGMENTATIONS.values():
        augmentation(sample, SIZE, FOCAL_PX, np.random.default_rng(0), border=0.0125)
    assert np.array_equal(before[0], sample.rgb) and np.array_equal(before[1], sample.depth_m)


def image():
    return np.random.default_rng(0).uniform(0, 1, (8, 10, 3)).astype(np.float32)


def test_colours():
    assert np.allclose(colour.with_gain(image(), np.array([1, 2, 3])), image() * [1, 2, 3])
    assert np.allclose(colour.with_brightness(image(), 0.2), image() + 0.2)
    contrast = colour.with_contrast(image(), 0.5)
    assert np.allclose(contrast.mean((0, 1)), image().mean((0, 1)))
    assert np.allclose(contrast.std(), image().std() / 2, rtol=0.2)
    grey = colour.with_saturation(image(), 0)
    assert np.allclose(grey, cv2.cvtColor(image(), cv2.COLOR_RGB2GRAY)[..., None], atol=1e-3)
    assert np.allclose(colour.with_gamma(image(), 2.0), image() ** 2)
    assert colour.with_blur(image(), 1.0).std() < image().std()
    noise = colour.with_noise(np.zeros((100, 100, 3), np.float32), 0.1, np.random.default_rng(0))
    assert noise.std() == pytest.approx(0.1, rel=0.03)


def test_hue_turns_about_grey():
    turned = colour.with_hue(np.eye(3, dtype=np.float32)[None], np.radians(120))
    assert np.allclose(turned, np.eye(3)[[1, 2, 0]], atol=1e-6)
    assert np.allclose(colour.with_hue(image(), 0.4).sum(-1), image().sum(-1), atol=1e-5)


@pytest.mark.parametrize("change, neutral", [
    ("with_gain", np.ones(3)), ("with_brightness", 0), ("with_contrast", 1), ("with_saturation", 1), ("with_hue", 0),
    ("with_gamma", 1), ("with_blur", 0)])
def test_what_changes_nothing_costs_nothing(change, neutral):
    before = image()
    assert getattr(colour, change)(before, neutral) is before


def test_unknown_augmentations():
    with pytest.raises(BadInputError, match="eigen_kitti"):
        augmentation_named("heavy")


@pytest.mark.skipif(not NYU.is_dir(), reason="needs NYU's labelled images")
def test_real_images():
    dataset = NyuFolder(NYU)
    for index in (0, 400):
        sample = dataset[index]
        rgb, depth_m = Augmentation(cover=304 / 320)(sample, SIZE, FOCAL_PX, np.random.default_rng(0), dataset.border)
        assert np.array_equal(rgb, sample.rgb[6:234, 8:312]) and np.allclose(depth_m, sample.depth_m[6:234, 8:312])
        rgb, depth_m = AUGMENTATIONS["strong"](sample, SIZE, FOCAL_PX, np.random.default_rng(1), dataset.border)
        assert (depth_m > 0).mean() > 0.8 and 0.2 < np.median(depth_m[depth_m > 0]) < 10
