"""Fusing depth maps into surfels. Method: Keller et al. 2013, sections 5 and 6.

`view` is the map rendered at the frame's pose (slam.kernels.render.View), `surface` and `cam_from_key` are parts of it.
"""

import math
from typing import NamedTuple

import numpy as np

from slam.kernels.compile import inline, kernel
from slam.kernels.geometry import rotate_back
from slam.kernels.surfel_arrays import CHUNK, SURFELS, clear_chunk, is_open, release_row, take_row

ONE = np.float32(1)
DEAD = np.float32(0)


class Measurement(NamedTuple):
    """One frame's depth map and image, on the grid of the view."""

    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where unknown."""
    normals: np.ndarray
    """(h, w, 3) float32 unit normals in the camera, 0 where unknown."""
    rgb: np.ndarray
    """(h, w, 3) uint8."""
    weights: np.ndarray
    """(h, w) float32 confidence of each pixel's depth, 0 to leave it out."""
    frame_index: int
    """Index of the frame: a surfel takes one observation of it."""


class Tolerances(NamedTuple):
    """Where surfel and measurement are one surface, and where one of them is wrong."""

    depth: np.float32
    """Relative depth difference up to which they are one surface."""
    min_normal_cosine: np.float32
    """Cosine of the angle between their normals from which they are one surface."""
    ambiguity: np.float32
    """Relative depth difference up to which they contradict each other where they are not one surface."""
    doubt: np.float32
    """Factor on the confidence of a surfel that is contradicted."""
    min_confidence: np.float32
    """Confidence below which a surfel is removed."""
    max_confidence: np.float32
    """Confidence at which a surfel's stops growing."""


class Disc(NamedTuple):
    """What one pixel measures, in the camera."""

    point: tuple
    """x, y, z in metres."""
    normal: tuple
    """Unit vector, towards the camera."""
    radius: np.float32
    """Metres."""
    weight: np.float32
    """Confidence."""


@kernel
def fuse(surfels, chunks, view, measurement, tolerances, pinhole, keyframe, max_surfels):
    """Merge a Measurement into the surfels and add what they do not explain; new surfels belong to `keyframe`.

    A surfel that contradicts the measurement (Tolerances) and has less confidence is replaced; else nothing is added,
    and the surfel's confidence is multiplied by `doubt`. pinhole (fx, fy, cx, cy) float32. Returns (merged, added,
    contradicted or without room).
    """
    index, surface, _, cam_from_key = view
    inverse_depth, normals, rgb, weights, frame_index = measurement
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
            disc = Disc((x, y, z), (nx, ny, nz), radius, weight)
            row, column = find_match(surface, v, u, disc, tolerances)
            if row >= 0:
                i = index[row, column]
                # Neighbouring pixels often match one surfel; a frame is one observation of it. It may also have gone.
                if surfels.seen[i] != frame_index and surfels.confidence[i] > 0:
                    merge(surfels, i, chunks.keyframe[i // CHUNK], view, row, column, disc, rgb, v, u, tolerances)
                    surfels.seen[i] = frame_index
                    merged += 1
                continue
            if contradicts(surface, v, u, z, tolerances.ambiguity) and surfels.confidence[index[v, u]] > 0:
                if surfels.confidence[index[v, u]] >= weight:
                    weaken(surfels, chunks, index[v, u], tolerances.doubt, tolerances.min_confidence)
                    refused += 1
                    continue
                release_row(surfels, chunks, index[v, u])
            i = take_row(chunks, keyframe) if chunks.counts[SURFELS] < max_surfels else -1
            if i < 0:
                refused += 1
                continue
            place(surfels, i, keyframe, cam_from_key, disc, rgb, v, u)
            surfels.seen[i] = frame_index
            added += 1
    return merged, added, refused


@inline
def contradicts(surface, row, column, z, ambiguity):
    """Whether what the map shows at a pixel is near depth z, by this relative difference."""
    Z = surface[row, column, 2]
    return surface[row, column, 7] > 0 and abs(Z - z) <= ambiguity * min(z, Z)


@inline
def find_match(surface, v, u, disc, tolerances):
    """Pixel (row, column) of the surfel that a measurement at (v, u) belongs to, or (-1, -1): its own pixel's where
    that fits, else the most confident and nearest to the ray of the eight around it."""
    height, width = surface.shape[:2]
    if match_score(surface, v, u, disc, tolerances) > 0:
        return v, u
    best = -1, -1
    best_score = np.float32(0)
    for row in range(max(v - 1, 0), min(v + 2, height)):
        for column in range(max(u - 1, 0), min(u + 2, width)):
            score = match_score(surface, row, column, disc, tolerances)
            if score > best_score:
                best, best_score = (row, column), score
    return best


@inline
def match_score(surface, row, column, disc, tolerances):
    """How well a measurement fits the surfel rendered at (row, column): 0 for not at all."""
    x, y, z = disc.point
    nx, ny, nz = disc.normal
    confidence, Z = surface[row, column, 7], surface[row, column, 2]
    if confidence <= 0 or abs(Z - z) > tolerances.depth * z:
        return DEAD
    cosine = surface[row, column, 3] * nx + surface[row, column, 4] * ny + surface[row, column, 5] * nz
    if cosine < tolerances.min_normal_cosine:
        return DEAD
    # Squared distance to the measured ray in units of the surfel's radius; beyond two, it is its neighbour's.
    along = Z / z
    ex, ey = surface[row, column, 0] - x * along, surface[row, column, 1] - y * along
    off, squared_radius = ex * ex + ey * ey, surface[row, column, 6] * surface[row, column, 6]
    if off > np.float32(4) * squared_radius:
        return DEAD
    return confidence * squared_radius / (np.float32(0.25) * squared_radius + off)


@inline
def merge(surfels, i, k, view, row, column, disc, rgb, v, u, tolerances):
    """Confidence-weighted average of surfel i of keyframe k, rendered at (row, column), and the measurement at (v, u),
    in the surfel's place."""
    surface, cam_from_key = view.surface, view.cam_from_key
    (x, y, z), (nx, ny, nz), radius, weight = disc
    confidence, old_radius = surface[row, column, 7], surface[row, column, 6]
    total = confidence + weight
    old, new = confidence / total, weight / total
    # A coarser view of a surface adds certainty but must not wash out what a closer view has seen.
    if radius <= np.float32(1.5) * old_radius:
        write_position(surfels, i, cam_from_key, k, old * surface[row, column, 0] + new * x,
                       old * surface[row, column, 1] + new * y, old * surface[row, column, 2] + new * z)
        write_normal(surfels, i, cam_from_key, k, old * surface[row, column, 3] + new * nx,
                     old * surface[row, column, 4] + new * ny, old * surface[row, column, 5] + new * nz)
        surfels.radius[i] = old * old_radius + new * radius
        for channel in range(3):
            surfels.colour[i, channel] = old * surfels.colour[i, channel] + new * np.float32(rgb[v, u, channel])
    surfels.confidence[i] = min(total, tolerances.max_confidence)


@inline
def place(surfels, i, k, cam_from_key, disc, rgb, v, u):
    """Write the measurement at (v, u) as surfel i of keyframe k."""
    x, y, z = disc.point
    nx, ny, nz = disc.normal
    write_position(surfels, i, cam_from_key, k, x, y, z)
    write_normal(surfels, i, cam_from_key, k, nx, ny, nz)
    for channel in range(3):
        surfels.colour[i, channel] = np.float32(rgb[v, u, channel])
    surfels.radius[i] = disc.radius
    surfels.confidence[i] = disc.weight


@inline
def write_position(surfels, i, cam_from_key, k, x, y, z):
    """Store a point of the camera in the frame of the surfel's keyframe."""
    surfels.position[0, i], surfels.position[1, i], surfels.position[2, i] = rotate_back(
        cam_from_key, k, x - cam_from_key[k, 0, 3], y - cam_from_key[k, 1, 3], z - cam_from_key[k, 2, 3])


@inline
def write_normal(surfels, i, cam_from_key, k, nx, ny, nz):
    """Store a direction of the camera, at unit length, in the frame of the surfel's keyframe."""
    scale = ONE / np.float32(math.sqrt(nx * nx + ny * ny + nz * nz))
    surfels.normal[i, 0], surfels.normal[i, 1], surfels.normal[i, 2] = rotate_back(
        cam_from_key, k, nx * scale, ny * scale, nz * scale)


@kernel
def carve_free_space(surfels, chunks, view, inverse_depth, margin, factor, min_confidence):
    """Weaken surfels that float in front of what the camera measures, and free those that become too weak.

    A surfel at depth z violates free space when all measurements around its pixel, inverse_depth (h, w) float32 in
    1/m, lie beyond z (1 + margin): its confidence is multiplied by `factor`, below min_confidence it is freed.
    Returns how many were freed.
    """
    index, surface, _, _ = view
    height, width = index.shape
    freed = 0
    for v in range(1, height - 1):
        for u in range(1, width - 1):
            i = index[v, u]
            rho = inverse_depth[v, u]
            if i < 0 or rho <= 0 or surfels.confidence[i] <= 0:
                continue
            limit = ONE / (surface[v, u, 2] * (ONE + margin))
            if rho > limit or not all_beyond(inverse_depth, u, v, limit):
                continue
            freed += weaken(surfels, chunks, i, factor, min_confidence)
    return freed


@inline
def weaken(surfels, chunks, i, factor, min_confidence):
    """Multiply a surfel's confidence with `factor` and free it below min_confidence. Returns 1 if it was freed."""
    surfels.confidence[i] *= factor
    if surfels.confidence[i] >= min_confidence:
        return 0
    release_row(surfels, chunks, i)
    return 1


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
def sweep(surfels, chunks, start, stop, frame_index, max_age, stable_confidence, min_live):
    """Drop surfels in chunks [start, stop) that stayed below stable_confidence and were not seen for max_age frames;
    clear chunks in which fewer than min_live remain. Returns how many were dropped. Rows may move."""
    dropped = 0
    for chunk in range(start, stop):
        if chunks.keyframe[chunk] < 0:
            continue
        for i in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            if DEAD < surfels.confidence[i] < stable_confidence and frame_index - surfels.seen[i] > max_age:
                release_row(surfels, chunks, i)
                dropped += 1
        if chunks.live[chunk] < min_live and not is_open(chunks, chunk):
            clear_chunk(surfels, chunks, chunk)
    return dropped
