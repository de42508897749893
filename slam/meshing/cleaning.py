"""Triangle meshes cut, smoothed and made manifold, as arrays: vertices (V, 3) float64 and triangles (T, 3) int64."""

import numpy as np
from scipy.sparse import coo_array

from slam.kernels.smoothing import step_to_neighbours

Arrays = tuple[np.ndarray, np.ndarray]
"""Vertices and triangles."""
TAUBIN = 0.5, -0.53
"""Steps there and back: what the first shrinks, the second restores (Taubin 1995)."""
MAX_SHARED = 2
"""Triangles at an edge of a manifold."""


def triangle_vectors(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """-> (T, 3) normals of the triangles, as long as twice their area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def area_m2(vertices: np.ndarray, triangles: np.ndarray) -> float:
    """Area of the surface."""
    return 0.5 * float(np.linalg.norm(triangle_vectors(vertices, triangles), axis=1).sum())


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """-> (V, 3) unit normals: means of the triangles around, by their area; 0 where there is none"""
    vectors = triangle_vectors(vertices, triangles)
    normals = np.stack([sum(np.bincount(triangles[:, k], vectors[:, c], len(vertices)) for k in range(3))
                        for c in range(3)], 1).astype(np.float64)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.divide(normals, length, out=np.zeros_like(normals), where=length > 0)


def cut(vertices: np.ndarray, triangles: np.ndarray, kept: np.ndarray) -> Arrays:
    """The vertices that are kept (V,) bool, and triangles with no other corners"""
    row = np.cumsum(kept) - 1
    return vertices[kept], row[triangles[kept[triangles].all(1)]]


def without_unused(vertices: np.ndarray, triangles: np.ndarray) -> Arrays:
    """The same without vertices that no triangle has"""
    used = np.zeros(len(vertices), bool)
    used[triangles] = True
    return cut(vertices, triangles, used)


def smoothed(vertices: np.ndarray, triangles: np.ndarray, steps: int) -> np.ndarray:
    """-> (V, 3) vertices smoothed without shrinking, each towards its neighbours' mean, nearer ones counting more"""
    pairs = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    graph = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(vertices),) * 2).tocsr()
    graph.sum_duplicates()
    here, there = vertices.copy(), np.empty_like(vertices)
    for _ in range(steps):
        for share in TAUBIN:
            step_to_neighbours(here, graph.indptr, graph.indices, share, there)
            here, there = there, here
    return here


def manifold(vertices: np.ndarray, triangles: np.ndarray) -> Arrays:
    """The same without triangles that have no area, and with two at an edge at most, the largest ones"""
    area = np.linalg.norm(triangle_vectors(vertices, triangles), axis=1)
    triangles, area = triangles[area > 0], area[area > 0]
    edges = np.sort(np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    owner = np.tile(np.arange(len(triangles)), 3)
    order = np.lexsort((owner, -area[owner], edges[:, 1], edges[:, 0]))
    is_new = np.concatenate([[True], (np.diff(edges[order], axis=0) != 0).any(1)])[:len(order)]
    place = np.arange(len(order))
    rank = place - np.maximum.accumulate(np.where(is_new, place, 0))
    kept = np.ones(len(triangles), bool)
    kept[owner[order[rank >= MAX_SHARED]]] = False
    return without_unused(vertices, triangles[kept])
