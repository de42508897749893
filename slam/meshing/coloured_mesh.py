"""Meshes as trimesh holds them. It is imported here, when there is a mesh, since that takes as long as numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slam.meshing.cleaning import vertex_normals

if TYPE_CHECKING:
    import trimesh


def coloured_mesh(vertices: np.ndarray, triangles: np.ndarray, colours: np.ndarray) -> trimesh.Trimesh:
    """Vertices (V, 3), triangles (T, 3), colours (V, 3) uint8 -> trimesh.Trimesh with normals"""
    import trimesh
    return trimesh.Trimesh(vertices, triangles, process=False, vertex_normals=vertex_normals(vertices, triangles),
                           vertex_colors=colours)


def colours_of(mesh: trimesh.Trimesh) -> np.ndarray:
    """-> (V, 3) uint8 colours of a mesh's vertices"""
    from trimesh.visual import ColorVisuals
    assert isinstance(mesh.visual, ColorVisuals)
    return np.asarray(mesh.visual.vertex_colors)[:, :3]
