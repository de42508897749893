"""Fusing depth maps into surfels. Method: Keller et al. 2013, sections 5 and 6.

`surface` and `index` are the map rendered at the frame's pose (slam.kernels.render); `rows` (2,) int64 counts rows
ever used, and rows waiting on the stack `free_rows`.
"""

import math

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import rotate_back

ONE = np.float32(1)
DEAD = np.float32(0)


@kernel
def fuse(surfels, rows, free_rows, index, surface, cam_from_key, keyframe, inverse_depth, normals, rgb, weights,
         pinhole, frame_index, depth_tolerance, min_normal_cosine, max_confidence):
    """Merge a depth map into the surfels and add what they do not explain; new surfels belong to `keyframe`.

    weights (h, w): confidence of each measurement, 0 to leave it out. depth_tolerance: relative depth difference up
    to which surfel and measurement are one surface. Returns (merged, added, refused for want of room).
    """
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    merged = added = refused = 0
    for v in range(height):
        for u in range(width):
            weight, rho = weights[v, u], inverse_depth[v, u]
            nx, ny, nz = normals[v, u, 0], normals[v, u, 1], normals[v, u, 2]
            if weight <= 0 or rho <= 0 or nz >= 0:
                continue
            z = ONE / rho
            x, y = (np.float32(u) - cx) / fx * z, (np.float32(v) - cy) / fy * z
            radius = z / fx * np.float32(0.7071) / max(-nz, np.float32(0.25))
            best = find_match(index, surface, u, v, x, y, z, nx, ny, nz, depth_tolerance, min_normal_cosine)
            if best >= 0:
                # Neighbouring pixels often match one surfel; a frame is one observation of it.
                if surfels.seen[best] != frame_index:
                    merge(surfels, best, cam_from_key[surfels.keyframe[best]], x, y, z, nx, ny, nz, radius,
                          rgb[v, u], weight, max_confidence)
                    surfels.seen[best] = frame_index
                    merged += 1
                continue
            if rows[1] > 0:
                rows[1] -= 1
                row = free_rows[rows[1]]
            elif rows[0] < surfels.confidence.shape[0]:
                row = rows[0]
                rows[0] += 1
            else:
                refused += 1
                continue
            place(surfels, row, keyframe, cam_from_key[keyframe], x, y, z, nx, ny, nz, radius, rgb[v, u], weight,
                  frame_index)
            added += 1
    return merged, added, refused


@inline
def find_match(index, surface, u, v, x, y, z, nx, ny, nz, depth_tolerance, min_normal_cosine):
    """Row of the surfel that a measurement belongs to, or -1: near in depth and direction, most confident, nearest to
    the ray."""
    height, width = index.shape
    best = np.int32(-1)
    best_score = np.float32(0)
    for row in range(max(v - 1, 0), min(v + 2, height)):
        for column in range(max(u - 1, 0), min(u + 2, width)):
            confidence, Z = surface[row, column, 7], surface[row, column, 2]
            if confidence <= 0 or abs(Z - z) > depth_tolerance * z:
                continue
            cosine = surface[row, column, 3] * nx + surface[row, column, 4] * ny + surface[row, column, 5] * nz
            if cosine < min_normal_cosine:
                continue
            # Squared distance to the measured ray in units of the surfel's radius; beyond two, it is its neighbour's.
            ex, ey = surface[row, column, 0] - x * Z / z, surface[row, column, 1] - y * Z / z
            off = (ex * ex + ey * ey) / (surface[row, column, 6] * surface[row, column, 6])
            if off > np.float32(4):
                continue
            score = confidence / (np.float32(0.25) + off)
            if score > best_score:
                best, best_score = index[row, column], score
    return best


@inline
def merge(surfels, i, T, x, y, z, nx, ny, nz, radius, rgb, weight, max_confidence):
    """Confidence-weighted average of a surfel and a measurement, both taken to the surfel's keyframe."""
    total = surfels.confidence[i] + weight
    share = weight / total
    # A coarser view of a surface adds certainty but must not wash out what a closer view has seen.
    if radius <= np.float32(1.5) * surfels.radius[i]:
        px, py, pz = rotate_back(T, x - T[0, 3], y - T[1, 3], z - T[2, 3])
        surfels.position[0, i] += share * (px - surfels.position[0, i])
        surfels.position[1, i] += share * (py - surfels.position[1, i])
        surfels.position[2, i] += share * (pz - surfels.position[2, i])
        surfels.radius[i] += share * (radius - surfels.radius[i])
        for k in range(3):
            surfels.colour[i, k] += share * (np.float32(rgb[k]) - surfels.colour[i, k])
        mx, my, mz = rotate_back(T, nx, ny, nz)
        ax = surfels.normal[i, 0] + share * (mx - surfels.normal[i, 0])
        ay = surfels.normal[i, 1] + share * (my - surfels.normal[i, 1])
        az = surfels.normal[i, 2] + share * (mz - surfels.normal[i, 2])
        length = np.float32(math.sqrt(ax * ax + ay * ay + az * az))
        if length > np.float32(1e-6):
            surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2] = ax / length, ay / length, az / length
    surfels.confidence[i] = min(total, max_confidence)


@inline
def place(surfels, i, keyframe, T, x, y, z, nx, ny, nz, radius, rgb, weight, frame_index):
    """Write a measurement as a new surfel of `keyframe`."""
    surfels.position[0, i], surfels.position[1, i], surfels.position[2, i] = rotate_back(
        T, x - T[0, 3], y - T[1, 3], z - T[2, 3])
    surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2] = rotate_back(T, nx, ny, nz)
    for k in range(3):
        surfels.colour[i, k] = np.float32(rgb[k])
    surfels.radius[i] = radius
    surfels.confidence[i] = weight
    surfels.keyframe[i] = keyframe
    surfels.created[i] = frame_index
    surfels.seen[i] = frame_index


@kernel
def carve_free_space(surfels, rows, free_rows, index, surface, inverse_depth, margin, factor, min_confidence):
    """Weaken surfels that float in front of what the camera measures, and free those that become too weak.

    A surfel at depth z violates free space when all measurements around its pixel lie beyond z (1 + margin).
    Returns how many were freed.
    """
    height, width = index.shape
    freed = 0
    for v in range(1, height - 1):
        for u in range(1, width - 1):
            i = index[v, u]
            rho = inverse_depth[v, u]
            if i < 0 or rho <= 0:
                continue
            limit = ONE / (surface[v, u, 2] * (ONE + margin))
            if rho > limit or not all_beyond(inverse_depth, u, v, limit):
                continue
            surfels.confidence[i] *= factor
            if surfels.confidence[i] < min_confidence:
                release(surfels, rows, free_rows, i)
                freed += 1
    return freed


@inline
def all_beyond(inverse_depth, u, v, limit):
    """Whether all nine inverse depths around a pixel are known and at most `limit`."""
    for row in range(v - 1, v + 2):
        for column in range(u - 1, u + 2):
            rho = inverse_depth[row, column]
            if rho <= 0 or rho > limit:
                return False
    return True


@kernel
def drop_unstable(surfels, rows, free_rows, start, stop, frame_index, max_age, stable_confidence):
    """Free surfels in rows [start, stop) that never became stable and were not seen for max_age frames."""
    freed = 0
    for i in range(start, min(stop, rows[0])):
        if DEAD < surfels.confidence[i] < stable_confidence and frame_index - surfels.seen[i] > max_age:
            release(surfels, rows, free_rows, i)
            freed += 1
    return freed


@inline
def release(surfels, rows, free_rows, i):
    surfels.confidence[i] = DEAD
    free_rows[rows[1]] = i
    rows[1] += 1
