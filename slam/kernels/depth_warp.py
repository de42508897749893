"""A depth map as another one says it is: seen from the same pixels, through another camera."""

import numpy as np

from slam.kernels.compile import kernel

ONE, NONE = np.float32(1), np.float32(0)
NEAR = np.float32(1e-3)
ITERATIONS = 2
"""Steps towards the point in which a pixel's ray meets the other surface: predictions are smooth and cameras close."""


@kernel
def warp_depth(assumed, other, pinhole, T_other_key, warped):
    """Inverse depth of a keyframe's pixels where their rays meet the surface that another depth map shows.

    assumed (h, w) of the keyframe, where the search begins, and other (h, w) in 1/m, 0 where unknown, both of pinhole
    (fx, fy, cx, cy); T_other_key (3, 4); all float32. Fills warped (h, w) float32, 0 where the other does not show it.

    The point at inverse depth rho on the pixel's ray has the depth that the other map shows where it sees the point:
    (R ray)_z / rho + t_z = 1 / other(projection), solved for rho with the projection of the last rho. Inverse depth is
    linear across a plane, so interpolation is exact there.
    """
    height, width = assumed.shape
    fx, fy, cx, cy = pinhole
    T = T_other_key
    for v in range(height):
        y = (np.float32(v) - cy) / fy
        for u in range(width):
            x = (np.float32(u) - cx) / fx
            rho = assumed[v, u]
            X, Y = T[0, 0] * x + T[0, 1] * y + T[0, 2], T[1, 0] * x + T[1, 1] * y + T[1, 2]
            Z = T[2, 0] * x + T[2, 1] * y + T[2, 2]
            for _ in range(ITERATIONS):
                depth = Z + T[2, 3] * rho
                if rho <= NONE or depth < NEAR:
                    rho = NONE
                    break
                uj, vj = fx * (X + T[0, 3] * rho) / depth + cx, fy * (Y + T[1, 3] * rho) / depth + cy
                if not (uj >= 0 and vj >= 0 and uj < width - 1 and vj < height - 1):
                    rho = NONE
                    break
                i, j = int(vj), int(uj)
                a, b = uj - np.float32(j), vj - np.float32(i)
                seen = min(min(other[i, j], other[i, j + 1]), min(other[i + 1, j], other[i + 1, j + 1]))
                if seen <= NONE:
                    rho = NONE
                    break
                there = ((ONE - b) * ((ONE - a) * other[i, j] + a * other[i, j + 1])
                         + b * ((ONE - a) * other[i + 1, j] + a * other[i + 1, j + 1]))
                rho = Z * there / (ONE - T[2, 3] * there)
            warped[v, u] = rho
