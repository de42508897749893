"""Small holes in a triangle mesh, closed."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def without_small_holes(vertices: np.ndarray, triangles: np.ndarray, max_radius_m: float
                        ) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (T, 3) -> both, with fans of triangles in holes up to max_radius_m

    A hole is a closed loop of edges with one triangle each; its fan runs round its mean, from which no vertex of it is
    farther than the radius. Loops that touch themselves stay open.
    """
    start, end = _border(triangles, len(vertices))
    loop = connected_components(coo_array((np.ones(len(start), bool), (start, end)), shape=(len(vertices),) * 2),
                                directed=False)[1]
    count = int(loop.max(initial=0)) + 1
    size = np.bincount(loop[start], minlength=count)
    centre = np.stack([np.bincount(loop[start], vertices[start, c], count) for c in range(3)], 1)
    centre = centre / np.maximum(size, 1)[:, None]
    radius_m = np.zeros(count)
    np.maximum.at(radius_m, loop[start], np.linalg.norm(vertices[start] - centre[loop[start]], axis=1))
    is_simple = np.ones(count, bool)
    is_simple[loop[np.bincount(start, minlength=len(vertices)) > 1]] = False
    is_simple[loop[np.bincount(start, minlength=len(vertices)) != np.bincount(end, minlength=len(vertices))]] = False
    filled = (size >= 3) & (radius_m <= max_radius_m) & is_simple
    row = len(vertices) + np.cumsum(filled) - 1
    chosen = filled[loop[start]]
    fans = np.stack([end[chosen], start[chosen], row[loop[start[chosen]]]], 1)
    return np.concatenate([vertices, centre[filled]]), np.concatenate([triangles, fans.astype(triangles.dtype)])


def _border(triangles, count):
    """-> start and end vertices of the edges that have a triangle on one side only, in the triangle's direction"""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    there, back = edges @ (count, 1), edges @ (1, count)
    border = edges[~np.isin(there, back)]
    return border[:, 0], border[:, 1]
