"""Colours that agree across seams: a smooth correction for each patch (Lempitsky and Ivanov 2007, Waechter 2014)."""

import numpy as np
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import cg

from slam.texturing.patches import Patches

SMOOTHNESS = 10.0
"""Weight of differences between neighbours within a patch against those across a seam."""
REST = 1e-3
"""Weight of the correction itself, which leaves the average exposure where it is."""
MAX_CORRECTION = 60.0
"""Of 255."""
TOLERANCE, MAX_ITERATIONS = 1e-3, 300
"""Of the conjugate gradients."""


def level_seams(patches: Patches, colour: np.ndarray) -> np.ndarray:
    """colour (N, 3) of each node in its photo, smoothed -> (N, 3) float32 to be added, interpolated over triangles"""
    count = len(patches.vertex)
    seams, edges = _seams(patches.vertex), _edges(patches.nodes)
    across, within = _differences(seams, count), _differences(edges, count)
    normal = across.T @ across + SMOOTHNESS * (within.T @ within) + REST * diags_array(np.ones(count))
    precondition = diags_array(1 / normal.diagonal())
    target = -(across.T @ (across @ colour.astype(np.float64)))
    correction = [cg(normal, channel, rtol=TOLERANCE, maxiter=MAX_ITERATIONS, M=precondition)[0]
                  for channel in target.T]
    return np.clip(np.stack(correction, 1), -MAX_CORRECTION, MAX_CORRECTION).astype(np.float32)


def _seams(vertex):
    """(N,) vertices of nodes -> (S, 2) pairs of nodes of one vertex"""
    order = np.argsort(vertex, kind="stable")
    same = np.flatnonzero(np.diff(vertex[order]) == 0)
    return np.column_stack([order[same], order[same + 1]])


def _edges(nodes):
    """(M, 3) -> (E, 2) pairs of nodes that an edge joins"""
    edges = np.sort(np.concatenate([nodes[:, [0, 1]], nodes[:, [1, 2]], nodes[:, [2, 0]]]), 1)
    return np.unique(edges, axis=0)


def _differences(pairs, count):
    """(n, 2) -> sparse (n, N): the first of each pair less the second"""
    rows = np.repeat(np.arange(len(pairs)), 2)
    values = np.tile([1.0, -1.0], len(pairs))
    return coo_array((values, (rows, pairs.ravel())), shape=(len(pairs), count)).tocsr()
