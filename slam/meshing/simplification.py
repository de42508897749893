"""Fewer triangles for the same surface."""

from typing import Any

import numpy as np
from fast_simplification import simplify

from slam.meshing.open3d_mesh import triangle_mesh

EQUILATERAL = np.sqrt(3) / 4
"""Area of an equilateral triangle with edges of length 1."""


def warranted_count(mesh: Any, edge_m: float) -> int:
    """Triangles that Open3D's TriangleMesh would have if all edges had this length."""
    return int(mesh.get_surface_area() / (EQUILATERAL * edge_m**2))


def simplified(mesh: Any, count: int) -> Any:
    """Open3D's TriangleMesh with about `count` triangles, or as it is where it has no more (Garland and Heckbert 1997)

    Edges that more than two triangles share are taken apart; normals are new, colours are lost."""
    if count < len(mesh.triangles):
        mesh = triangle_mesh(*simplify(np.asarray(mesh.vertices), np.asarray(mesh.triangles), target_count=count))
        mesh = mesh.remove_degenerate_triangles().remove_non_manifold_edges().remove_unreferenced_vertices()
        mesh.compute_vertex_normals()
    return mesh
