"""Points moved onto the surface that others suggest (moving least squares, Alexa 2003, with planes)."""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_kernel


class OrientedPoints(NamedTuple):
    points: np.ndarray
    """(N, 3) float64, world, metres."""
    normals: np.ndarray
    """(N, 3) float64, unit."""


@ordered_kernel
def project(samples, support, weights, neighbours, width_m, projected):
    """Move samples along the mean normal of their neighbours onto the plane through the neighbours' mean.

    samples: OrientedPoints; support: OrientedPoints of M points, their weights (M,) float64; neighbours (N, k) int64 of
    each sample among them, of which those count that face the same way; width_m: standard deviation of the weight by
    distance. Fills projected, OrientedPoints: a sample of which no neighbour faces the same way is copied.
    """
    points, normals = samples
    others, other_normals = support
    moved, turned = projected
    for i in range(len(points)):
        mean, normal = np.zeros(3), np.zeros(3)
        total = 0.0
        for n in range(neighbours.shape[1]):
            j = neighbours[i, n]
            cosine = squared = 0.0
            for c in range(3):
                cosine += normals[i, c] * other_normals[j, c]
                squared += (points[i, c] - others[j, c]) ** 2
            if cosine <= 0:
                continue
            weight = weights[j] * cosine * np.exp(-0.5 * squared / (width_m * width_m))
            total += weight
            for c in range(3):
                mean[c] += weight * others[j, c]
                normal[c] += weight * other_normals[j, c]
        length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
        if length <= 0:
            moved[i], turned[i] = points[i], normals[i]
            continue
        along = 0.0
        for c in range(3):
            turned[i, c] = normal[c] / length
            along += (mean[c] / total - points[i, c]) * turned[i, c]
        for c in range(3):
            moved[i, c] = points[i, c] + along * turned[i, c]
