"""Surfels as seen from a camera.

`cam_from_key` (K, 3, 4) float32 holds T_cam_key of every keyframe for the camera pose at hand, so a surfel's point in
the camera is cam_from_key[keyframe[i]] applied to its position. A keyframe that is not to be shown has a transform that
takes all points behind the camera.
"""

from typing import NamedTuple

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import rotate, transform
from slam.kernels.surfel_arrays import CHUNK, USED_CHUNKS

NEAR_M = np.float32(0.1)
VIEW_FIELDS = 8
"""Per pixel: x y z of the surfel's centre and of its normal in the camera, its radius and its confidence."""


class View(NamedTuple):
    """The map rendered for one camera."""

    index: np.ndarray
    """(h, w) int32 surfel rows, -1 where the map is empty."""
    surface: np.ndarray
    """(h, w, VIEW_FIELDS) float32, 0 where empty."""
    depth_m: np.ndarray
    """(h, w) float32 z of the surface along the pixel's ray, 0 where empty."""
    cam_from_key: np.ndarray
    """(K, 3, 4) float32 T_cam_key of all keyframes."""

    @property
    def confidence(self) -> np.ndarray:
        """(h, w) float32, 0 where empty."""
        return self.surface[..., 7]


@kernel
def render_index(surfels, chunks, cam_from_key, pinhole, same_surface, index):
    """Z-buffer of surfel rows: fills index (h, w) int32, -1 where empty.

    cam_from_key (K, 3, 4) and pinhole (fx, fy, cx, cy) float32. Among surfels of one pixel whose depths agree within
    the factor `same_surface`, the most confident one is kept. A chunk's surfels, which all belong to one keyframe, are
    projected together.
    """
    height, width = index.shape
    half = np.float32(0.5)
    right, below = np.float32(width) - half, np.float32(height) - half
    front = np.empty((height, width, 2), np.float32)
    index[:] = -1
    front[:] = 0
    block = np.empty((3, CHUNK), np.float32)
    u, v, depth = block[0], block[1], block[2]
    for chunk in range(chunks.counts[USED_CHUNKS]):
        if chunks.live[chunk] == 0:
            continue
        start = chunk * CHUNK
        project(surfels.position, start, cam_from_key[chunks.keyframe[chunk]], pinhole, u, v, depth)
        for k in range(CHUNK):
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


@inline
def project(position, start, T, pinhole, u, v, depth):
    """Pixels and depths of the CHUNK positions (3, N) from `start` on through T (3, 4)."""
    fx, fy, cx, cy = pinhole
    x, y, z = position[0, start:start + CHUNK], position[1, start:start + CHUNK], position[2, start:start + CHUNK]
    for k in range(CHUNK):
        depth[k] = T[2, 0] * x[k] + T[2, 1] * y[k] + T[2, 2] * z[k] + T[2, 3]
    for k in range(CHUNK):
        u[k] = fx * (T[0, 0] * x[k] + T[0, 1] * y[k] + T[0, 2] * z[k] + T[0, 3]) / depth[k] + cx
    for k in range(CHUNK):
        v[k] = fy * (T[1, 0] * x[k] + T[1, 1] * y[k] + T[1, 2] * z[k] + T[1, 3]) / depth[k] + cy


@kernel
def resolve_view(surfels, chunks, pinhole, view):
    """Fills `surface` and `depth_m` of a View by its `index` and `cam_from_key`. Depth is where each pixel's ray meets
    its surfel's plane: the centre lies up to half a pixel off the ray, which on slanted surfaces matters."""
    index, surface, depth_m, cam_from_key = view
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    for v in range(height):
        for u in range(width):
            i = index[v, u]
            if i < 0:
                for field in range(VIEW_FIELDS):
                    surface[v, u, field] = 0
                depth_m[v, u] = 0
                continue
            k = chunks.keyframe[i // CHUNK]
            X, Y, Z = transform(cam_from_key, k, surfels.position[0, i], surfels.position[1, i], surfels.position[2, i])
            nx, ny, nz = rotate(cam_from_key, k, surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2])
            surface[v, u, 0], surface[v, u, 1], surface[v, u, 2] = X, Y, Z
            surface[v, u, 3], surface[v, u, 4], surface[v, u, 5] = nx, ny, nz
            surface[v, u, 6], surface[v, u, 7] = surfels.radius[i], surfels.confidence[i]
            depth_m[v, u] = Z
            facing = nx * ((u - cx) / fx) + ny * ((v - cy) / fy) + nz
            if facing < np.float32(-0.1):
                # Grazing planes would be extrapolated far off: hold the correction to the surfel's own extent.
                on_plane = (nx * X + ny * Y + nz * Z) / facing
                if abs(on_plane - Z) < np.float32(2) * surfels.radius[i]:
                    depth_m[v, u] = on_plane
