"""Triangles into a picture, for views that need no camera model of their own."""

import math

import numpy as np

from slam.kernels.compile import kernel

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
        ua, va = projected[a, 0], projected[a, 1]
        bu, bv = projected[b, 0] - ua, projected[b, 1] - va
        cu, cv = projected[c, 0] - ua, projected[c, 1] - va
        area = bu * cv - bv * cu
        if not area < 0:
            continue
        left, right = math.ceil(max(ua + min(0, bu, cu), 0)), math.floor(min(ua + max(0, bu, cu), width - 1))
        top, bottom = math.ceil(max(va + min(0, bv, cv), 0)), math.floor(min(va + max(0, bv, cv), height - 1))
        for v in range(top, bottom + 1):
            for u in range(left, right + 1):
                du, dv = np.float32(u) - ua, np.float32(v) - va
                share_b, share_c = (du * cv - dv * cu) / area, (bu * dv - bv * du) / area
                share_a = ONE - share_b - share_c
                if not (share_a >= 0 and share_b >= 0 and share_c >= 0):
                    continue
                z = share_a * projected[a, 2] + share_b * projected[b, 2] + share_c * projected[c, 2]
                if z < depth[v, u]:
                    depth[v, u] = z
                    for k in range(3):
                        image[v, u, k] = share_a * colours[a, k] + share_b * colours[b, k] + share_c * colours[c, k]
