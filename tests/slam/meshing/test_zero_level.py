"""slam.meshing.zero_level: the surface of known fields, across blocks."""

import numpy as np
import pytest
import trimesh

from slam.kernels.tsdf import DistanceField
from slam.meshing.cube_cases import cube_cases
from slam.meshing.zero_level import zero_level

VOXEL_M = 0.05
SIDES = np.arange(-2, 2)
BLOCKS = np.stack(np.meshgrid(SIDES, SIDES, SIDES, indexing="ij"), -1).reshape(-1, 3).astype(np.int32)
PLACES = np.stack([np.arange(512) & 7, np.arange(512) >> 3 & 7, np.arange(512) >> 6], -1)
POINTS = VOXEL_M * (8 * BLOCKS[:, None] + PLACES)
"""(M, 512, 3) of the voxels."""


def surface(distance, weight=2.0):
    """(M, 512) distances and weights, the latter also as one number -> the mesh."""
    weight = np.broadcast_to(np.float32(weight), distance.shape).copy()
    field = DistanceField(BLOCKS, (distance * weight).astype(np.float32), weight)
    return trimesh.Trimesh(*zero_level(field, VOXEL_M), process=False)


def to_sphere(centre, radius_m):
    return np.linalg.norm(POINTS - centre, axis=-1) - radius_m


def test_a_sphere_is_closed_round_and_faces_outwards():
    centre = np.array([0.013, 0.02, -0.03])
    mesh = surface(to_sphere(centre, 0.5))
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0
    assert np.linalg.norm(mesh.vertices - centre, axis=1) == pytest.approx(0.5, abs=0.002)


def test_a_plane_through_voxels_is_one_plane():
    """Distances of exactly zero, on the border of blocks: no vertex twice, no triangle without area."""
    mesh = surface(POINTS[..., 2].copy())
    assert not mesh.vertices[:, 2].any() and mesh.area == pytest.approx((31 * VOXEL_M) ** 2)
    assert len(np.unique(mesh.vertices, axis=0)) == len(mesh.vertices) and (mesh.area_faces > 0).all()
    assert (mesh.face_normals[:, 2] > 0.999).all()


def test_a_random_field_has_no_cracks():
    """Every case of a cube beside every other: each edge belongs to two triangles, or to four where surfaces touch."""
    noise = np.random.default_rng(0).normal(size=POINTS.shape[:2])
    noise[(np.abs(POINTS + VOXEL_M / 2) > 0.75).any(-1)] = 1
    mesh = surface(noise)
    _, count = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    assert len(mesh.faces) > 10_000 and set(count) <= {2, 4} and mesh.is_winding_consistent


def test_cells_with_an_unknown_corner_have_no_surface():
    known = POINTS[..., 0] < 0.2
    mesh = surface(to_sphere(np.zeros(3), 0.5), known)
    assert mesh.vertices[:, 0].max() <= 0.2 and not mesh.is_watertight and len(mesh.faces) > 500


def test_an_empty_field_has_none():
    assert len(surface(np.ones(POINTS.shape[:2])).faces) == 0
    empty = DistanceField(np.zeros((0, 3), np.int32), *np.zeros((2, 0, 512), np.float32))
    assert len(zero_level(empty, VOXEL_M)[1]) == 0


def test_the_cases_are_those_of_marching_cubes():
    counts, table = cube_cases()
    assert counts[0] == counts[255] == 0 and counts.max() == 5 and table.shape == (256, 5, 3)
    assert all(counts[1 << corner] == counts[255 - (1 << corner)] == 1 for corner in range(8))
