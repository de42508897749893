"""Which pieces of a mesh are large enough to be kept."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


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
