"""Two layers of surfels on one surface become one."""

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.fuse import write_normal, write_position
from slam.kernels.geometry import rotate, transform
from slam.kernels.render import NEAR_M
from slam.kernels.surfel_arrays import CHUNK, USED_CHUNKS, release_row

CLOSER = np.float32(1.5)
"""A surfel smaller by this factor was seen from so much closer that it replaces the other."""


@kernel
def merge_overlap(surfels, chunks, cam_from_newer, older, pinhole, tolerances):
    """Merge surfels of a newer pass into those of an older one that show the same surface.

    Every surfel that cam_from_newer (K, 3, 4) float32 puts before the camera goes into the surfel that `older` (View,
    rendered without the newer ones) shows in its pixel, if depths and normals agree within `tolerances` (Tolerances).
    pinhole (fx, fy, cx, cy) float32. Returns how many went.
    """
    index, surface, _, cam_from_older = older
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    half = np.float32(0.5)
    merged = 0
    for chunk in range(chunks.counts[USED_CHUNKS]):
        if chunks.live[chunk] == 0:
            continue
        k = chunks.keyframe[chunk]
        for i in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            if surfels.confidence[i] <= 0:
                continue
            x, y, z = transform(cam_from_newer, k, surfels.position[0, i], surfels.position[1, i],
                                surfels.position[2, i])
            if z < NEAR_M:
                continue
            u, v = fx * x / z + cx + half, fy * y / z + cy + half
            if not (u >= 0 and v >= 0 and u < width and v < height):
                continue
            row, column = int(v), int(u)
            other = index[row, column]
            if other < 0 or surfels.confidence[other] <= 0 or abs(surface[row, column, 2] - z) > tolerances.depth * z:
                continue
            nx, ny, nz = rotate(cam_from_newer, k, surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2])
            cosine = surface[row, column, 3] * nx + surface[row, column, 4] * ny + surface[row, column, 5] * nz
            if cosine < tolerances.min_normal_cosine:
                continue
            absorb(surfels, i, (x, y, z), (nx, ny, nz), other, chunks.keyframe[other // CHUNK], cam_from_older,
                   tolerances.max_confidence)
            release_row(surfels, chunks, i)
            merged += 1
    return merged


@inline
def absorb(surfels, i, point, normal, other, other_key, cam_from_key, max_confidence):
    """Average of surfel i, at `point` with `normal` in the camera, and another, by confidence, in the other's place;
    colour and size of the one that was seen from much closer."""
    x, y, z = point
    nx, ny, nz = normal
    confidence = surfels.confidence[i]
    total = surfels.confidence[other] + confidence
    share = confidence / total
    X, Y, Z = transform(cam_from_key, other_key, surfels.position[0, other], surfels.position[1, other],
                        surfels.position[2, other])
    NX, NY, NZ = rotate(cam_from_key, other_key, surfels.normal[other, 0], surfels.normal[other, 1],
                        surfels.normal[other, 2])
    write_position(surfels, other, cam_from_key, other_key, X + share * (x - X), Y + share * (y - Y),
                   Z + share * (z - Z))
    write_normal(surfels, other, cam_from_key, other_key, NX + share * (nx - NX), NY + share * (ny - NY),
                 NZ + share * (nz - NZ))
    if surfels.radius[i] * CLOSER < surfels.radius[other]:
        share = np.float32(1)
    elif surfels.radius[other] * CLOSER < surfels.radius[i]:
        share = np.float32(0)
    surfels.radius[other] += share * (surfels.radius[i] - surfels.radius[other])
    for channel in range(3):
        surfels.colour[other, channel] += share * (surfels.colour[i, channel] - surfels.colour[other, channel])
    surfels.confidence[other] = min(total, max_confidence)
    surfels.seen[other] = max(surfels.seen[other], surfels.seen[i])
