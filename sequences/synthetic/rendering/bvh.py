"""Ray casting by a bounding volume hierarchy: for baking light and for choosing among walks of the camera.

Embree, as Open3D's RaycastingScene, casts the same rays in half the time (2.3 million from 24,000 triangles on one
thread: 0.5 s for 0.9 s, shadow rays 0.24 s for 0.51 s; 0.01 s to build for 0.07 s), which saves 0.3 to 1.3 s of the 4
to 5 s a room takes. It would cost 0.3 s to import Open3D and buffers of millions of rays, and other pictures: distances
differ in the last bit for half of all rays, and it counts hits at distance 0, so that places in contact with another
surface (919 of 95,507 light nodes lie in one after their lift by 2 mm) darken. 10 to 17 % of the pixels changed, no
frame stayed the same.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from sequences.synthetic.rendering.bvh_split import split
from sequences.synthetic.rendering.compile import kernel

FAR_M = np.float32(1e30)


class Bvh(NamedTuple):
    """Nodes in an order in which the two children of a node are neighbours."""

    low: np.ndarray
    """(M, 3) float32 lowest corner of each node's box."""
    high: np.ndarray
    """(M, 3) float32 highest corner."""
    first: np.ndarray
    """(M,) int32: first child of an inner node, first place in `corners` of a leaf."""
    count: np.ndarray
    """(M,) int32 triangles of a leaf, 0 for inner nodes."""
    corners: np.ndarray
    """(T, 9) float32: a corner and the two edges that leave it, in the order of the leaves."""
    triangle: np.ndarray
    """(T,) int32 number of each of these triangles in the input."""


def build_bvh(vertices_m: np.ndarray, triangles: np.ndarray) -> Bvh:
    """Vertices (V, 3) and triangles (T, 3) -> Bvh."""
    points = vertices_m[triangles].astype(np.float32)
    low, high, first, count, order = split(points.min(1), points.max(1))
    a, b, c = np.moveaxis(points[order], 1, 0)
    return Bvh(low, high, first, count, np.concatenate([a, b - a, c - a], 1), order.astype(np.int32))


def cast(bvh: Bvh, origins_m: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest hits of N rays: distances (N,) in units of the directions and triangles (N,); inf and -1 for none."""
    distance = np.empty(len(origins_m), np.float32)
    hit = np.empty(len(origins_m), np.int32)
    origins_m, directions = (np.ascontiguousarray(a, np.float32) for a in (origins_m, directions))
    in_slices(len(origins_m), lambda a, b: _cast(bvh, origins_m[a:b], directions[a:b], distance[a:b], hit[a:b]))
    return np.where(hit < 0, np.inf, distance), hit


def in_slices(count: int, work: Callable[[int, int], None]) -> None:
    """Call `work(start, stop)` over 0..count on all cores; for kernels that release the lock and write apart."""
    edges = np.linspace(0, count, 8 * (os.cpu_count() or 1) + 1).astype(int)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))


@kernel
def _cast(bvh, origins, directions, distance, hit):
    stack = np.empty(64, np.int32)
    for i in range(origins.shape[0]):
        distance[i], hit[i] = trace(bvh.low, bvh.high, bvh.first, bvh.count, bvh.corners, stack, False, FAR_M,
                                    origins[i, 0], origins[i, 1], origins[i, 2],
                                    directions[i, 0], directions[i, 1], directions[i, 2])
        if hit[i] >= 0:
            hit[i] = bvh.triangle[hit[i]]


@kernel
def trace(low, high, first, count, corners, stack, any_hit, farthest, ox, oy, oz, dx, dy, dz):
    """Distance and place in `corners` of the nearest hit (of the first one found with `any_hit`), or (farthest, -1)."""
    tiny = np.float32(1e-20)
    ix = np.float32(1) / (dx if abs(dx) > tiny else tiny)
    iy = np.float32(1) / (dy if abs(dy) > tiny else tiny)
    iz = np.float32(1) / (dz if abs(dz) > tiny else tiny)
    nearest, hit, node, depth = farthest, -1, 0, 0
    while True:
        child = first[node]
        if count[node] > 0:
            for k in range(child, child + count[node]):
                t = _hit(corners, k, ox, oy, oz, dx, dy, dz)
                if t < nearest:
                    nearest, hit = t, k
            if any_hit and hit >= 0:
                return nearest, hit
        else:
            a = _enter(low, high, child, nearest, ox, oy, oz, ix, iy, iz)
            b = _enter(low, high, child + 1, nearest, ox, oy, oz, ix, iy, iz)
            if a < FAR_M and b < FAR_M:
                node = child if a <= b else child + 1
                stack[depth] = child + 1 if a <= b else child
                depth += 1
                continue
            if a < FAR_M or b < FAR_M:
                node = child if a < FAR_M else child + 1
                continue
        if depth == 0:
            return nearest, hit
        depth -= 1
        node = stack[depth]


@kernel
def _enter(low, high, node, nearest, ox, oy, oz, ix, iy, iz):
    """Where a ray enters a box, FAR_M where it misses it or enters beyond `nearest`."""
    a, b = (low[node, 0] - ox) * ix, (high[node, 0] - ox) * ix
    enter, leave = min(a, b), max(a, b)
    a, b = (low[node, 1] - oy) * iy, (high[node, 1] - oy) * iy
    enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    a, b = (low[node, 2] - oz) * iz, (high[node, 2] - oz) * iz
    enter, leave = max(enter, min(a, b)), min(leave, max(a, b))
    return enter if leave >= enter and leave > 0 and enter < nearest else FAR_M


@kernel
def _hit(corners, k, ox, oy, oz, dx, dy, dz):
    """Distance along a ray to triangle k (Moeller and Trumbore 1997), FAR_M where it passes by."""
    ax, ay, az = corners[k, 3], corners[k, 4], corners[k, 5]
    bx, by, bz = corners[k, 6], corners[k, 7], corners[k, 8]
    px, py, pz = dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx
    inverse = np.float32(1) / (ax * px + ay * py + az * pz)
    sx, sy, sz = ox - corners[k, 0], oy - corners[k, 1], oz - corners[k, 2]
    u = (sx * px + sy * py + sz * pz) * inverse
    qx, qy, qz = sy * az - sz * ay, sz * ax - sx * az, sx * ay - sy * ax
    v = (dx * qx + dy * qy + dz * qz) * inverse
    t = (bx * qx + by * qy + bz * qz) * inverse
    return t if u >= 0 and v >= 0 and u + v <= 1 and t > 0 else FAR_M
