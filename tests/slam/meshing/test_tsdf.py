"""slam.meshing.tsdf: meshes of depth maps of known planes."""

from dataclasses import replace

import numpy as np
import pytest

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.tsdf import DepthPixels, DistanceField, integrate, ray_cosines
from slam.meshing.depth_view import DepthView
from slam.meshing.mesh_config import MeshConfig, NoMesh
from slam.meshing.tsdf import _without_the_far, build_mesh

CAMERA = Camera(96, 72, 90.0, 90.0, 47.5, 35.5)
CONFIG = MeshConfig()
U, V = np.meshgrid(np.arange(96), np.arange(72))
WALL_M = 2.0


def shifted(x_m):
    return se3.exp(np.array([x_m, 0, 0, 0, 0, 0]))


def view(depth_m, log_std=0.03, colour=(200, 100, 50), T_world_key=None):
    """Depth as a number or (h, w), 0 where unknown."""
    depth_m = np.broadcast_to(np.asarray(depth_m, np.float32), CAMERA.size)
    inverse_depth = np.where(depth_m > 0, 1 / np.maximum(depth_m, 1e-3), 0).astype(np.float32)
    rgb = np.broadcast_to(np.array(colour, np.uint8), (*CAMERA.size, 3)).copy()
    return DepthView(inverse_depth, np.full(CAMERA.size, log_std, np.float32), rgb,
                     np.eye(4) if T_world_key is None else T_world_key)


def mesh_of(*views, **tsdf):
    return build_mesh(list(views), CAMERA, replace(CONFIG, tsdf=replace(CONFIG.tsdf, **tsdf)))


@pytest.fixture(scope="module")
def wall():
    return mesh_of(view(WALL_M))


def test_a_wall_is_flat_single_coloured_and_faces_the_camera(wall):
    assert np.abs(wall.vertices[:, 2] - WALL_M).max() < 0.002
    assert (wall.face_normals[:, 2] < -0.99).all()
    assert wall.area == pytest.approx(np.prod(np.array(CAMERA.size) - 3) * (WALL_M / CAMERA.fx) ** 2, rel=0.05)
    assert (wall.visual.vertex_colors[:, :3] == (200, 100, 50)).all()


def test_surer_depth_counts_by_its_inverse_variance():
    mesh = mesh_of(view(WALL_M, 0.03), view(1.05 * WALL_M, 0.06))
    assert np.median(mesh.vertices[:, 2]) == pytest.approx(WALL_M * (1 + 0.05 / 5), abs=0.004)


def test_an_edge_of_depth_becomes_no_skirt():
    mesh = mesh_of(view(np.where(U < 48, 1.0, WALL_M)))
    off_m = np.minimum(np.abs(mesh.vertices[:, 2] - 1), np.abs(mesh.vertices[:, 2] - WALL_M))
    assert off_m.max() < 0.02
    assert (mesh.vertices[:, 2] < 1.5).any() and (mesh.vertices[:, 2] > 1.5).any()


def test_what_surer_views_see_through_is_left_out():
    block = np.where((abs(U - 48) < 12) & (abs(V - 36) < 12), 1.2, WALL_M)
    alone = mesh_of(view(block, 0.1))
    assert (alone.vertices[:, 2] < 1.5).any()
    with_others = mesh_of(view(block, 0.1), view(WALL_M, 0.03, T_world_key=shifted(0.05)))
    assert (with_others.vertices[:, 2] > 1.8).all()


@pytest.mark.parametrize("side_px, closed", [(4, True), (24, False)])
def test_small_holes_are_closed_and_large_ones_stay(wall, side_px, closed):
    hole = (abs(U - 47.5) < side_px / 2) & (abs(V - 35.5) < side_px / 2)
    mesh = mesh_of(view(np.where(hole, 0, WALL_M)))
    assert (abs(mesh.area - wall.area) < 0.01 * wall.area) == closed


def test_the_best_view_gives_the_colour():
    near = view(WALL_M / 2, 0.03, (0, 200, 0), se3.exp(np.array([0, 0, WALL_M / 2, 0, 0, 0])))
    mesh = mesh_of(view(WALL_M), near)
    middle = np.linalg.norm(mesh.vertices[:, :2], axis=1) < 0.3
    red, green, _ = mesh.visual.vertex_colors[middle, :3].T.astype(float)
    assert (green > 180).all() and (red < 30).all()


def test_the_number_of_triangles_can_be_chosen(wall):
    few = build_mesh([view(WALL_M)], CAMERA, replace(CONFIG, max_triangles=100))
    assert len(wall.faces) > 500 and 50 <= len(few.faces) <= 100
    assert np.abs(few.vertices[:, 2] - WALL_M).max() < 0.002


def test_voxels_grow_where_there_would_be_too_many(wall):
    coarse = mesh_of(view(WALL_M), max_blocks=60)
    assert 20 < len(coarse.faces) < len(wall.faces) / 2


def test_the_same_views_give_the_same_mesh():
    uneven = WALL_M + 0.02 * np.random.default_rng(0).normal(size=CAMERA.size)
    first, second = (mesh_of(view(uneven), view(uneven[::-1], T_world_key=shifted(0.1))) for _ in range(2))
    assert first.export(file_type="ply") == second.export(file_type="ply")


def test_views_without_depth_are_one_clear_error():
    with pytest.raises(NoMesh, match="no keyframe has depth"):
        mesh_of(view(0))
    with pytest.raises(NoMesh, match="too scattered"):
        mesh_of(view(np.where((U % 8 == 0) & (V % 8 == 0), WALL_M, 0)))


def test_the_field_holds_weighted_distances_along_the_rays():
    """Against the formula, in float64, voxel by voxel."""
    depth_m, voxel_m, reach_m, weight = WALL_M + 0.3 * (U - 48) / 96, 0.02, 0.1, 0.5
    pixels = DepthPixels((1 / depth_m).astype(np.float32), np.full(CAMERA.size, weight, np.float32),
                         np.full(CAMERA.size, reach_m, np.float32))
    T_cam_world = se3.exp(np.array([0.03, -0.02, 0.01, 0.02, 0.03, -0.01]))
    field = DistanceField(np.array([[0, 0, 12], [1, -2, 11], [40, 0, 12]], np.int32),
                          *np.zeros((2, 3, 512), np.float32))
    integrate(field, pixels, T_cam_world, CAMERA.pinhole, voxel_m)
    z, y, x = np.mgrid[:8, :8, :8].reshape(3, -1)
    for b, block in enumerate(field.blocks):
        p_cam = voxel_m * (8 * block + np.stack([x, y, z], 1)) @ T_cam_world[:3, :3].T + T_cam_world[:3, 3]
        u, v = 90 * p_cam[:, 0] / p_cam[:, 2] + 47.5, 90 * p_cam[:, 1] / p_cam[:, 2] + 35.5
        distance = (WALL_M + 0.3 * (u - 48) / 96 - p_cam[:, 2]) / reach_m
        seen = (u >= 0) & (v >= 0) & (u < 95) & (v < 71) & (distance > -1)
        np.testing.assert_allclose(field.weight[b], weight * seen, atol=1e-6)
        np.testing.assert_allclose(field.distance[b], weight * seen * np.minimum(distance, 1), atol=0.002)
    assert field.weight[0].any() and not field.weight[2].any()


@pytest.mark.parametrize("slope", [0.0, 0.4, -1.5])
def test_cosines_are_those_of_planes(slope):
    """z = 2 + slope x, whose normal is (slope, 0, -1)."""
    x, y = (U - 47.5) / 90, (V - 35.5) / 90
    inverse_depth = ((1 - slope * x) / 2).astype(np.float32)
    cosine = np.empty(CAMERA.size, np.float32)
    ray_cosines(inverse_depth, CAMERA.pinhole, cosine)
    true = (1 - slope * x) / np.sqrt((1 + slope**2) * (1 + x**2 + y**2))
    np.testing.assert_allclose(cosine[1:-1, 1:-1], true[1:-1, 1:-1], atol=1e-3)
    assert not cosine[0].any() and not cosine[:, -1].any()


def test_what_is_far_beyond_all_else_is_left_out():
    view = DepthView(np.full((4, 5), 0.5, np.float32), np.ones((4, 5), np.float32), np.zeros((4, 5, 3), np.uint8),
                     np.eye(4))
    view.inverse_depth[0, 0], view.inverse_depth[1, 1] = 0.05, 0.2
    left, = _without_the_far([view], 4.0)
    assert left.inverse_depth[0, 0] == 0 and left.inverse_depth[1, 1] > 0 and view.inverse_depth[0, 0] > 0
