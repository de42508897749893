"""Which part of a reconstructed surface the surfels support; Poisson invents the rest, which is cut away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

if TYPE_CHECKING:
    from slam.meshing.samples import Samples


def supported_vertices(vertices: np.ndarray, vertex_normals: np.ndarray, triangles: np.ndarray, samples: Samples,
                       tree: KDTree, reach_m: np.ndarray, max_hole_m2: float) -> np.ndarray:
    """-> (V,) bool: vertices within reach of their nearest surfel and facing its way, and those of small holes

    vertices, vertex_normals (V, 3), triangles (T, 3); tree: KDTree of the N samples' points; reach_m (N,). A hole is a
    patch without support, at most max_hole_m2 in area, bordered by supported surface and facing like it: not the back
    or the side of a bubble.
    """
    distance_m, nearest = tree.query(vertices)
    cosine = (vertex_normals * samples.normals[nearest]).sum(1)
    supported = (distance_m <= reach_m[nearest]) & (cosine > 0)
    patch = _patches(triangles, ~supported)
    area_m2, borders = _patch_areas(vertices, triangles, supported, patch)
    mean_cosine = np.bincount(patch, cosine) / np.bincount(patch)
    is_hole = borders & (area_m2 <= max_hole_m2) & (mean_cosine > 0.5)
    return supported | is_hole[patch]


def in_large_piece(triangles: np.ndarray, kept: np.ndarray, min_share: float) -> np.ndarray:
    """-> (V,) bool: vertices in connected pieces with at least this share of all triangles, `kept` (V,) bool alone
    being left"""
    piece = _patches(triangles, kept)
    count = np.bincount(piece[triangles[kept[triangles].all(1), 0]], minlength=len(kept))
    return count[piece] >= max(1, min_share * count.sum())


def _patches(triangles, chosen):
    """Chosen (V,) bool -> (V,) patch of each vertex: chosen ones that edges connect share one, all others are alone"""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = edges[chosen[edges].all(1)]
    graph = coo_array((np.ones(len(edges), bool), edges.T), shape=(len(chosen),) * 2)
    return connected_components(graph, directed=False)[1]


def _patch_areas(vertices, triangles, supported, patch):
    """-> per patch: area of the triangles that would be cut with it, and whether one touches supported surface"""
    unsupported = ~supported[triangles]
    cut = unsupported.any(1)
    corners = vertices[triangles[cut]]
    double_m2 = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    owner = patch[triangles[cut, unsupported[cut].argmax(1)]]
    count = int(patch.max()) + 1
    borders = np.zeros(count, bool)
    borders[owner[~unsupported[cut].all(1)]] = True
    return np.bincount(owner, double_m2 / 2, minlength=count), borders
