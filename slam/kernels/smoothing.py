"""Meshes smoothed."""

from slam.kernels.compile import ordered_kernel

NEAR_M = 1e-12
"""Keeps the weight of a neighbour at the same place finite."""


@ordered_kernel
def step_to_neighbours(vertices, starts, neighbours, share, moved):
    """Move vertices (V, 3) by a share of the way to their neighbours' mean, which is weighted by inverse distance

    neighbours: rows, those of vertex i from starts[i] to starts[i + 1]. Fills moved (V, 3); a vertex without any stays.
    """
    for i in range(len(vertices)):
        total = x = y = z = 0.0
        for k in range(starts[i], starts[i + 1]):
            j = neighbours[k]
            dx, dy = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1]
            dz = vertices[j, 2] - vertices[i, 2]
            weight = 1 / ((dx * dx + dy * dy + dz * dz) ** 0.5 + NEAR_M)
            total += weight
            x, y, z = x + weight * dx, y + weight * dy, z + weight * dz
        scale = share / total if total > 0 else 0.0
        moved[i, 0], moved[i, 1], moved[i, 2] = (vertices[i, 0] + scale * x, vertices[i, 1] + scale * y,
                                                 vertices[i, 2] + scale * z)
