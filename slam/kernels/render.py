"""Surfels as seen from a camera.

`cam_from_key` (K, 3, 4) float32 holds T_cam_key of every keyframe for the camera pose at hand, so a surfel's point in
the camera is cam_from_key[keyframe[i]] applied to its position.
"""

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import rotate, transform

NEAR_M = np.float32(0.1)
BLOCK = 256
VIEW_FIELDS = 8
"""Per pixel: x y z of the surfel's centre and of its normal in the camera, its radius and its confidence."""


@kernel
def render_index(surfels, count, cam_from_key, pinhole, same_surface, index):
    """Z-buffer of surfel rows: fills index (h, w) int32, -1 where empty.

    Among surfels of one pixel whose depths agree within the factor `same_surface`, the most confident one is kept.
    Runs of surfels of one keyframe are projected together, in blocks that stay in the first-level cache.
    """
    height, width = index.shape
    half = np.float32(0.5)
    right, below = np.float32(width) - half, np.float32(height) - half
    front = np.empty((height, width, 2), np.float32)
    index[:] = -1
    front[:] = 0
    block = np.empty((3, BLOCK), np.float32)
    u, v, depth = block[0], block[1], block[2]
    start = 0
    while start < count:
        keyframe = surfels.keyframe[start]
        stop = start + 1
        while stop < count and stop < start + BLOCK and surfels.keyframe[stop] == keyframe:
            stop += 1
        project(surfels.position, start, stop, cam_from_key[keyframe], pinhole, u, v, depth)
        for k in range(stop - start):
            z = depth[k]
            if not (z >= NEAR_M and u[k] >= -half and v[k] >= -half and u[k] < right and v[k] < below):
                continue
            u0, v0 = np.uint32(u[k] + half), np.uint32(v[k] + half)
            confidence, old_z, old_confidence = surfels.confidence[start + k], front[v0, u0, 0], front[v0, u0, 1]
            nearer = (old_confidence == 0) | (z * same_surface < old_z)
            better = (z <= old_z * same_surface) & (confidence > old_confidence)
            if (confidence > 0) & (nearer | better):
                front[v0, u0, 0], front[v0, u0, 1] = z, confidence
                index[v0, u0] = start + k
        start = stop


@inline
def project(position, start, stop, T, pinhole, u, v, depth):
    """Pixels and depths of positions [start, stop) (3, N) through T (3, 4)."""
    fx, fy, cx, cy = pinhole
    x, y, z = position[0, start:stop], position[1, start:stop], position[2, start:stop]
    count = stop - start
    for k in range(count):
        depth[k] = T[2, 0] * x[k] + T[2, 1] * y[k] + T[2, 2] * z[k] + T[2, 3]
    for k in range(count):
        u[k] = fx * (T[0, 0] * x[k] + T[0, 1] * y[k] + T[0, 2] * z[k] + T[0, 3]) / depth[k] + cx
    for k in range(count):
        v[k] = fy * (T[1, 0] * x[k] + T[1, 1] * y[k] + T[1, 2] * z[k] + T[1, 3]) / depth[k] + cy


@kernel
def resolve_view(surfels, index, cam_from_key, pinhole, surface, depth_m):
    """Index map -> surface (h, w, VIEW_FIELDS), zero where empty, and depth_m (h, w), where each pixel's ray meets
    its surfel's plane: the centre lies up to half a pixel off the ray, which on slanted surfaces matters."""
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    for v in range(height):
        for u in range(width):
            i = index[v, u]
            if i < 0:
                surface[v, u] = 0
                depth_m[v, u] = 0
                continue
            T = cam_from_key[surfels.keyframe[i]]
            X, Y, Z = transform(T, surfels.position[0, i], surfels.position[1, i], surfels.position[2, i])
            nx, ny, nz = rotate(T, surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2])
            at = surface[v, u]
            at[0], at[1], at[2], at[3], at[4], at[5] = X, Y, Z, nx, ny, nz
            at[6], at[7] = surfels.radius[i], surfels.confidence[i]
            depth_m[v, u] = Z
            facing = nx * ((u - cx) / fx) + ny * ((v - cy) / fy) + nz
            if facing < np.float32(-0.1):
                # Grazing planes would be extrapolated far off: hold the correction to the surfel's own extent.
                on_plane = (nx * X + ny * Y + nz * Z) / facing
                if abs(on_plane - Z) < np.float32(2) * surfels.radius[i]:
                    depth_m[v, u] = on_plane
