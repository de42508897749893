"""slam.meshing.surfel_mesh: meshes of known shapes, what is cut away, and rays through them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from calib.base.errors import MonofuseError
from calib.geometry import se3
from slam.meshing.mesh_config import MeshConfig, NoMesh
from slam.meshing.surfel_mesh import _voxel_m, build_surfel_mesh
from tests.helpers.surfel_shapes import BOX_M, WALL_COLOURS, box_walls, rectangle, sphere, surfels_at

CONFIG = MeshConfig()
STILL = np.eye(4)[None]


def mesh_of(points, normals, T_world_key=STILL, config=CONFIG, **fields):
    return build_surfel_mesh(surfels_at(points, normals, **fields), T_world_key, config)


def noisy(points, normals, sigma_m=0.001):
    return points + np.random.default_rng(0).normal(0, sigma_m, (len(points), 1)) * normals


def distance_to_walls_m(points):
    return np.minimum(np.abs(points), np.abs(points - BOX_M)).min(1)


def distance_to_edges_m(points):
    return np.sort(np.minimum(np.abs(points), np.abs(points - BOX_M)), axis=1)[:, 1]


def layers(mesh, origin, directions):
    """How many surfaces a ray from `origin` meets, for each of the directions (N, 3)."""
    import open3d as o3d
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))
    rays = np.concatenate([np.broadcast_to(origin, directions.shape), directions], 1).astype(np.float32)
    return scene.count_intersections(o3d.core.Tensor(rays)).numpy()


@pytest.fixture(scope="module")
def room():
    points, normals, colours = box_walls()
    return mesh_of(noisy(points, normals), normals, colours=colours)


@pytest.fixture(scope="module")
def corner():
    """Floor and two walls of the room; the other three sides are open."""
    points, normals, _ = box_walls(range(3))
    return mesh_of(points, normals)


def test_a_room_has_single_flat_walls(room):
    error_m = distance_to_walls_m(room.vertices)
    flat = distance_to_edges_m(room.vertices) > 0.03
    assert np.sqrt((error_m[flat] ** 2).mean()) < 0.0005 and error_m[flat].max() < 0.005
    assert error_m.max() < 0.015
    _, directions = sphere(5000, 1.0)
    assert np.mean(layers(room, BOX_M / 2, directions) == 1) > 0.999


def test_a_room_is_seen_from_the_inside(room):
    inward = ((BOX_M / 2 - room.vertices) * room.vertex_normals).sum(1)
    assert np.mean(inward > 0) > 0.999
    assert room.area == pytest.approx(2 * (BOX_M.prod() / BOX_M).sum(), rel=0.02)


def test_colours_are_those_of_the_surfels_up_to_the_edges(room):
    walls = np.concatenate([np.abs(room.vertices), np.abs(room.vertices - BOX_M)], 1)
    expected = WALL_COLOURS[walls.argmin(1)]
    inside = distance_to_edges_m(room.vertices) > 0.02
    assert np.array_equal(room.visual.vertex_colors[inside, :3], expected[inside])


def test_texture_stays_sharp():
    """Stripes 6 cm wide: between their edges the mesh has the surfels' colour, and the edges are a surfel wide."""
    points, normals = rectangle((0, 0, 0), (1, 0, 0), (0, 0.6, 0))
    stripe = (points[:, 0] // 0.06) % 2
    mesh = mesh_of(points, normals, colours=255 * stripe[:, None])
    x = np.asarray(mesh.vertices[:, 0])
    away = (np.abs(x - 0.06 * np.round(x / 0.06)) > 0.015) & (x > 0) & (x < 1)
    assert np.array_equal(mesh.visual.vertex_colors[away, 0], 255 * ((x[away] // 0.06) % 2))


def test_confident_surfels_decide_the_colour():
    points, normals = rectangle((0, 0, 0), (0.5, 0, 0), (0, 0.5, 0))
    mesh = mesh_of(np.repeat(points, 2, 0), np.repeat(normals, 2, 0), colours=np.tile([[100], [200]], (len(points), 3)),
                   confidence=np.tile([90.0, 10.0], len(points)))
    assert np.median(mesh.visual.vertex_colors[:, 0]) == 110


def test_a_sphere_is_round():
    points, normals = sphere(10_000, 0.4)
    mesh = mesh_of(noisy(points, normals), normals)
    assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 0.4).max() < 0.003
    assert mesh.is_watertight and mesh.volume > 0


def test_an_open_corner_stays_open(corner):
    area_m2 = (BOX_M.prod() / BOX_M).sum()
    assert corner.area == pytest.approx(area_m2, rel=0.15)
    assert np.abs(corner.vertices).min(1).max() < 0.03, "all near one of the three walls"
    _, directions = sphere(2000, 1.0)
    outward = directions[(directions > 0.2).all(1)]
    assert not layers(corner, BOX_M / 2, outward).any()


def test_what_has_little_support_is_cut_away():
    wall, wall_normals = rectangle((0, 0, 0), (1, 0, 0), (0, 0.6, 0))
    patch, patch_normals = rectangle((0.3, 0.2, 0.3), (0.2, 0, 0), (0, 0.2, 0))
    speck, speck_normals = rectangle((0.6, 0.2, 0.3), (0.05, 0, 0), (0, 0.05, 0))
    stray = np.random.default_rng(0).uniform(0.1, 0.5, (60, 3)) + (0, 0, 0.3)
    points = np.concatenate([wall, patch, speck, stray])
    normals = np.concatenate([wall_normals, patch_normals, speck_normals, np.tile([0, 0, 1.0], (60, 1))])
    confidence = np.where(np.arange(len(points)) < len(wall), 20.0, 1.0)
    confidence[len(wall) + len(patch):] = 20.0
    config = replace(CONFIG, min_piece_share=0.02)
    assert mesh_of(points, normals, config=config, confidence=confidence).vertices[:, 2].max() < 0.02


@pytest.mark.parametrize("side_m, closed", [(0.12, True), (0.3, False)])
def test_small_holes_are_closed_and_large_ones_stay(side_m, closed):
    points, normals = rectangle((-0.5, -0.5, 0), (1, 0, 0), (0, 1, 0))
    mesh = mesh_of(points[np.abs(points).max(1) > side_m / 2], normals[np.abs(points).max(1) > side_m / 2])
    assert layers(mesh, np.array([0, 0, 1.0]), np.array([[0, 0, -1.0]]))[0] == closed
    assert np.abs(mesh.vertices[:, 2]).max() < 0.02


def test_a_surface_does_not_grow_over_what_is_behind_it():
    """A panel half a metre in front of a wall keeps its outline to within its surfels' reach."""
    wall, normals = rectangle((-0.6, -0.6, 0), (1.2, 0, 0), (0, 1.2, 0))
    panel, panel_normals = rectangle((-0.2, -0.2, 0.5), (0.4, 0, 0), (0, 0.4, 0), spacing_m=0.006)
    mesh = mesh_of(np.concatenate([wall, panel]), np.concatenate([normals, panel_normals]),
                   radius=np.where(np.arange(len(wall) + len(panel)) < len(wall), 0.01, 0.004))
    front = mesh.vertices[mesh.vertices[:, 2] > 0.25]
    assert np.abs(front[:, :2]).max() < 0.2 + CONFIG.surfels.reach_radii * 0.004 + 0.016
    assert np.abs(front[:, 2] - 0.5).max() < 0.02


def test_a_few_surfels_far_away_change_nothing():
    points, normals = rectangle((0, 0, 0), (0.6, 0, 0), (0, 0.6, 0))
    alone = mesh_of(points, normals)
    far = np.array([[50.0, 40, 30], [-2000, 0, 0]])
    together = mesh_of(np.concatenate([points, far]), np.concatenate([normals, normals[:2]]))
    assert np.array_equal(alone.vertices, together.vertices) and np.array_equal(alone.faces, together.faces)


def test_the_mesh_moves_with_its_keyframe_and_repeats():
    points, normals = rectangle((0, 0, 0), (0.6, 0, 0), (0, 0.4, 0))
    T = se3.exp(np.array([1.0, -2, 0.5, 0.4, 0.3, -0.2]))
    moved = mesh_of(points, normals, T[None])
    distance_m, _ = cKDTree(moved.vertices).query(points @ T[:3, :3].T + T[:3, 3])
    assert distance_m.max() < 0.03
    again = mesh_of(points, normals, T[None])
    assert np.array_equal(moved.vertices, again.vertices) and np.array_equal(moved.faces, again.faces)
    assert np.array_equal(moved.visual.vertex_colors, again.visual.vertex_colors)


def no_surfels():
    return np.zeros((0, 3)), np.zeros((0, 3))


def a_point():
    return np.zeros((500, 3)), np.tile([0, 0, 1.0], (500, 1))


def a_cloud():
    return np.random.default_rng(0).uniform(-3, 3, (3000, 3)), np.tile([0, 0, 1.0], (3000, 1))


def a_small_patch():
    return rectangle((0, 0, 0), (0.15, 0, 0), (0, 0.15, 0))


@pytest.mark.parametrize("shape, says", [(no_surfels, "only 0 of 0 surfels"), (a_small_patch, "only 100 of 100"),
                                         (a_cloud, "of 3000 surfels have enough support"),
                                         (a_point, "within a few centimetres")])
def test_a_map_without_surface_is_one_clear_error(shape, says):
    with pytest.raises(MonofuseError) as caught:
        mesh_of(*shape())
    assert isinstance(caught.value, NoMesh) and says in str(caught.value) and "\n" not in str(caught.value)


def test_voxels_follow_the_surfels_within_bounds():
    c = CONFIG.surfels
    assert _voxel_m(np.full(1000, 0.010), c) == pytest.approx(c.voxel_radii * 0.010)
    assert _voxel_m(np.full(1000, 0.0001), c) == c.voxel_m[0]
    assert _voxel_m(np.full(1000, 0.2), c) == c.voxel_m[1]
    assert 100_000 * np.pi * 0.02**2 / _voxel_m(np.full(100_000, 0.02), c) ** 2 <= c.max_cells * 1.001
