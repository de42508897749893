"""Depth moved into another camera, and the Kinect of NYU Depth v2."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calib.geometry import nyu_kinect
from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels
from calib.geometry.nyu_kinect import DEPTH_CAMERA, NYU_CAMERA, T_COLOUR_DEPTH, metres, registered
from calib.geometry.registration import Registration, undistorted_rays

COLOUR = Camera(80, 60, 70.0, 71.0, 39.0, 30.0)
DEPTH = Camera(100, 80, 95.0, 95.0, 50.0, 40.0)


def shifted(x_m):
    T = np.eye(4)
    T[0, 3] = x_m
    return T


def test_readings_land_where_the_other_camera_sees_them():
    depth_m = np.zeros(DEPTH.size, np.float32)
    depth_m[30, 45] = 2.0
    moved = Registration(DEPTH, shifted(-0.1), COLOUR).apply(depth_m)
    x, y, z = 2.0 * (45 - 50) / 95 - 0.1, 2.0 * (30 - 40) / 95, 2.0
    assert np.argwhere(moved).tolist() == [[round(71 * y / z + 30), round(70 * x / z + 39)]]
    assert moved.dtype == np.float32 and moved.max() == 2.0


def test_readings_land_where_a_distorted_camera_sees_them():
    bent = replace(COLOUR, distortion=(-0.3, 0.1, 0.01, -0.01))
    registration = Registration(DEPTH, shifted(-0.1), bent)
    for v, u in ((30, 45), (10, 15), (70, 90)):
        depth_m = np.zeros(DEPTH.size, np.float32)
        depth_m[v, u] = 2.0
        (row, column), = np.argwhere(registration.apply(depth_m))
        expected = to_pixels(bent, np.array([(u - 50) / 95 - 0.05, (v - 40) / 95]))
        assert np.abs(expected - (column, row)).max() < 0.7


def test_a_wall_stays_a_wall_and_what_is_near_hides_it():
    depth_m = np.full(DEPTH.size, 3.0, np.float32)
    depth_m[:, 40:60] = 1.0
    moved = Registration(DEPTH, shifted(-0.05), COLOUR).apply(depth_m)
    assert set(np.unique(moved)) <= {0, 1, 3}
    u = np.arange(80)
    near = np.abs(u - (39 + 70 * ((np.array([[40], [59]]) - 50) / 95 - 0.05))).argmin(1)
    assert np.all(moved[10:50, near[0]: near[1] + 1] == 1)
    assert np.all(moved[10:50, near[1] + 2] == 0), "the shadow, 70 px * 5 cm * (1 / 1 m - 1 / 3 m)"
    assert np.all(moved[10:50, near[1] + 5: 65] == 3)


def test_nothing_comes_of_nothing_and_none_from_behind():
    registration = Registration(DEPTH, shifted(0), COLOUR)
    assert not registration.apply(np.zeros(DEPTH.size, np.float32)).any()
    behind = np.eye(4)
    behind[2, 3] = -5
    assert not Registration(DEPTH, behind, COLOUR).apply(np.full(DEPTH.size, 2, np.float32)).any()


def test_rays_of_a_distorted_camera_lead_back_to_its_pixels():
    rays = undistorted_rays(DEPTH_CAMERA)[::60, ::80].reshape(-1, 3)
    pixels = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), DEPTH_CAMERA.K, np.array(DEPTH_CAMERA.distortion))[0]
    v, u = np.mgrid[0:480:60, 0:640:80]
    assert np.abs(pixels[:, 0] - np.stack([u, v], -1).reshape(-1, 2)).max() < 0.01
    assert np.array_equal(undistorted_rays(COLOUR), COLOUR.rays())


def test_nyu_depth_lands_where_the_colour_camera_sees_it():
    depth_m = np.zeros((480, 640), np.float32)
    depth_m[200, 300], depth_m[201, 301] = 2.0, 2.0
    v, u = np.nonzero(registered(depth_m))
    ray = cv2.undistortPoints(np.float64([[[300, 200]]]), DEPTH_CAMERA.K, np.array(DEPTH_CAMERA.distortion))[0, 0]
    expected = NYU_CAMERA.project((T_COLOUR_DEPTH @ [*(2.0 * ray), 2.0, 1])[:3])
    assert len(u) == 2 and abs(u[0] - expected[0]) <= 0.5 and abs(v[0] - expected[1]) <= 0.5
    assert np.allclose(T_COLOUR_DEPTH[:3, :3] @ T_COLOUR_DEPTH[:3, :3].T, np.eye(3), atol=1e-6)


def test_nyu_depth_stays_off_the_border_that_colour_lacks():
    seen = registered(np.full((480, 640), 0.6, np.float32)) > 0
    straight = cv2.undistort(np.full((480, 640), 255, np.uint8), NYU_CAMERA.K,
                             np.array(nyu_kinect.NYU_RAW_CAMERA.distortion))
    assert not seen[:, :5].any() and not seen[straight < 128].any() and seen[100:380, 60:500].mean() > 0.95


def test_nyu_disparity_becomes_metres():
    """Bytes the other way round; 2047 and 0 are none, the least and the greatest are no measurements."""
    disparity = np.array([[0, 400, 700, 917, 1000, 1056, 1060, 1092, 1093, 2047]], np.uint16)
    depth_m = metres(disparity.byteswap())
    assert depth_m[0] == pytest.approx([0, 0, 351.3 / 392.5, 351.3 / 175.5, 351.3 / 92.5, 0, 0, 0, 0, 0])
    assert not metres(np.full((2, 2), 2047, np.uint16).byteswap()).any()
