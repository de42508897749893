"""A truncated signed distance field in blocks of voxels (Curless and Levoy 1996), and what depth maps say of a mesh."""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import ordered_inline, ordered_kernel

SIDE = 8
"""Voxels along a block."""
VOXELS = SIDE**3
HALF_DIAGONAL = 0.87
"""Distance from a block's centre to its corners, at most, in lengths of a block."""
OFFSET, BITS = 1 << 20, 21
"""Block coordinates are shifted to positive numbers and packed into one integer of three times that many bits."""
SMOOTH = np.float32(0.05)
"""Relative difference of inverse depth among four pixels up to which depth is interpolated between them."""
NEAR_M = 0.05


class DistanceField(NamedTuple):
    blocks: np.ndarray
    """(M, 3) int32 coordinates of the blocks, in blocks."""
    distance: np.ndarray
    """(M, 512) float32 sum of weighted distances to the surface, in [-1, 1] reaches; x runs fastest, then y."""
    weight: np.ndarray
    """(M, 512) float32 sum of weights."""


class DepthPixels(NamedTuple):
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where unknown."""
    weight: np.ndarray
    """(h, w) float32, above zero where depth is known."""
    reach_m: np.ndarray
    """(h, w) float32: up to this distance from a surface its distance is told."""


class VertexViews(NamedTuple):
    support: np.ndarray
    """(V,) float32 sum of the weights of pixels that show the vertex."""
    against: np.ndarray
    """(V,) float32 sum of the weights of pixels that see through it."""
    colour: np.ndarray
    """(V, 3) float32 weighted sum of colours."""
    colour_weight: np.ndarray
    """(V,) float32"""


@ordered_kernel
def ray_cosines(inverse_depth, pinhole, cosine):
    """Fill cosine (h, w) float32 with that of the angle between ray and surface normal; 0 where neighbours lack depth.

    The inverse depth (h, w) of a plane is linear in the pixel, which gives the normal. It is small at steps of depth.
    """
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    cosine[:] = 0
    for v in range(1, height - 1):
        for u in range(1, width - 1):
            rho = inverse_depth[v, u]
            left, right = inverse_depth[v, u - 1], inverse_depth[v, u + 1]
            above, below = inverse_depth[v - 1, u], inverse_depth[v + 1, u]
            if rho <= 0 or left <= 0 or right <= 0 or above <= 0 or below <= 0:
                continue
            x, y = (u - cx) / fx, (v - cy) / fy
            a, b = 0.5 * fx * (right - left), 0.5 * fy * (below - above)
            c = rho - a * x - b * y
            cosine[v, u] = rho / np.sqrt((a * a + b * b + c * c) * (x * x + y * y + 1))


@ordered_kernel
def mark_blocks(pixels, T_world_cam, pinhole, block_m, step, keys):
    """Write the packed coordinates of the blocks that a view's surfaces reach into `keys` -> how many, with repetitions

    pixels: DepthPixels, of which every `step`-th in both directions is looked at; keys (N,) int64: further ones are
    left out where it is full."""
    height, width = pixels.inverse_depth.shape
    fx, fy, cx, cy = pinhole
    T, count = T_world_cam, 0
    for v in range(0, height, step):
        for u in range(0, width, step):
            rho, last = pixels.inverse_depth[v, u], -1
            if rho <= 0:
                continue
            x, y, reach_m = (u - cx) / fx, (v - cy) / fy, pixels.reach_m[v, u]
            steps = int(3 * reach_m / block_m) + 2
            for i in range(steps + 1):
                z = 1 / rho - reach_m + 2 * reach_m * i / steps
                if z < NEAR_M:
                    continue
                key = 0
                for c in range(3):
                    place = (T[c, 0] * x + T[c, 1] * y + T[c, 2]) * z + T[c, 3]
                    key = (key << BITS) | (np.int64(np.floor(place / block_m)) + OFFSET)
                if key != last and count < len(keys):
                    keys[count] = key
                    count += 1
                    last = key
    return count


@ordered_kernel
def integrate(field, pixels, T_cam_world, pinhole, voxel_m):
    """Add a view, DepthPixels, to a DistanceField: distances along its rays, those before a surface cut at its reach.

    What lies farther behind a surface than its reach is hidden, and stays as it is."""
    height, width = pixels.inverse_depth.shape
    fx, fy, cx, cy = pinhole
    T = T_cam_world
    block_m = SIDE * voxel_m
    radius_m = HALF_DIAGONAL * block_m
    x_step, y_step, z_step = T[0, 0] * voxel_m, T[1, 0] * voxel_m, T[2, 0] * voxel_m
    for b in range(len(field.blocks)):
        x0, y0, z0 = 0.0, 0.0, 0.0
        i, j, k = field.blocks[b, 0], field.blocks[b, 1], field.blocks[b, 2]
        if not _in_view(T, (i + 0.5) * block_m, (j + 0.5) * block_m, (k + 0.5) * block_m, radius_m, pinhole, width,
                        height):
            continue
        for n in range(VOXELS):
            along = n & (SIDE - 1)
            if along == 0:
                X, Y, Z = SIDE * i * voxel_m, (SIDE * j + (n >> 3 & 7)) * voxel_m, (SIDE * k + (n >> 6)) * voxel_m
                x0 = T[0, 0] * X + T[0, 1] * Y + T[0, 2] * Z + T[0, 3]
                y0 = T[1, 0] * X + T[1, 1] * Y + T[1, 2] * Z + T[1, 3]
                z0 = T[2, 0] * X + T[2, 1] * Y + T[2, 2] * Z + T[2, 3]
            z = z0 + along * z_step
            if z < NEAR_M:
                continue
            per_z = 1 / z
            u = fx * (x0 + along * x_step) * per_z + cx
            v = fy * (y0 + along * y_step) * per_z + cy
            if u < 0 or v < 0 or u >= width - 1 or v >= height - 1:
                continue
            row, column = int(v + 0.5), int(u + 0.5)
            weight, reach_m = pixels.weight[row, column], pixels.reach_m[row, column]
            if weight <= 0:
                continue
            distance = (1 / _interpolated(pixels.inverse_depth, u, v) - z) / reach_m
            if distance > -1:
                field.distance[b, n] += np.float32(weight * min(distance, 1.0))
                field.weight[b, n] += weight


@ordered_kernel
def look_at_vertices(vertices, normals, pixels, rgb, T_cam_world, pinhole, tolerance, views):
    """Add a view, DepthPixels with rgb (h, w, 3), to VertexViews: which vertices it shows, in which colour.

    vertices, normals (V, 3) float64, world. A vertex is shown where depth is the same up to the relative tolerance, and
    seen through where that is more; its colour counts by the cosine over the distance, to the fourth power, which is
    resolution, and by how well its depth fits.
    """
    height, width = pixels.inverse_depth.shape
    fx, fy, cx, cy = pinhole
    T = T_cam_world
    for i in range(len(vertices)):
        X, Y, Z = vertices[i]
        z = T[2, 0] * X + T[2, 1] * Y + T[2, 2] * Z + T[2, 3]
        if z < NEAR_M:
            continue
        x = T[0, 0] * X + T[0, 1] * Y + T[0, 2] * Z + T[0, 3]
        y = T[1, 0] * X + T[1, 1] * Y + T[1, 2] * Z + T[1, 3]
        u, v = fx * x / z + cx, fy * y / z + cy
        if u < 0 or v < 0 or u >= width - 1 or v >= height - 1:
            continue
        row, column = int(v + 0.5), int(u + 0.5)
        weight = pixels.weight[row, column]
        if weight <= 0:
            continue
        off = pixels.inverse_depth[row, column] * z - 1
        if off < -tolerance:
            views.against[i] += weight
        elif off < tolerance:
            views.support[i] += weight
            along = 0.0
            for c in range(3):
                along -= normals[i, c] * (T[0, c] * x + T[1, c] * y + T[2, c] * z)
            if along > 0:
                resolution = along / (x * x + y * y + z * z)
                _add_colour(views, i, rgb, u, v, np.float32(resolution**4 * np.exp(-4.5 * (off / tolerance) ** 2)))


@ordered_inline
def _in_view(T, X, Y, Z, radius_m, pinhole, width, height):
    """Whether a ball around the world point (X, Y, Z) may be in a camera's view."""
    fx, fy, cx, cy = pinhole
    z = T[2, 0] * X + T[2, 1] * Y + T[2, 2] * Z + T[2, 3]
    if z < radius_m:
        return z > -radius_m
    u = fx * (T[0, 0] * X + T[0, 1] * Y + T[0, 2] * Z + T[0, 3]) / z + cx
    v = fy * (T[1, 0] * X + T[1, 1] * Y + T[1, 2] * Z + T[1, 3]) / z + cy
    margin_px = 2 * radius_m * max(fx, fy) / z
    return -margin_px < u < width + margin_px and -margin_px < v < height + margin_px


@ordered_inline
def _interpolated(inverse_depth, u, v):
    """Inverse depth between the four pixels around (u, v), where they lie on one surface, else the nearest one's."""
    left, top = int(u), int(v)
    a, b = inverse_depth[top, left], inverse_depth[top, left + 1]
    c, d = inverse_depth[top + 1, left], inverse_depth[top + 1, left + 1]
    low, high = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
    if low <= 0 or high - low > SMOOTH * low:
        return float(inverse_depth[int(v + 0.5), int(u + 0.5)])
    du, dv = u - left, v - top
    return (1 - dv) * ((1 - du) * a + du * b) + dv * ((1 - du) * c + du * d)


@ordered_inline
def _add_colour(views, i, rgb, u, v, weight):
    left, top = int(u), int(v)
    du, dv = u - left, v - top
    for c in range(3):
        above = (1 - du) * rgb[top, left, c] + du * rgb[top, left + 1, c]
        below = (1 - du) * rgb[top + 1, left, c] + du * rgb[top + 1, left + 1, c]
        views.colour[i, c] += np.float32(weight * ((1 - dv) * above + dv * below))
    views.colour_weight[i] += weight
