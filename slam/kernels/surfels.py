"""Rendering and fusing surfels. Positions and normals are kept in the frame of each surfel's keyframe.

`cam_from_key` (K, 3, 4) float32 holds T_cam_key of every keyframe for the camera pose at hand, so a surfel's point in
the camera is cam_from_key[keyframe[i]] applied to position[i]. Method: Keller et al. 2013, sections 4 to 6.
"""

import math
from typing import NamedTuple

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import rotate, rotate_back, transform

NEAR_M = np.float32(0.1)
DEAD = np.float32(0)


class SurfelArrays(NamedTuple):
    """Row i is one surfel; confidence 0 marks an unused row."""

    position: np.ndarray
    """(N, 3) float32, metres, in the keyframe."""
    normal: np.ndarray
    """(N, 3) float32, unit, in the keyframe, towards the camera that saw it."""
    colour: np.ndarray
    """(N, 3) float32, RGB in 0..255."""
    radius: np.ndarray
    """(N,) float32, metres."""
    confidence: np.ndarray
    """(N,) float32, sum of observation weights."""
    keyframe: np.ndarray
    """(N,) int32, row of the keyframe that position and normal refer to."""
    created: np.ndarray
    """(N,) int32, index of the frame that made it."""
    seen: np.ndarray
    """(N,) int32, index of the last frame merged into it."""


@kernel
def render_index(surfels, count, cam_from_key, pinhole, same_surface, index, depth_m):
    """Z-buffer of surfel rows: fills index (h, w) int32, -1 where empty, and depth_m (h, w), z of the surfel's centre.

    Among surfels of one pixel whose depths agree within the factor `same_surface`, the most confident one is kept.
    """
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    half = np.float32(0.5)
    index[:] = -1
    depth_m[:] = 0
    for i in range(count):
        if surfels.confidence[i] <= DEAD:
            continue
        T = cam_from_key[surfels.keyframe[i]]
        X, Y, Z = transform(T, surfels.position[i, 0], surfels.position[i, 1], surfels.position[i, 2])
        if Z < NEAR_M:
            continue
        inv_z = np.float32(1) / Z
        u, v = fx * X * inv_z + cx + half, fy * Y * inv_z + cy + half
        if not (u >= 0 and v >= 0 and u < width and v < height):
            continue
        u0, v0 = int(u), int(v)
        other = index[v0, u0]
        if other >= 0:
            z = depth_m[v0, u0]
            if Z > z * same_surface:
                continue
            if Z * same_surface > z and surfels.confidence[i] <= surfels.confidence[other]:
                continue
        index[v0, u0] = i
        depth_m[v0, u0] = Z


@kernel
def resolve_view(surfels, index, cam_from_key, pinhole, depth_m, confidence):
    """Index map -> depth_m (h, w), where each pixel's ray meets its surfel's plane, and confidence (h, w); 0 if empty.

    The centre of a surfel lies up to half a pixel off the ray, which on slanted surfaces matters.
    """
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    for v in range(height):
        for u in range(width):
            i = index[v, u]
            depth_m[v, u] = 0
            confidence[v, u] = 0
            if i < 0:
                continue
            T = cam_from_key[surfels.keyframe[i]]
            X, Y, Z = transform(T, surfels.position[i, 0], surfels.position[i, 1], surfels.position[i, 2])
            nx, ny, nz = rotate(T, surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2])
            x, y = (u - cx) / fx, (v - cy) / fy
            facing = nx * x + ny * y + nz
            depth_m[v, u] = Z
            if facing < np.float32(-0.1):
                # Grazing planes would be extrapolated far off; hold the correction to the surfel's own extent.
                corrected = (nx * X + ny * Y + nz * Z) / facing
                if abs(corrected - Z) < np.float32(2) * surfels.radius[i]:
                    depth_m[v, u] = corrected
            confidence[v, u] = surfels.confidence[i]


@kernel
def surface_normals(inverse_depth, pinhole, edge_ratio, normals):
    """(h, w) inverse depth -> normals (h, w, 3), unit, towards the camera; 0 where no smooth neighbourhood exists.

    Inverse depth of a plane is linear in the pixel: rho = a u + b v + c gives the normal (a fx, b fy, ...) directly.
    """
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    for v in range(height):
        for u in range(width):
            normals[v, u] = 0
            rho = inverse_depth[v, u]
            if rho <= 0 or u < 2 or v < 2 or u >= width - 2 or v >= height - 2:
                continue
            a = central_slope(inverse_depth[v, u - 2], inverse_depth[v, u - 1], rho, inverse_depth[v, u + 1],
                              inverse_depth[v, u + 2], edge_ratio)
            b = central_slope(inverse_depth[v - 2, u], inverse_depth[v - 1, u], rho, inverse_depth[v + 1, u],
                              inverse_depth[v + 2, u], edge_ratio)
            if not (math.isfinite(a) and math.isfinite(b)):
                continue
            nx, ny = a * fx, b * fy
            nz = rho - a * (u - cx) - b * (v - cy)
            length = math.sqrt(nx * nx + ny * ny + nz * nz)
            if length > 0:
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


@kernel
def fuse(surfels, rows, free_rows, index, cam_from_key, keyframe, inverse_depth, normals, rgb, weights, pinhole,
         frame_index, depth_tolerance, min_normal_cosine, max_confidence):
    """Merge a depth map into the surfels and add what they do not explain.

    rows (2,) int64: rows ever used, and rows waiting on the stack free_rows. weights (h, w): confidence of each
    measurement, 0 to leave it out. depth_tolerance: relative depth difference up to which surfel and measurement are
    one surface. Returns (merged, added, refused for want of room).
    """
    height, width = index.shape
    fx, fy, cx, cy = pinhole
    one = np.float32(1)
    merged = added = refused = 0
    for v in range(height):
        for u in range(width):
            weight, rho = weights[v, u], inverse_depth[v, u]
            nx, ny, nz = normals[v, u, 0], normals[v, u, 1], normals[v, u, 2]
            if weight <= 0 or rho <= 0 or nz >= 0:
                continue
            z = one / rho
            x, y = (u - cx) / fx * z, (v - cy) / fy * z
            radius = z / fx * np.float32(0.7071) / max(-nz, np.float32(0.25))
            best = find_match(surfels, index, cam_from_key, u, v, x, y, z, nx, ny, nz, depth_tolerance,
                              min_normal_cosine)
            if best >= 0:
                if surfels.seen[best] != frame_index or surfels.created[best] == frame_index:
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
def find_match(surfels, index, cam_from_key, u, v, x, y, z, nx, ny, nz, depth_tolerance, min_normal_cosine):
    """Row of the surfel that a measurement belongs to, or -1: near in depth and direction, most confident, nearest to
    the ray (Keller 2013, section 5)."""
    height, width = index.shape
    best = np.int32(-1)
    best_score = np.float32(0)
    for dv in range(-1, 2):
        for du in range(-1, 2):
            if not (0 <= v + dv < height and 0 <= u + du < width):
                continue
            i = index[v + dv, u + du]
            if i < 0:
                continue
            T = cam_from_key[surfels.keyframe[i]]
            X, Y, Z = transform(T, surfels.position[i, 0], surfels.position[i, 1], surfels.position[i, 2])
            if abs(Z - z) > depth_tolerance * z:
                continue
            sx, sy, sz = rotate(T, surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2])
            if sx * nx + sy * ny + sz * nz < min_normal_cosine:
                continue
            # Squared distance to the measured ray in units of the surfel's radius; beyond two, it is its neighbour's.
            ex, ey = X - x * Z / z, Y - y * Z / z
            off = (ex * ex + ey * ey) / (surfels.radius[i] * surfels.radius[i])
            if off > np.float32(4):
                continue
            score = surfels.confidence[i] / (np.float32(0.25) + off)
            if score > best_score:
                best, best_score = i, score
    return best


@inline
def merge(surfels, i, T, x, y, z, nx, ny, nz, radius, rgb, weight, max_confidence):
    """Confidence-weighted average of a surfel and a measurement, both taken to the surfel's keyframe."""
    total = surfels.confidence[i] + weight
    share = weight / total
    px, py, pz = rotate_back(T, x - T[0, 3], y - T[1, 3], z - T[2, 3])
    mx, my, mz = rotate_back(T, nx, ny, nz)
    # A coarser view of a surface adds certainty but must not wash out what a closer view has seen.
    if radius <= np.float32(1.5) * surfels.radius[i]:
        surfels.position[i, 0] += share * (px - surfels.position[i, 0])
        surfels.position[i, 1] += share * (py - surfels.position[i, 1])
        surfels.position[i, 2] += share * (pz - surfels.position[i, 2])
        surfels.radius[i] += share * (radius - surfels.radius[i])
        for k in range(3):
            surfels.colour[i, k] += share * (np.float32(rgb[k]) - surfels.colour[i, k])
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
    surfels.position[i, 0], surfels.position[i, 1], surfels.position[i, 2] = rotate_back(
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
def carve_free_space(surfels, rows, free_rows, index, index_depth_m, inverse_depth, margin, factor, min_confidence):
    """Weaken surfels that float in front of what the camera measures, and free those that become too weak.

    A surfel at depth z violates free space when all measurements around its pixel lie beyond z (1 + margin).
    Returns how many were freed.
    """
    height, width = index.shape
    freed = 0
    for v in range(1, height - 1):
        for u in range(1, width - 1):
            i = index[v, u]
            if i < 0:
                continue
            limit = np.float32(1) / (index_depth_m[v, u] * (np.float32(1) + margin))
            violated = True
            for dv in range(-1, 2):
                for du in range(-1, 2):
                    rho = inverse_depth[v + dv, u + du]
                    if rho <= 0 or rho > limit:
                        violated = False
            if violated:
                surfels.confidence[i] *= factor
                if surfels.confidence[i] < min_confidence:
                    surfels.confidence[i] = DEAD
                    free_rows[rows[1]] = i
                    rows[1] += 1
                    freed += 1
    return freed


@kernel
def drop_unstable(surfels, rows, free_rows, start, stop, frame_index, max_age, stable_confidence):
    """Free surfels in rows [start, stop) that are older than max_age frames and never became stable."""
    freed = 0
    for i in range(start, min(stop, rows[0])):
        confidence = surfels.confidence[i]
        if DEAD < confidence < stable_confidence and frame_index - surfels.seen[i] > max_age:
            surfels.confidence[i] = DEAD
            free_rows[rows[1]] = i
            rows[1] += 1
            freed += 1
    return freed
