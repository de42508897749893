"""slam.kernels.normals on planes, edges and holes."""

import numpy as np

from slam.kernels.normals import surface_normals
from tests.helpers import scenes


def normals_of(depth_m):
    out = np.empty((*depth_m.shape, 3), np.float32)
    with np.errstate(divide="ignore"):
        rho = np.where(depth_m > 0, 1 / depth_m, 0).astype(np.float32)
    surface_normals(rho, scenes.CAMERA.pinhole, np.float32(1.05), out)
    return out


def plane(normal, distance_m=2.0):
    return distance_m * normal[2] / (scenes.CAMERA.rays() @ normal)


def test_planes():
    for normal in ([0, 0, -1.0], [0.6, 0, -0.8], [-0.3, 0.5, -0.81]):
        normal = np.array(normal) / np.linalg.norm(normal)
        inner = normals_of(plane(normal))[3:-3, 3:-3]
        assert np.allclose(inner, normal, atol=3e-4)


def test_the_walls_of_the_box():
    depth_m, points = scenes.cast(np.eye(4))
    expected = np.zeros((*depth_m.shape, 3))
    wall = np.abs(np.abs(points) / scenes.HALF_SIZE_M - 1).argmin(-1)
    np.put_along_axis(expected, wall[..., None], -np.sign(np.take_along_axis(points, wall[..., None], -1)), -1)
    found = normals_of(depth_m)
    known = found.any(-1)
    agree = (found * expected).sum(-1)[known] > np.cos(np.radians(2))
    assert known.mean() > 0.9 and agree.mean() > 0.93


def test_an_edge_takes_its_normal_from_its_own_side():
    near, far = plane(np.array([0, 0, -1.0]), 1.0), plane(np.array([0.6, 0, -0.8]), 3.0)
    depth_m = np.where(np.arange(160)[None, :] < 80, near, far)
    found = normals_of(depth_m)
    assert np.allclose(found[10:-10, 79], [0, 0, -1], atol=1e-3)
    assert np.allclose(found[10:-10, 80], [0.6, 0, -0.8], atol=1e-2)


def test_no_normal_without_neighbours():
    depth_m = np.zeros(scenes.CAMERA.size)
    depth_m[50, 60] = 2.0
    assert not normals_of(depth_m).any()
