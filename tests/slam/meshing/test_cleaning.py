"""slam.meshing.cleaning on meshes whose properties are known; trimesh as the outside check."""

import numpy as np
import pytest
import trimesh

from slam.meshing.cleaning import TAUBIN, area_m2, cut, manifold, smoothed, vertex_normals

SPHERE = trimesh.creation.icosphere(subdivisions=3)
VERTICES, TRIANGLES = np.asarray(SPHERE.vertices), np.asarray(SPHERE.faces)


def test_normals_and_area_are_those_of_a_sphere():
    assert area_m2(VERTICES, TRIANGLES) == pytest.approx(SPHERE.area)
    assert np.abs(vertex_normals(VERTICES, TRIANGLES) - VERTICES).max() < 0.02
    lone = vertex_normals(np.vstack([VERTICES, [9, 9, 9]]), TRIANGLES)
    assert not lone[-1].any() and np.isfinite(lone).all()


def test_cutting_leaves_whole_triangles_alone():
    kept = VERTICES[:, 2] > 0.1
    vertices, triangles = cut(VERTICES, TRIANGLES, kept)
    assert len(vertices) == kept.sum() and len(triangles) == kept[TRIANGLES].all(1).sum() > 100
    assert np.array_equal(vertices[triangles], VERTICES[TRIANGLES[kept[TRIANGLES].all(1)]])


def by_numpy(vertices, triangles, steps):
    """Taubin's smoothing, vertex by vertex."""
    neighbours = [set() for _ in vertices]
    for a, b, c in triangles:
        neighbours[a] |= {b, c}
        neighbours[b] |= {a, c}
        neighbours[c] |= {a, b}
    for share in steps * TAUBIN:
        moved = vertices.copy()
        for i, around in enumerate(neighbours):
            offset = vertices[sorted(around)] - vertices[i]
            weight = 1 / np.linalg.norm(offset, axis=1)
            moved[i] += share * (weight[:, None] * offset).sum(0) / weight.sum()
        vertices = moved
    return vertices


def test_smoothing_is_taubins_and_does_not_shrink():
    rough = VERTICES * (1 + 0.02 * np.random.default_rng(0).normal(size=(len(VERTICES), 1)))
    smooth = smoothed(rough, TRIANGLES, 10)
    assert np.allclose(smooth, by_numpy(rough, TRIANGLES, 10), atol=1e-9)
    radius = np.linalg.norm(smooth, axis=1)
    assert radius.std() < 0.5 * np.linalg.norm(rough, axis=1).std() and radius.mean() == pytest.approx(1, abs=0.01)


def test_edges_have_two_triangles_at_most_the_largest():
    """Three fins on one edge, and a triangle without area."""
    vertices = np.array([[0, 0, 0], [0, 0, 1.0], [1, 0, 0], [0, 2, 0], [-0.5, 0, 0], [0, 0, 0.5]])
    triangles = np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4], [0, 5, 1]])
    kept, left = manifold(vertices, triangles)
    assert len(left) == 2 and np.array_equal(kept, vertices[:4])
    again = manifold(VERTICES, TRIANGLES)
    assert np.array_equal(again[0], VERTICES) and np.array_equal(again[1], TRIANGLES)
