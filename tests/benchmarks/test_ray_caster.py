"""benchmarks/ray_caster.py: first hits of rays with a mesh."""

import numpy as np

from benchmarks.ray_caster import RayCaster


def test_rays_meet_what_comes_first_from_either_side():
    square = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    caster = RayCaster(np.concatenate([square + (0, 0, 3), square + (0, 0, 5)]), np.concatenate([faces, 4 + faces]))
    directions = np.array([[0, 0, 1.0], [0, 0, 2.0], [0.3, 0.0, 1.0], [1.0, 0, 1.0], [0, 0, -1.0]])
    assert np.allclose(caster.distances(np.zeros(3), directions), (3, 1.5, 3, np.inf, np.inf), rtol=1e-5)
    assert np.allclose(caster.distances(np.array([0.5, 0.2, 9]), directions[[0, 4]]), (np.inf, 4), rtol=1e-5)


def test_a_mesh_without_triangles_is_never_met():
    assert np.isinf(RayCaster(np.zeros((0, 3)), np.zeros((0, 3))).distances(np.zeros(3), np.eye(3))).all()
