"""Triangles into a picture, for views that need no camera model of their own."""

import math

import numpy as np

from slam.kernels.compile import inline, kernel

ONE = np.float32(1)


@kernel
def rasterise(projected, colours, triangles, depth, image):
    """Draw the triangles whose corners run counter-clockwise as seen; what faces away is left out.

    projected (V, 3) float32: pixel u, v and distance into the picture; colours (V, 3) float32, interpolated between
    corners; triangles (T, 3) int32. Updates depth (h, w) float32, infinite where empty, and image (h, w, 3) float32.
    """
    height, width = depth.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        edges = _edges(projected, a, b, c)
        if not edges[6] < 0:
            continue
        left, right, top, bottom = _box(edges, width, height)
        for v in range(top, bottom + 1):
            for u in range(left, right + 1):
                share_a, share_b, share_c = _shares(edges, u, v)
                if not (share_a >= 0 and share_b >= 0 and share_c >= 0):
                    continue
                z = share_a * projected[a, 2] + share_b * projected[b, 2] + share_c * projected[c, 2]
                if z < depth[v, u]:
                    depth[v, u] = z
                    for k in range(3):
                        image[v, u, k] = share_a * colours[a, k] + share_b * colours[b, k] + share_c * colours[c, k]


@kernel
def rasterise_rows(projected, triangles, both_sides, nearness, rows):
    """Draw which triangle is nearest at each pixel.

    projected (V, 3) float32: pixel u, v and nearness, which is affine in the picture: inverse depth, or minus the
    distance of an orthographic view; triangles (T, 3) int32, those that face away being left out unless both_sides.
    Updates nearness (h, w) float32, the least where empty, and rows (h, w) int32.
    """
    height, width = nearness.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        edges = _edges(projected, a, b, c)
        if not (edges[6] < 0 or (both_sides and edges[6] > 0)):
            continue
        wa, wb, wc = projected[a, 2], projected[b, 2], projected[c, 2]
        left, right, top, bottom = _box(edges, width, height)
        for v in range(top, bottom + 1):
            for u in range(left, right + 1):
                share_a, share_b, share_c = _shares(edges, u, v)
                if not (share_a >= 0 and share_b >= 0 and share_c >= 0):
                    continue
                w = wa + share_b * (wb - wa) + share_c * (wc - wa)
                if w > nearness[v, u]:
                    nearness[v, u] = w
                    rows[v, u] = t


@inline
def _edges(projected, a, b, c):
    """-> pixel u, v of corner a; steps from there to b and to c; cross product of these, negative where corners run
    counter-clockwise as seen"""
    ua, va = projected[a, 0], projected[a, 1]
    bu, bv = projected[b, 0] - ua, projected[b, 1] - va
    cu, cv = projected[c, 0] - ua, projected[c, 1] - va
    return ua, va, bu, bv, cu, cv, bu * cv - bv * cu


@inline
def _box(edges, width, height):
    """-> first and last column, first and last row of the pixels within a triangle's bounds"""
    ua, va, bu, bv, cu, cv, _ = edges
    left, right = math.ceil(max(ua + min(0, bu, cu), 0)), math.floor(min(ua + max(0, bu, cu), width - 1))
    top, bottom = math.ceil(max(va + min(0, bv, cv), 0)), math.floor(min(va + max(0, bv, cv), height - 1))
    return left, right, top, bottom


@inline
def _shares(edges, u, v):
    """-> barycentric coordinates of a pixel"""
    ua, va, bu, bv, cu, cv, area = edges
    du, dv = np.float32(u) - ua, np.float32(v) - va
    share_b, share_c = (du * cv - dv * cu) / area, (bu * dv - bv * du) / area
    return ONE - share_b - share_c, share_b, share_c
