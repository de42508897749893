"""Surfels into a signed distance field in blocks: each is a disc that tells distances to its plane around it."""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_kernel
from slam.kernels.tsdf import BITS, OFFSET, SIDE


class Discs(NamedTuple):
    points: np.ndarray
    """(N, 3) float64, world, metres."""
    normals: np.ndarray
    """(N, 3) float64, unit, out of the surface."""
    radius_m: np.ndarray
    """(N,) float64: standard deviation of the weight by the distance from the centre."""
    weight: np.ndarray
    """(N,) float64, in the centre."""


CUT = 3.0
"""Radii beyond which a disc says nothing."""


@ordered_kernel
def disc_blocks(discs, voxel_m, reach_m, keys):
    """Write the packed coordinates of the blocks that each disc reaches into `keys` -> how many, with repetitions

    keys (K,) int64: further ones are left out where it is full."""
    count, block_m = 0, SIDE * voxel_m
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for n in range(len(discs.points)):
        around_m = max(CUT * discs.radius_m[n], reach_m)
        for c in range(3):
            low[c] = np.int64(np.floor((discs.points[n, c] - around_m) / block_m))
            high[c] = np.int64(np.floor((discs.points[n, c] + around_m) / block_m))
        for i in range(low[0], high[0] + 1):
            for j in range(low[1], high[1] + 1):
                for k in range(low[2], high[2] + 1):
                    if count < len(keys):
                        keys[count] = ((i + OFFSET) << 2 * BITS) | ((j + OFFSET) << BITS) | (k + OFFSET)
                        count += 1
    return count


@ordered_kernel
def add_discs(field, keys, discs, voxel_m, reach_m):
    """Add discs to a DistanceField whose blocks have the packed coordinates keys (M,), in order."""
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for n in range(len(discs.points)):
        x, y, z = discs.points[n]
        nx, ny, nz = discs.normals[n]
        cut_m = CUT * discs.radius_m[n]
        around_m = max(cut_m, reach_m)
        for c in range(3):
            low[c] = np.int64(np.ceil((discs.points[n, c] - around_m) / voxel_m))
            high[c] = np.int64(np.floor((discs.points[n, c] + around_m) / voxel_m))
        row, last = 0, np.int64(-1)
        for k in range(low[2], high[2] + 1):
            for j in range(low[1], high[1] + 1):
                for i in range(low[0], high[0] + 1):
                    dx, dy, dz = i * voxel_m - x, j * voxel_m - y, k * voxel_m - z
                    along = dx * nx + dy * ny + dz * nz
                    across = dx * dx + dy * dy + dz * dz - along * along
                    if abs(along) > reach_m or across > cut_m * cut_m:
                        continue
                    key = (((i >> 3) + OFFSET) << 2 * BITS) | (((j >> 3) + OFFSET) << BITS) | ((k >> 3) + OFFSET)
                    if key != last:
                        row, last = np.searchsorted(keys, key), key
                    if row >= len(keys) or keys[row] != key:
                        continue
                    voxel = (i & 7) | (j & 7) << 3 | (k & 7) << 6
                    squared = across + along * along
                    weight = discs.weight[n] * np.exp(-0.5 * squared / (discs.radius_m[n] * discs.radius_m[n]))
                    field.distance[row, voxel] += np.float32(weight * along / reach_m)
                    field.weight[row, voxel] += np.float32(weight)
