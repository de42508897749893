"""RealSense lenses in our model, and depth that lies on the colour of a distorted one."""

import cv2
import numpy as np
import pytest

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from calib.geometry.registration import undistorted_rays
from sequences.cameras.realsense.lens import camera_of
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.realsense_recording import intrinsics, write_db3

rs = pytest.importorskip("pyrealsense2")


@pytest.mark.parametrize("model", ["brown_conrady", "inverse_brown_conrady", "modified_brown_conrady"])
def test_our_lens_model_fits_theirs(model):
    lens = intrinsics(600.0, getattr(rs.distortion, model), (0.1, -0.2, 0.0005, -0.001, 0.05), (480, 640))
    camera = camera_of(lens)
    u, v = np.meshgrid(np.linspace(-0.45, 0.45, 9), np.linspace(-0.35, 0.35, 7))
    points = np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3)
    ours = cv2.projectPoints(points, np.zeros(3), np.zeros(3), camera.K, np.array(camera.distortion))[0][:, 0]
    theirs = [rs.rs2_project_point_to_pixel(lens, list(point)) for point in points]
    assert np.abs(ours - theirs).max() < 0.5


@pytest.mark.parametrize("coefficients", [(0.0,) * 5, (-0.35, 0.1, 0.002, -0.003, 0.0)])
def test_depth_lies_on_colour_when_both_are_straight(tmp_path, coefficients):
    """A near square before a far wall, seen by a distorted colour camera and a straight depth camera."""
    focal_px = 220.0
    colour = Camera(320, 240, focal_px, focal_px, 159.5, 119.5, coefficients if any(coefficients) else ())
    depth = Camera(320, 240, 180.0, 180.0, 159.5, 119.5)
    x, y = np.moveaxis(undistorted_rays(colour)[..., :2], -1, 0)
    rgb = np.repeat(np.uint8(220 * square(x, y))[..., None], 3, axis=-1)
    depth_mm = np.where(square(*np.moveaxis(depth.rays()[..., :2], -1, 0)), 1000, 2000).astype(np.uint16)
    path = write_db3(tmp_path / "square.db3", [(rgb, depth_mm)] * 2, focal_px, depth.fx, coefficients)
    sequence = open_sequence(str(path), SourceOptions(depth_every=1))
    rectifier = Rectifier(sequence.camera)
    frame = next(rectified(sequence, rectifier))
    depth_m, depth_camera = frame.sensor_depth.depth_m, frame.sensor_depth.camera
    assert depth_camera == rectifier.camera.subsampled(depth_m.shape) and not depth_camera.is_distorted
    near = (depth_m > 0) & (depth_m < 1.5)
    for seen, camera in ((frame.rgb[..., 0] > 110, rectifier.camera), (near, depth_camera)):
        expected = square(*np.moveaxis(camera.rays()[..., :2], -1, 0))
        assert (seen & expected).sum() > 0.94 * (seen | expected).sum()
    assert (depth_m[15:-15, 15:-15] > 0).mean() > 0.98, "hardly a hole"
    assert set(np.unique(depth_m)) <= {0, 1, 2}, "nothing between near and far"


def square(x, y):
    """Where the plane z = 1 shows it: off the middle, where lenses distort."""
    return (x > 0.1) & (x < 0.55) & (y > -0.4) & (y < 0.1)


def test_a_lens_that_ours_cannot_follow_is_refused():
    lens = intrinsics(150.0, rs.distortion.kannala_brandt4, (0.3, -0.9, 0.9, -0.4, 0.0), (480, 640))
    with pytest.raises(CalibrationError, match="px off ours: calibrate the camera"):
        camera_of(lens)
