"""Rectification, held against cv2.undistortPoints and scenes whose image is known."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels, to_plane
from calib.geometry.rectification import Rectifier, field_of_view_deg, rectified
from sequences.frame import DepthImage, Frame

BARREL = Camera(320, 240, 230.0, 229.0, 162.0, 117.5, (-0.25, 0.06, 1e-3, -5e-4))
LENSES = {"barrel": BARREL,
          "pincushion": Camera(320, 240, 300.0, 300.0, 160.0, 120.0, (0.3, 0.1, 0.0, 0.0, 0.02)),
          "rational": Camera(320, 240, 200.0, 200.0, 160.0, 120.0, (0.5, -0.3, 1e-3, 1e-3, 0.1, 0.6, -0.2, 0.05)),
          "Kinect": Camera(640, 480, 517.3, 516.5, 318.6, 255.3, (0.2624, -0.9531, -0.0054, 0.0026, 1.1633)),
          "fisheye": Camera(320, 240, 150.0, 150.0, 158.0, 121.0, (0.02, -0.01, 0.003, -0.001), "fisheye"),
          "half sphere": Camera(640, 480, 200.0, 200.0, 320.0, 240.0, (0.0,) * 4, "fisheye"),
          "upwards": Camera(320, 240, 230.0, -229.0, 162.0, 117.5, (-0.25, 0.06, 1e-3, -5e-4))}


def undistorted(camera, uv):
    """Distorted pixels (N, 2) -> the plane z = 1, by OpenCV."""
    return cv2.undistortPoints(np.asarray(uv, float)[:, None], camera.K, np.array(camera.distortion),
                               criteria=(cv2.TERM_CRITERIA_COUNT, 50, 0))[:, 0]


@pytest.mark.parametrize("uv", [(60, 50), (260, 40), (70, 200), (161, 118), (250, 190)])
def test_a_dot_moves_where_opencv_says(uv):
    rectifier = Rectifier(BARREL)
    image = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(image, uv, 4, (255, 255, 255), -1, cv2.LINE_AA)
    grey = rectifier.image(image)[..., 0].astype(float)
    v, u = np.mgrid[:240, :320]
    seen = np.array([(grey * u).sum(), (grey * v).sum()]) / grey.sum()
    expected = rectifier.camera.project(np.append(undistorted(BARREL, [uv])[0], 1.0))
    assert np.allclose(seen, expected, atol=0.15)


@pytest.mark.parametrize("name", LENSES)
def test_no_black_borders_and_no_waste(name):
    camera = LENSES[name]
    rectifier = Rectifier(camera)
    assert rectifier.camera.size == camera.size and not rectifier.camera.is_distorted
    assert rectifier.image(np.full((*camera.size, 3), 255, np.uint8)).min() == 255
    small = camera.size[0] // 2, camera.size[1] // 2
    assert rectifier.depth(np.ones(small, np.float32))[0].min() == 1
    assert rectifier.camera.fx / rectifier.camera.fy == pytest.approx(camera.fx / camera.fy)
    # on two opposite sides some pixel of the border shows the very edge of the distorted image
    border = rectifier.camera.rays()[..., :2]
    u, v = to_pixels(camera, np.concatenate([border[0], border[-1], border[:, 0], border[:, -1]])).T
    gaps = np.array([u.min(), camera.width - 1 - u.max(), v.min(), camera.height - 1 - v.max()])
    assert np.all(gaps > -0.01)
    assert field_of_view_deg(rectifier.camera)[0] == pytest.approx(120, abs=1) if name == "half sphere" else \
        max(gaps[:2]) < 1 or max(gaps[2:]) < 1


def test_images_without_distortion_pass_unchanged():
    for distortion in ((), (0.0,) * 5):
        rectifier = Rectifier(Camera(320, 240, 230.0, 229.0, 162.0, 117.5, distortion))
        image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
        assert rectifier.image(image) is image
        assert rectifier.camera == Camera(320, 240, 230.0, 229.0, 162.0, 117.5)
        depth_m = np.ones((120, 160), np.float32)
        assert rectifier.depth(depth_m)[0] is depth_m
        assert rectifier.depth(depth_m)[1] == rectifier.camera.subsampled((120, 160))


@pytest.mark.parametrize("size", [(240, 320), (120, 160), (60, 80)])
def test_depth_of_any_size_follows_colour(size):
    """A slanted plane, whose depth is known at every distorted and at every straight pixel."""
    rectifier = Rectifier(BARREL)
    step = 240 // size[0]
    v, u = np.mgrid[:240:step, :320:step]
    plane = undistorted(BARREL, np.stack([u, v], -1).reshape(-1, 2)).reshape(*size, 2)

    def depth_at(x):
        return 2 / (1 - 0.3 * x)

    depth_m, camera = rectifier.depth(depth_at(plane[..., 0]).astype(np.float32))
    assert depth_m.shape == camera.size == size and depth_m.dtype == np.float32
    exact = depth_at(camera.rays()[..., 0])
    slope = np.abs(np.gradient(exact, axis=1))
    assert np.all(np.abs(depth_m - exact) < 0.9 * slope + 1e-5)
    assert np.allclose(camera.rays(), rectifier.camera.rays()[::step, ::step])


def test_depth_is_not_averaged_across_edges():
    depth_m = np.where(np.arange(160) < 77, 1, 3) * np.ones((120, 1), np.float32)
    straight = Rectifier(BARREL).depth(depth_m.astype(np.float32))[0]
    assert set(np.unique(straight)) == {1, 3}


def test_frames_are_rectified_with_their_depth():
    rectifier = Rectifier(BARREL)
    rgb = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    depth = DepthImage(np.ones((120, 160), np.float32), BARREL.subsampled((120, 160)))
    with_depth, without = rectified([Frame(3, 0.1, rgb, sensor_depth=depth), Frame(4, 0.2, rgb)], rectifier)
    assert np.array_equal(with_depth.rgb, rectifier.image(rgb)) and with_depth.index == 3
    assert with_depth.sensor_depth.camera == rectifier.camera.subsampled((120, 160))
    assert without.sensor_depth is None and np.array_equal(without.rgb, with_depth.rgb)
    pinhole_depth = DepthImage(depth.depth_m, BARREL.rectified().subsampled((120, 160)))
    same, = rectified([Frame(0, 0.0, rgb, sensor_depth=pinhole_depth)], Rectifier(BARREL.rectified()))
    assert same.rgb is rgb and same.sensor_depth == pinhole_depth
    registered, = rectified([Frame(0, 0.0, rgb, sensor_depth=pinhole_depth)], rectifier)
    assert registered.sensor_depth == pinhole_depth, "depth of a pinhole is straight already"


@pytest.mark.parametrize("distortion, model", [((-3.0, 0, 0, 0), "pinhole"), ((5.0,) * 5, "pinhole"),
                                               ((1e6,) * 8, "pinhole"), ((-1.0, 0, 0, 0), "fisheye"),
                                               ((1e6, -1e6, 0, 0), "fisheye")])
def test_lens_models_that_fold_the_image_are_refused(distortion, model):
    with pytest.raises(CalibrationError, match="cannot be undone") as caught:
        Rectifier(Camera(320, 240, 200.0, 200.0, 160.0, 120.0, distortion, model))
    assert "\n" not in str(caught.value)


def test_what_straightening_costs_is_told():
    loss = Rectifier(LENSES["half sphere"]).describe_loss()
    assert loss == "120 x 105 of 178 x 137 degrees are left"
    assert Rectifier(BARREL.rectified()).describe_loss() == ""


@pytest.mark.parametrize("name", LENSES)
def test_the_lens_model_is_that_of_opencv(name):
    camera = LENSES[name]
    plane = np.random.default_rng(1).uniform(-0.6, 0.6, (200, 2))
    rays = np.insert(plane[:, None], 2, 1.0, axis=-1)
    project = cv2.fisheye.projectPoints if camera.model == "fisheye" else cv2.projectPoints
    theirs = project(rays, np.zeros(3), np.zeros(3), camera.K, np.array(camera.distortion))[0][:, 0]
    assert np.allclose(to_pixels(camera, plane), theirs, atol=1e-6)
    assert np.allclose(to_plane(camera, theirs), plane, atol=1e-5)


def test_images_follow_the_camera_of_a_map():
    """Of another camera: what it does not show is known, the rest lies where the map's pinhole sees it."""
    source, target = Camera(160, 120, 140.0, 140.0, 79.5, 59.5), Camera(200, 150, 120.0, 125.0, 99.5, 74.5)
    rectifier = Rectifier(source, target)
    v, u = np.mgrid[0:120, 0:160]
    image = rectifier.image(np.stack([u, v, 0 * u], -1).astype(np.uint8)).astype(float)
    expected = target.rays()[..., :2] * 140 + (79.5, 59.5)
    inside = ((expected >= 0) & (expected <= (159, 119))).all(-1)
    assert rectifier.camera == target and np.array_equal(rectifier.seen, inside) and 0.4 < inside.mean() < 0.9
    assert np.abs(image[..., :2] - expected)[inside].max() < 0.6
    assert rectifier.seen.mean() == pytest.approx(inside.mean()) and f"{inside.mean():.0%}" in rectifier.describe_loss()


def test_images_of_the_same_camera_stay_as_they_are():
    camera = Camera(160, 120, 140.0, 140.0, 79.5, 59.5)
    image = np.zeros((120, 160, 3), np.uint8)
    assert Rectifier(camera, camera).image(image) is image and Rectifier(camera, camera).seen is None
