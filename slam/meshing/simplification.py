"""Fewer triangles for the same surface."""

import numpy as np
from fast_simplification import simplify

from slam.meshing.cleaning import Arrays, area_m2, manifold

EQUILATERAL = np.sqrt(3) / 4
"""Area of an equilateral triangle with edges of length 1."""


def warranted_count(vertices: np.ndarray, triangles: np.ndarray, edge_m: float) -> int:
    """Triangles that a mesh (V, 3), (T, 3) would have if all edges had this length."""
    return int(area_m2(vertices, triangles) / (EQUILATERAL * edge_m**2))


def simplified(vertices: np.ndarray, triangles: np.ndarray, count: int) -> Arrays:
    """Mesh (V, 3), (T, 3) with about `count` triangles, or as it is where it has no more (Garland and Heckbert 1997)

    Of an edge's triangles two are left at most."""
    if count >= len(triangles):
        return vertices, triangles
    return manifold(*simplify(vertices, triangles.astype(np.int32), target_count=count))
