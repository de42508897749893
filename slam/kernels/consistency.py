"""Do other depth maps see what this one says is there?"""

import numpy as np

from slam.kernels.compile import kernel

NEAR = np.float32(1e-3)
ONE, ZERO, HALF = np.float32(1), np.float32(0), np.float32(0.5)


@kernel
def count_votes(inverse_depth, others, T_other_key, pinhole, tolerance, agree, oppose):
    """Votes of S other depth maps for and against each pixel of a keyframe's.

    inverse_depth (h, w) and others (S, h, w) in 1/m, 0 where unknown, of the same pinhole (fx, fy, cx, cy); T_other_key
    (S, 3, 4); all float32. Fills agree, oppose (h, w) uint8: in how many others a pixel's point lies where depth is the
    same up to the relative tolerance, and in how many it floats in front of that. One that lies behind is hidden there:
    no vote.
    """
    height, width = inverse_depth.shape
    fx, fy, cx, cy = pinhole
    agree[:] = 0
    oppose[:] = 0
    for v in range(height):
        y = (np.float32(v) - cy) / fy
        for u in range(width):
            rho = inverse_depth[v, u]
            if rho <= 0:
                continue
            x = (np.float32(u) - cx) / fx
            for s in range(others.shape[0]):
                T = T_other_key[s]
                z = T[2, 0] * x + T[2, 1] * y + T[2, 2] + T[2, 3] * rho
                if z < NEAR:
                    continue
                inv_z = ONE / z
                uj = int(fx * inv_z * (T[0, 0] * x + T[0, 1] * y + T[0, 2] + T[0, 3] * rho) + cx + HALF)
                vj = int(fy * inv_z * (T[1, 0] * x + T[1, 1] * y + T[1, 2] + T[1, 3] * rho) + cy + HALF)
                if uj < 0 or vj < 0 or uj >= width or vj >= height:
                    continue
                ratio = others[s, vj, uj] * z / rho
                if ratio <= ZERO:
                    continue
                if ratio < ONE - tolerance:
                    oppose[v, u] += 1
                elif ratio <= ONE + tolerance:
                    agree[v, u] += 1
