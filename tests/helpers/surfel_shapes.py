"""Surfels laid over known shapes."""

import numpy as np
from numpy.typing import ArrayLike

from slam.kernels.surfel_arrays import CHUNK, SURFELS, USED_CHUNKS
from slam.mapping.surfels import SurfelConfig, Surfels

BOX_M = np.array([1.0, 0.8, 0.6])
"""A box room from the origin to here."""
WALL_COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40], [200, 40, 200], [40, 200, 200]])
"""Of the walls at x = 0, y = 0, z = 0 and then those opposite."""


def surfels_at(points, normals, colours: ArrayLike = 128.0, radius: ArrayLike = 0.01, confidence: ArrayLike = 20.0):
    """Surfels of keyframe 0 with these arrays, (N, ...) or one value for all."""
    count = len(points)
    surfels = Surfels(SurfelConfig(max_surfels=max(count, 1)))
    chunks = -(-count // CHUNK)
    surfels.add_keyframe()
    surfels.chunks.keyframe[:chunks] = 0
    surfels.chunks.live[:chunks] = CHUNK
    surfels.chunks.counts[USED_CHUNKS], surfels.chunks.counts[SURFELS] = chunks, count
    arrays = surfels.arrays
    arrays.position[:, :count] = np.reshape(points, (-1, 3)).T
    arrays.normal[:count], arrays.colour[:count] = np.reshape(normals, (-1, 3)), colours
    arrays.radius[:count], arrays.confidence[:count] = radius, confidence
    return surfels


def rectangle(corner, side_a, side_b, spacing_m=0.015):
    """A grid over a parallelogram -> points (N, 3) and normals (N, 3) along side_a x side_b."""
    corner, side_a, side_b = (np.array(v, np.float64) for v in (corner, side_a, side_b))
    lengths_m = np.linalg.norm(side_a), np.linalg.norm(side_b)
    a, b = np.meshgrid(*(np.arange(spacing_m / 2, length_m, spacing_m) / length_m for length_m in lengths_m))
    points = corner + a.reshape(-1, 1) * side_a + b.reshape(-1, 1) * side_b
    normal = np.cross(side_a, side_b)
    return points, np.tile(normal / np.linalg.norm(normal), (len(points), 1))


def box_walls(walls=range(6)):
    """The inside of the box room -> points, normals, colours (N, 3)."""
    parts = []
    for wall in walls:
        axis, far = wall % 3, wall // 3
        sides = np.diag(BOX_M)[[(axis + 1) % 3, (axis + 2) % 3]]
        corner = np.eye(3)[axis] * BOX_M * far
        points, normals = rectangle(corner, *(sides[::-1] if far else sides))
        parts.append((points, normals, np.tile(WALL_COLOURS[wall], (len(points), 1))))
    return tuple(np.concatenate(values) for values in zip(*parts))


def sphere(count, radius_m):
    """-> points and outward normals (N, 3), evenly spread."""
    k = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * k / count), np.pi * (1 + 5**0.5) * k
    normals = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1)
    return radius_m * normals, normals
