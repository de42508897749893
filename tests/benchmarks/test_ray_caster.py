"""benchmarks/ray_caster.py: first hits of rays with a mesh."""

import numpy as np
import trimesh

from benchmarks.ray_caster import RayCaster


def test_rays_meet_fronts_and_pass_backs():
    """Two squares: the nearer one shows its back, the farther one its front."""
    square = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    mesh = trimesh.Trimesh(np.concatenate([square + (0, 0, 2), square + (0, 0, 3)]),
                           np.concatenate([faces, 4 + faces[:, ::-1]]), process=False)
    origins = np.array([[0.5, 0.2, 0], [0.5, 0.2, 0], [0.5, 0.2, 5], [9, 9, 0]])
    directions = np.array([[0, 0, 1.0], [0, 0, 2.0], [0, 0, -1.0], [0, 0, 1.0]])
    distance, triangle, uv, normal = RayCaster(mesh).cast(origins, directions)
    assert np.allclose(distance[:3], (3, 1.5, 3), atol=1e-4) and np.isinf(distance[3])
    assert set(triangle[:2]) <= {2, 3} and triangle[2] in (0, 1)
    assert np.allclose(normal[:3], [[0, 0, -1], [0, 0, -1], [0, 0, 1]])
    for k in range(3):
        a, b, c = mesh.vertices[mesh.faces[triangle[k]]]
        hit = (1 - uv[k].sum()) * a + uv[k, 0] * b + uv[k, 1] * c
        assert np.allclose(hit, origins[k] + distance[k] * directions[k], atol=1e-3)
