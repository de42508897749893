"""Cameras: projection, and what becomes of intrinsics when images change size."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera

CAMERA = Camera(640, 480, 517.3, 516.5, 318.6, 255.3)


def test_points_come_back_to_their_pixels():
    depth_m = np.random.default_rng(0).uniform(0.5, 5, CAMERA.size)
    points = CAMERA.backproject(depth_m)
    v, u = np.mgrid[:480, :640]
    assert points.shape == (480, 640, 3) and np.array_equal(points[..., 2], depth_m)
    assert np.allclose(CAMERA.project(points), np.stack([u, v], -1), atol=1e-9)


def test_projection_is_that_of_opencv():
    points = np.random.default_rng(1).uniform((-1, -1, 1), (1, 1, 4), (50, 3))
    uv = cv2.projectPoints(points, np.zeros(3), np.zeros(3), CAMERA.K, None)[0][:, 0]
    assert np.allclose(CAMERA.project(points), uv, atol=1e-9)
    assert np.allclose(CAMERA.pinhole, [517.3, 516.5, 318.6, 255.3]) and CAMERA.pinhole.dtype == np.float32


def test_resized_keeps_the_edges_of_the_image():
    """The corners of the outermost pixels lie on the same rays before and after."""
    small = CAMERA.resized((240, 160))
    assert small.size == (240, 160)
    for u, v, u_small, v_small in ((-0.5, -0.5, -0.5, -0.5), (639.5, 479.5, 159.5, 239.5)):
        assert (u - CAMERA.cx) / CAMERA.fx == pytest.approx((u_small - small.cx) / small.fx)
        assert (v - CAMERA.cy) / CAMERA.fy == pytest.approx((v_small - small.cy) / small.fy)
    again = small.resized(CAMERA.size)
    assert (again.fx, again.fy, again.cx, again.cy) == pytest.approx((517.3, 516.5, 318.6, 255.3))


def test_resized_follows_resampled_images():
    """OpenCV's area resampling moves a blob where the resized camera says."""
    image = cv2.GaussianBlur(np.eye(1, 480 * 640, 200 * 640 + 410, dtype=np.float32).reshape(480, 640), (0, 0), 6)
    small = cv2.resize(image, (160, 120), interpolation=cv2.INTER_AREA)
    v, u = np.mgrid[:120, :160]
    centre = np.array([(small * u).sum(), (small * v).sum()]) / small.sum()
    ray = np.array([[(410 - CAMERA.cx) / CAMERA.fx, (200 - CAMERA.cy) / CAMERA.fy, 1.0]])
    assert np.allclose(CAMERA.resized((120, 160)).project(ray)[0], centre, atol=0.01)


def test_subsampled_keeps_every_second_pixel():
    small = CAMERA.subsampled((240, 320))
    assert np.allclose(small.rays(), CAMERA.rays()[::2, ::2])


def test_fitted_to_scales_within_one_aspect_ratio():
    assert CAMERA.fitted_to((480, 640)) is CAMERA
    assert CAMERA.fitted_to((240, 320)) == CAMERA.resized((240, 320))
    assert CAMERA.fitted_to((239, 320)).size == (239, 320)


@pytest.mark.parametrize("size", [(360, 640), (640, 480), (470, 640)])
def test_fitted_to_refuses_another_aspect_ratio(size):
    with pytest.raises(CalibrationError, match=f"640x480 images but these are {size[1]}x{size[0]}"):
        CAMERA.fitted_to(size)


def test_distortion_is_kept_until_it_is_rectified():
    distorted = Camera(640, 480, 517, 517, 319, 239, (0.1, 0, 0, 0))
    assert distorted.is_distorted and distorted.resized((240, 320)).distortion == (0.1, 0, 0, 0)
    assert not distorted.rectified().is_distorted and distorted.rectified().K.tolist() == distorted.K.tolist()
    assert not Camera(640, 480, 517, 517, 319, 239, (0.0,) * 5).is_distorted


@pytest.mark.parametrize("values, says", [
    ((0, 480, 500, 500, 320, 240), "positive size"),
    ((640, -1, 500, 500, 320, 240), "positive size"),
    ((640, 480, 0, 500, 320, 240), "positive size and focal length"),
    ((640, 480, -500, 500, 320, 240), "focal length"),
    ((640, 480, 500, 0, 320, 240), "focal length"),
    ((640, 480, float("nan"), 500, 320, 240), "finite"),
    ((640, 480, 500, 500, float("inf"), 240), "finite"),
    ((640, 480, 500, 500, 320, 240, (0.1, float("nan"), 0, 0)), "finite"),
    ((640, 480, 500, 500, 320, 240, (0.1, 0.2, 0.3)), "4, 5 or 8 coefficients .* not 3")])
def test_impossible_cameras_say_so_in_one_line(values, says):
    with pytest.raises(CalibrationError, match=says) as caught:
        Camera(*values)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2


def test_rows_may_run_upwards():
    """Some rendered data sets have a negative fy."""
    camera = Camera(640, 480, 481.2, -480.0, 319.5, 239.5)
    assert np.allclose(camera.project(camera.backproject(np.ones(camera.size)))[7, 9], (9, 7))
