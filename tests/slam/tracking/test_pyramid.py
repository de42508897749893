"""slam.tracking.pyramid and its kernels."""

import numpy as np
import pytest

from calib.geometry.camera import Camera
from sequences.frame import DepthImage
from slam.tracking.pyramid import NO_DEPTH, build_pyramid, grey, inverse_depth_on
from tests.helpers import scenes


def test_gradients_of_a_ramp_are_its_slopes():
    v, u = np.mgrid[:48, :64].astype(np.float32)
    level = build_pyramid(0.01 * u - 0.004 * v, NO_DEPTH, Camera(64, 48, 50, 50, 31.5, 23.5), 1).levels[0]
    assert np.allclose(level.texture[1:-1, 1:-1, 1], 0.01, atol=1e-6)
    assert np.allclose(level.texture[1:-1, 1:-1, 2], -0.004, atol=1e-6)


def test_a_point_stays_where_it_is_at_every_level():
    """The image of one world point, read at its projection, is the same colour at all levels."""
    rgb, depth_m = scenes.picture(np.eye(4))
    levels = build_pyramid(grey(rgb, scenes.CAMERA.size), 1 / depth_m, scenes.CAMERA, 3).levels
    point = scenes.CAMERA.backproject(depth_m)[61, 83]
    for level in levels:
        u, v = level.camera.project(point)
        u0, v0 = int(u), int(v)
        rho = level.inverse_depth[v0:v0 + 2, u0:u0 + 2]
        assert rho.min() - 1e-3 <= 1 / point[2] <= rho.max() + 1e-3
        assert abs(level.texture[v0, u0, 0] - levels[0].texture[61, 83, 0]) < 0.08


def test_halving_depth_keeps_to_the_nearest_surface():
    depth_m = np.full((8, 8), 4.0, np.float32)
    depth_m[:, :3] = 1.0
    levels = build_pyramid(np.zeros((8, 8), np.float32), 1 / depth_m, Camera(8, 8, 8, 8, 3.5, 3.5), 2).levels
    assert np.all(np.isin(np.round(levels[1].inverse_depth, 5), [1.0, 0.25, 0.0]))
    assert np.all(levels[1].inverse_depth[:, 0] == 1.0) and np.all(levels[1].inverse_depth[:, 2:] == 0.25)


def test_halving_drops_blocks_that_are_mostly_unknown():
    rho = np.zeros((4, 4), np.float32)
    rho[0, 0] = 0.5
    rho[2:, 2:] = 0.5
    levels = build_pyramid(np.zeros((4, 4), np.float32), rho, Camera(4, 4, 4, 4, 1.5, 1.5), 2).levels
    assert levels[1].inverse_depth.tolist() == [[0.0, 0.0], [0.0, 0.5]]


@pytest.mark.parametrize("size", [(48, 64), (96, 128), (60, 90)])
def test_resampled_depth_of_a_plane_is_exact(size):
    """Inverse depth of a plane is linear in the pixel, so interpolating it makes no error, at any size."""
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    depth_camera = camera.resized(size)
    normal = np.array([0.2, -0.1, 1.0])
    depth = DepthImage((2.0 / (depth_camera.rays() @ normal)).astype(np.float32), depth_camera)
    rho = inverse_depth_on(camera, depth, is_measured=True)
    expected = camera.rays() @ normal / 2.0
    assert np.allclose(rho[2:-2, 2:-2], expected[2:-2, 2:-2], rtol=1e-5)


def test_resampling_invents_no_depth_across_an_edge():
    depth_m = np.full((48, 64), 3.0, np.float32)
    depth_m[:, 30:] = 1.0
    depth_m[20:25, 10:15] = 0
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    rho = inverse_depth_on(camera.resized((96, 128)), DepthImage(depth_m, camera), is_measured=True)
    assert set(np.unique(np.round(1 / rho[rho > 0], 4))) == {1.0, 3.0}
    assert not rho[42:48, 22:28].any()


def test_a_predictions_edges_are_interpolated():
    depth_m = np.full((12, 16), 3.0, np.float32)
    depth_m[:, 8:] = 1.0
    camera = Camera(16, 12, 15.0, 15.0, 7.5, 5.5)
    rho = inverse_depth_on(camera.resized((48, 64)), DepthImage(depth_m, camera), is_measured=False)
    assert len(np.unique(np.round(rho[24], 4))) > 3


def test_grey_is_the_luma_in_0_to_1():
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[..., 1] = 255
    assert np.allclose(grey(rgb, (2, 2)), 0.587, atol=2e-3)
