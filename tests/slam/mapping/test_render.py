"""slam.mapping.render against the scene that the surfels came from."""

import numpy as np
import pytest

from calib.geometry import se3
from slam.mapping.fusion import Fusion, FusionConfig
from slam.mapping.render import render
from slam.mapping.surfels import SurfelConfig, Surfels
from tests.helpers import scenes


def empty_map():
    surfels = Surfels(SurfelConfig(max_surfels=100_000))
    surfels.add_keyframe()
    return surfels


def fuse(surfels, T_world_cam, T_world_key, index=0, depth_m=None):
    rgb, true_depth_m = scenes.picture(T_world_cam)
    view = render(surfels, scenes.CAMERA, T_world_cam, T_world_key)
    depth_m = true_depth_m if depth_m is None else depth_m
    return Fusion(scenes.CAMERA, FusionConfig())(surfels, view, 1 / depth_m, rgb, 0, index)


def test_an_empty_map_is_empty():
    view = render(empty_map(), scenes.CAMERA, np.eye(4), np.eye(4)[None])
    assert np.all(view.index == -1) and not view.depth_m.any() and not view.confidence.any()


def test_the_map_seen_from_where_it_was_made():
    surfels = empty_map()
    fuse(surfels, np.eye(4), np.eye(4)[None])
    view = render(surfels, scenes.CAMERA, np.eye(4), np.eye(4)[None])
    _, depth_m = scenes.picture(np.eye(4))
    known = view.depth_m > 0
    assert known.mean() > 0.9
    assert np.allclose(view.depth_m[known], depth_m[known], rtol=1e-4)


def test_the_map_seen_from_elsewhere():
    surfels = empty_map()
    fuse(surfels, np.eye(4), np.eye(4)[None])
    T_world_cam = se3.exp(np.array([0.2, -0.1, 0.15, 0.03, -0.1, 0.02]))
    view = render(surfels, scenes.CAMERA, T_world_cam, np.eye(4)[None])
    _, depth_m = scenes.picture(T_world_cam)
    known = view.depth_m > 0
    error = np.abs(view.depth_m[known] / depth_m[known] - 1)
    assert known.mean() > 0.6 and np.percentile(error, 99) < 5e-3


def test_only_the_product_of_key_and_camera_matters():
    """Moving the whole world, keyframes and camera, changes nothing."""
    surfels = empty_map()
    fuse(surfels, np.eye(4), np.eye(4)[None])
    T = se3.exp(np.array([1.0, 2, -1, 0.3, -0.5, 0.2]))
    here = render(surfels, scenes.CAMERA, np.eye(4), np.eye(4)[None])
    there = render(surfels, scenes.CAMERA, T, T[None])
    known = (here.depth_m > 0) & (there.depth_m > 0)
    assert known.sum() > 0.99 * (here.depth_m > 0).sum()
    assert np.allclose(here.depth_m[known], there.depth_m[known], rtol=1e-4)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearest_surface_hides_what_is_behind_it(order):
    """Two walls, 1 m and 3 m away; the z-buffer must not depend on which came first."""
    surfels = empty_map()
    walls = [np.full(scenes.CAMERA.size, z, np.float32) for z in (1.0, 3.0)]
    for index in order:
        rgb = np.zeros((*scenes.CAMERA.size, 3), np.uint8)
        nothing = render(empty_map(), scenes.CAMERA, np.eye(4), np.eye(4)[None])
        Fusion(scenes.CAMERA, FusionConfig())(surfels, nothing, 1 / walls[index], rgb, 0, index)
    view = render(surfels, scenes.CAMERA, np.eye(4), np.eye(4)[None])
    assert np.allclose(view.depth_m[5:-5, 5:-5], 1.0, rtol=1e-5)


def test_surfels_behind_the_camera_are_not_seen():
    surfels = empty_map()
    fuse(surfels, np.eye(4), np.eye(4)[None])
    turned = se3.exp(np.array([0, 0, 0, 0, np.pi, 0]))
    assert np.all(render(surfels, scenes.CAMERA, turned, np.eye(4)[None]).index == -1)


def test_depth_is_that_of_the_surface_along_each_pixels_ray():
    """On a slanted plane the surfel's own depth differs from the ray's by its slope times half a pixel."""
    camera = scenes.CAMERA
    rays = camera.rays()
    normal = np.array([0.6, 0.0, -0.8])
    depth_m = (2.0 * normal[2] / (rays @ normal)).astype(np.float32)
    surfels = empty_map()
    rgb = np.zeros((*camera.size, 3), np.uint8)
    view = render(surfels, camera, np.eye(4), np.eye(4)[None])
    Fusion(camera, FusionConfig())(surfels, view, 1 / depth_m, rgb, 0, 0)
    T_world_cam = se3.exp(np.array([0.004, 0.003, 0.0, 0, 0, 0]))
    view = render(surfels, camera, T_world_cam, np.eye(4)[None])
    expected = (normal @ (np.array([0, 0, 2.0]) - T_world_cam[:3, 3])) / (rays @ normal)
    known = view.depth_m > 0
    assert known.mean() > 0.8 and np.allclose(view.depth_m[known], expected[known], rtol=5e-4)
