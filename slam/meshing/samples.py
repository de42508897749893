"""Surfels as input of the mesh: points in the world, thinned out, and moved onto one surface where they lie in layers.

Predicted depth differs by several per cent from one keyframe to the next, so walls become layers, and the surface
through all of them folds and bubbles. Moving least squares over a few cells makes them one (Alexa 2003).
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from slam.kernels.smoothing import OrientedPoints, project

SUPPORT_CELLS = 4.0
"""Spacing of the points that are averaged over, in cells of the mesh."""
WIDTH = 2.0
"""Standard deviation of the averaging, in that spacing."""
NEIGHBOURS = 16
"""Points that are averaged over."""
ROUNDS = 4
"""Projections of these points onto their own surface."""


class Samples(NamedTuple):
    """Surfels without their keyframes."""

    points: np.ndarray
    """(N, 3) float64, world, metres"""
    normals: np.ndarray
    """(N, 3) unit vectors, world"""
    colours: np.ndarray
    """(N, 3) RGB in 0..255"""
    radius: np.ndarray
    """(N,) metres"""
    confidence: np.ndarray
    """(N,) observations"""

    def chosen(self, which: np.ndarray) -> "Samples":
        """Some of them: `which` as an index into (N,)."""
        return Samples(*(values[which] for values in self))


def on_one_surface(samples: Samples, cell_m: float) -> Samples:
    """Samples in layers -> Samples on one surface, one for each cell of cell_m metres and direction that it faces"""
    support = thinned(samples, SUPPORT_CELLS * cell_m)
    neighbours = _nearest(support.points, support.points)
    for _ in range(ROUNDS):
        support = _projected(support, support, neighbours, cell_m)
    fine = thinned(samples, cell_m)
    return _projected(fine, support, _nearest(support.points, fine.points), cell_m)


def thinned(samples: Samples, cell_m: float) -> Samples:
    """Samples -> averages by confidence, one for each cell of a grid of cell_m metres and each of six directions that
    surface may face"""
    axis = np.abs(samples.normals).argmax(1)
    faces_up = np.take_along_axis(samples.normals, axis[:, None], 1)[:, 0] > 0
    place = np.column_stack([np.floor(samples.points / cell_m).astype(np.int64), 2 * axis + faces_up])
    group = np.unique(place, axis=0, return_inverse=True)[1].ravel()
    weight = samples.confidence.astype(np.float64)
    total = np.bincount(group, weight)

    def mean(values):
        return np.bincount(group, weight * values) / total

    points, normals, colours = (np.stack([mean(column) for column in values.T], 1)
                                for values in (samples.points, samples.normals, samples.colours))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Samples(points, normals, colours, mean(samples.radius), total)


def _nearest(points, of):
    return KDTree(points).query(of, k=min(NEIGHBOURS, len(points)))[1].reshape(len(of), -1)


def _projected(samples, support, neighbours, cell_m):
    projected = OrientedPoints(np.empty_like(samples.points), np.empty_like(samples.normals))
    project(OrientedPoints(samples.points, samples.normals), OrientedPoints(support.points, support.normals),
            support.confidence, neighbours, WIDTH * SUPPORT_CELLS * cell_m, projected)
    return samples._replace(points=projected.points, normals=projected.normals)
