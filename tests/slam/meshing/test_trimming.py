"""slam.meshing.trimming on flat meshes of which is known what surfels vouch for."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from slam.meshing.samples import Samples
from slam.meshing.trimming import in_large_piece, supported_vertices

COUNT, STEP_M = 21, 0.05
MAX_HOLE_M2 = 0.1


def sheet(height_m=0.0):
    """A square of 1 m with a vertex every STEP_M -> vertices (V, 3), triangles (T, 3) that face upwards."""
    x, y = np.meshgrid(STEP_M * np.arange(COUNT), STEP_M * np.arange(COUNT))
    corner = (COUNT * np.arange(COUNT - 1)[:, None] + np.arange(COUNT - 1)).ravel()
    a, b, c, d = corner, corner + 1, corner + COUNT + 1, corner + COUNT
    return (np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height_m)]),
            np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])]))


def supported(vertices, normals, triangles, points):
    """With surfels that face upwards and reach as far as half a step."""
    samples = Samples(points, np.tile([0, 0, 1.0], (len(points), 1)), None, None, None)
    return supported_vertices(vertices, normals, triangles, samples, cKDTree(points), np.full(len(points), STEP_M / 2),
                              MAX_HOLE_M2)


def facing(vertices, z):
    return np.tile([0, 0, float(z)], (len(vertices), 1))


def test_the_back_of_a_surface_has_no_support():
    """Poisson closes a wall to a flat balloon: its back lies within reach of the surfels, but looks away."""
    front, triangles = sheet()
    back, _ = sheet(-0.01)
    found = supported(np.concatenate([front, back]), np.concatenate([facing(front, 1), facing(back, -1)]),
                      np.concatenate([triangles, len(front) + triangles[:, ::-1]]), front)
    assert found[:len(front)].all() and not found[len(front):].any()


@pytest.mark.parametrize("half_size_m, normal_z, is_kept", [(0.08, 1, True), (0.22, 1, False), (0.08, -1, False),
                                                            (0.08, 0.4, False), (0.08, 0.6, True)])
def test_a_hole_is_filled_where_it_is_small_and_faces_like_its_surroundings(half_size_m, normal_z, is_kept):
    vertices, triangles = sheet()
    in_hole = np.abs(vertices[:, :2] - 0.5).max(1) < half_size_m
    normals = facing(vertices, 1)
    normals[in_hole] = np.sqrt(1 - normal_z**2), 0, normal_z
    found = supported(vertices, normals, triangles, vertices[~in_hole])
    assert found[~in_hole].all() and np.all(found[in_hole] == is_kept)


def test_invention_beyond_the_edge_is_no_hole_however_small():
    """A small loose sheet that nothing supports and nothing borders."""
    vertices, triangles = sheet()
    loose = 0.2 * vertices + (0, 0, 0.5)
    found = supported(np.concatenate([vertices, loose]), facing(np.concatenate([vertices, loose]), 1),
                      np.concatenate([triangles, len(vertices) + triangles]), vertices)
    assert found[:len(vertices)].all() and not found[len(vertices):].any()


@pytest.mark.parametrize("min_share, is_kept", [(0.1, True), (0.3, False)])
def test_pieces_count_by_their_share_of_all_triangles(min_share, is_kept):
    """A cut leaves four fifths of a sheet on one side and 0.15 on the other."""
    vertices, triangles = sheet()
    kept = vertices[:, 0] < 0.78
    kept |= vertices[:, 0] > 0.83
    found = in_large_piece(triangles, kept, min_share)
    assert found[vertices[:, 0] < 0.78].all() and np.all(found[vertices[:, 0] > 0.83] == is_kept)
    assert not found[~kept].any()
