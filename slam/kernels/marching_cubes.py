"""The zero level of a distance field in blocks, cell by cell (Lorensen and Cline 1987).

A cell lies between a voxel and its seven neighbours towards x, y and z; the corners of triangles lie on its edges.
An edge has the number 3 * (512 * block + voxel) + axis, of the voxel that it starts from, so that all cells around it
mean the same vertex.
"""

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel
from slam.kernels.tsdf import SIDE, VOXELS

TINY = np.float32(1e-6)
"""Least weight of a voxel that is known."""


@ordered_kernel
def count_triangles(field, beyond, counts, cases):
    """Fill cases (M, 512) uint8 with the case of each cell, 0 where a corner is unknown -> triangles in all

    field: DistanceField of M blocks; beyond (M, 8) int64: row of the block that lies ahead by the bits of its column
    along x, y and z, -1 where there is none; counts (256,) int8: triangles of each case."""
    total = 0
    for b in range(len(field.blocks)):
        for n in range(VOXELS):
            cases[b, n] = 0
            if field.weight[b, n] <= TINY:
                continue
            case = 0
            for corner in range(8):
                row, voxel = _place(beyond, b, n, corner)
                if row < 0 or field.weight[row, voxel] <= TINY:
                    case = 0
                    break
                if field.distance[row, voxel] < 0:
                    case |= 1 << corner
            cases[b, n] = case
            total += counts[case]
    return total


@ordered_kernel
def fill_triangles(beyond, cases, counts, table, edges, triangles):
    """Fill triangles (T, 3) int64 with numbers of edges; table (256, ., 3) int8 of rows of edges (12, 2) int64: the
    corner that an edge of a cell starts from, and its axis."""
    t = 0
    for b in range(len(cases)):
        for n in range(VOXELS):
            case = cases[b, n]
            for k in range(counts[case]):
                for c in range(3):
                    corner, axis = edges[table[case, k, c]]
                    row, voxel = _place(beyond, b, n, corner)
                    triangles[t, c] = 3 * (VOXELS * row + voxel) + axis
                t += 1


@ordered_kernel
def place_vertices(field, beyond, numbers, voxel_m, vertices):
    """Fill vertices (V, 3) float64, metres, of the edges with these numbers (V,): where the distance is zero."""
    for i in range(len(numbers)):
        axis, n = numbers[i] % 3, numbers[i] // 3 % VOXELS
        b = numbers[i] // (3 * VOXELS)
        row, voxel = _place(beyond, b, n, 1 << axis)
        start = field.distance[b, n] / field.weight[b, n]
        end = field.distance[row, voxel] / field.weight[row, voxel]
        for c in range(3):
            vertices[i, c] = voxel_m * (SIDE * field.blocks[b, c] + (n >> 3 * c & SIDE - 1))
        vertices[i, axis] += voxel_m * start / (start - end)


@ordered_inline
def _place(beyond, b, n, corner):
    """The voxel at a corner of the cell at voxel n of block b -> its block's row, -1 where there is none, and number"""
    x, y, z = (n & 7) + (corner & 1), (n >> 3 & 7) + (corner >> 1 & 1), (n >> 6) + (corner >> 2 & 1)
    return beyond[b, x >> 3 | y >> 3 << 1 | z >> 3 << 2], (x & 7) | (y & 7) << 3 | (z & 7) << 6
