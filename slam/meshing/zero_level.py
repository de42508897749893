"""The surface of a distance field as triangles."""

import numpy as np

from slam.kernels.marching_cubes import count_triangles, fill_triangles, place_vertices
from slam.kernels.tsdf import VOXELS, DistanceField
from slam.meshing.cube_cases import EDGES, cube_cases
from slam.meshing.field_blocks import keys_of


def zero_level(field: DistanceField, voxel_m: float) -> tuple[np.ndarray, np.ndarray]:
    """DistanceField, its blocks in order -> vertices (V, 3) float64 in metres and triangles (T, 3) int64

    Of cells whose eight corners are known; triangles are counter-clockwise seen from where distance is positive, and
    without those that are a point or a line."""
    counts, table = cube_cases()
    beyond, cases = _blocks_beyond(field.blocks), np.empty((len(field.blocks), VOXELS), np.uint8)
    numbers = np.empty((count_triangles(field, beyond, counts, cases), 3), np.int64)
    fill_triangles(beyond, cases, counts, table, np.array(EDGES), numbers)
    numbers, triangles = np.unique(numbers, return_inverse=True)
    vertices = np.empty((len(numbers), 3))
    place_vertices(field, beyond, numbers, voxel_m, vertices)
    return _merged(vertices, triangles.reshape(-1, 3))


def _blocks_beyond(blocks):
    """(M, 3) in order -> (M, 8) row of the block that lies ahead along x, y and z by the column's bits, -1: none"""
    ahead = np.arange(8)[:, None] >> np.arange(3) & 1
    keys, wanted = keys_of(blocks), keys_of(blocks[:, None] + ahead)
    rows = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[rows] == wanted, rows, -1)


def _merged(vertices, triangles):
    """Vertices at one place, where the surface goes through a voxel, become one."""
    places, rows = np.unique(vertices, axis=0, return_inverse=True)
    triangles = rows.reshape(-1)[triangles]
    return places, triangles[(triangles != np.roll(triangles, 1, axis=1)).all(1)]
