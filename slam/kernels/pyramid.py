"""Image pyramids and what the tracker samples from them."""

import numpy as np

from slam.kernels.compile import kernel


@kernel
def gradient_texture(gray, out):
    """Fills out (h, w, 3) float32 from gray (h, w) float32: intensity, d/du, d/dv by central differences."""
    height, width = gray.shape
    half = np.float32(0.5)
    for v in range(height):
        above, below = max(v - 1, 0), min(v + 1, height - 1)
        for u in range(width):
            left, right = max(u - 1, 0), min(u + 1, width - 1)
            out[v, u, 0] = gray[v, u]
            out[v, u, 1] = (gray[v, right] - gray[v, left]) * half
            out[v, u, 2] = (gray[below, u] - gray[above, u]) * half


@kernel
def halve_inverse_depth(fine, edge_ratio, out):
    """Fills out (h, w) float32 with inverse depth at half the resolution of fine (2h, 2w) float32.

    The mean of the nearest surface in each 2x2 block, 0 where half is missing. Averaging across a depth edge would
    invent a surface in mid-air, so only values within `edge_ratio` of the nearest are taken.
    """
    for v in range(out.shape[0]):
        for u in range(out.shape[1]):
            block = (fine[2 * v, 2 * u], fine[2 * v, 2 * u + 1], fine[2 * v + 1, 2 * u], fine[2 * v + 1, 2 * u + 1])
            lower = max(max(block[0], block[1]), max(block[2], block[3])) / edge_ratio
            total, count = np.float32(0), 0
            for value in block:
                if value > 0 and value >= lower:
                    total += value
                    count += 1
            out[v, u] = total / np.float32(count) if count >= 2 else np.float32(0)


@kernel
def resample_inverse_depth(depth_m, source, target, edge_ratio, out):
    """Fills out (h, w) float32 with inverse depth on the grid of another camera.

    depth_m (H, W) float32 of pinhole `source`, onto the grid of pinhole `target` (each fx, fy, cx, cy float32).
    Bilinear in inverse depth, in which planes are linear; the nearest pixel where a depth edge (neighbours that differ
    by more than edge_ratio) or a hole is near.
    """
    height, width = depth_m.shape
    for v in range(out.shape[0]):
        y = ((v - target[3]) / target[1]) * source[1] + source[3]
        for u in range(out.shape[1]):
            x = ((u - target[2]) / target[0]) * source[0] + source[2]
            out[v, u] = np.float32(0)
            u0, v0 = int(np.floor(x)), int(np.floor(y))
            if -1 <= u0 < width and -1 <= v0 < height:
                a = depth_m[max(v0, 0), max(u0, 0)]
                b = depth_m[max(v0, 0), min(u0 + 1, width - 1)]
                c = depth_m[min(v0 + 1, height - 1), max(u0, 0)]
                d = depth_m[min(v0 + 1, height - 1), min(u0 + 1, width - 1)]
                near, far = min(min(a, b), min(c, d)), max(max(a, b), max(c, d))
                du, dv = x - u0, y - v0
                if near > 0 and far <= near * edge_ratio:
                    out[v, u] = (1 - dv) * ((1 - du) / a + du / b) + dv * ((1 - du) / c + du / d)
                else:
                    nearest = (b if du > 0.5 else a) if dv <= 0.5 else (d if du > 0.5 else c)
                    if nearest > 0 and np.isfinite(nearest):
                        out[v, u] = 1 / nearest
