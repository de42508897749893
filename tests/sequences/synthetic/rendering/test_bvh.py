"""Ray casting against linear algebra."""

import numpy as np

from sequences.synthetic.rendering.bvh import build_bvh, cast


def test_rays_find_the_nearest_of_random_triangles():
    rng = np.random.default_rng(1)
    corners = rng.uniform(-1, 1, (200, 1, 3)) + rng.normal(0, 0.15, (200, 3, 3))
    origins, directions = rng.uniform(-1, 1, (300, 3)), rng.normal(size=(300, 3))
    distance, hit = cast(build_bvh(corners.reshape(-1, 3), np.arange(600).reshape(-1, 3)), origins, directions)
    a, e1, e2 = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    solved = np.linalg.solve(np.stack(np.broadcast_arrays(-directions[:, None], e1, e2), -1),
                             (origins[:, None] - a)[..., None])[..., 0]
    t, u, v = np.moveaxis(solved, -1, 0)
    expected = np.where((t > 0) & (u >= 0) & (v >= 0) & (u + v <= 1), t, np.inf)
    assert np.array_equal(np.isinf(distance), np.isinf(expected.min(1)))
    found = hit >= 0
    assert np.allclose(distance[found], expected.min(1)[found], rtol=1e-4)
    assert np.array_equal(hit[found], expected.argmin(1)[found])
