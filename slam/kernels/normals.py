"""Surface normals of a depth map."""

import math

import numpy as np

from slam.kernels.compile import inline, kernel


@kernel
def surface_normals(inverse_depth, pinhole, edge_ratio, normals):
    """Fills normals (h, w, 3) float32 of a depth map: unit, towards the camera; 0 where no smooth neighbourhood exists.

    inverse_depth (h, w) float32 in 1/m, 0 where unknown; pinhole (fx, fy, cx, cy) float32; edge_ratio: depth ratio of
    neighbours that marks an edge.
    Inverse depth of a plane is linear in the pixel: rho = a u + b v + c has the normal (a fx, b fy, a cx + b cy + c).
    """
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    for v in range(height):
        for u in range(width):
            normals[v, u, 0], normals[v, u, 1], normals[v, u, 2] = np.float32(0), np.float32(0), np.float32(0)
            rho = inverse_depth[v, u]
            if rho <= 0 or u < 2 or v < 2 or u >= width - 2 or v >= height - 2:
                continue
            a = central_slope(inverse_depth[v, u - 2], inverse_depth[v, u - 1], rho, inverse_depth[v, u + 1],
                              inverse_depth[v, u + 2], edge_ratio)
            b = central_slope(inverse_depth[v - 2, u], inverse_depth[v - 1, u], rho, inverse_depth[v + 1, u],
                              inverse_depth[v + 2, u], edge_ratio)
            nx, ny = a * fx, b * fy
            nz = rho - a * (np.float32(u) - cx) - b * (np.float32(v) - cy)
            length = np.float32(math.sqrt(nx * nx + ny * ny + nz * nz))
            if length > 0 and length < np.float32(np.inf):
                normals[v, u, 0], normals[v, u, 1], normals[v, u, 2] = -nx / length, -ny / length, -nz / length


@inline
def central_slope(far_left, left, centre, right, far_right, edge_ratio):
    """Least-squares slope over five neighbours, fewer near an edge; infinity where none belongs to the surface."""
    lower, upper = centre / edge_ratio, centre * edge_ratio
    has_left, has_right = lower <= left <= upper, lower <= right <= upper
    if has_left and has_right and lower <= far_left <= upper and lower <= far_right <= upper:
        return (right - left + np.float32(2) * (far_right - far_left)) * np.float32(0.1)
    if has_left and has_right:
        return (right - left) * np.float32(0.5)
    if has_left:
        return centre - left
    if has_right:
        return right - centre
    return np.float32(np.inf)
