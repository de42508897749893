"""Slow float64 versions of the kernels, written from the formulas and sharing no code with them."""

from functools import lru_cache

import numpy as np

from calib.geometry import se3


def interpolate(image, u, v):
    """Bilinear value of (h, w) at one position."""
    u0, v0 = int(np.floor(u)), int(np.floor(v))
    du, dv = u - u0, v - v0
    return ((1 - du) * (1 - dv) * image[v0, u0] + du * (1 - dv) * image[v0, u0 + 1]
            + (1 - du) * dv * image[v0 + 1, u0] + du * dv * image[v0 + 1, u0 + 1])


def photometric_residual(point, image, camera, T_cam_key, affine):
    """I_live(uv) - (exp(a) I_key + b) of one column of a point table, or None outside the image."""
    p_cam = T_cam_key[:3, :3] @ point[:3] + T_cam_key[:3, 3]
    if p_cam[2] <= 0:
        return None
    u, v = camera.project(p_cam)
    if not (1 <= u < camera.width - 2 and 1 <= v < camera.height - 2):
        return None
    return interpolate(image, u, v) - (np.exp(affine[0]) * point[3] + affine[1])


def geometric_residual(point, inverse_depth, camera, T_cam_key, edge_ratio=1.05):
    """rho_live(uv) - 1 / z_cam of one column of a point table, or None across a depth edge."""
    p_cam = T_cam_key[:3, :3] @ point[:3] + T_cam_key[:3, 3]
    u, v = camera.project(p_cam)
    around = inverse_depth[int(v):int(v) + 2, int(u):int(u) + 2]
    if around.max() > around.min() * edge_ratio:
        return None
    return interpolate(inverse_depth, u, v) - 1 / p_cam[2]


def derivative(residual, T, affine, step=1e-5):
    """Central differences of residual(T, affine) along xi, applied on the left of T, and (a, b) -> (8,)."""
    out = np.zeros(8)
    for k in range(8):
        dx = np.zeros(8)
        dx[k] = step
        plus = residual(se3.exp(dx[:6]) @ T, affine + dx[6:])
        minus = residual(se3.exp(-dx[:6]) @ T, affine - dx[6:])
        out[k] = (plus - minus) / (2 * step)
    return out


def huber(deviation, limit=1.345, cut=6.0):
    """-> (weight, cost) of a residual over its standard deviation; beyond `cut` weight 0 and constant cost."""
    size = abs(deviation)
    if size <= limit:
        return 1.0, 0.5 * size**2
    capped = min(size, cut)
    return (limit / size if size <= cut else 0.0), limit * (capped - 0.5 * limit)


def pattern_residuals(point, rho, values, pattern, image, camera, T_j_i, gain, bias_i, bias_j):
    """I_j(uv_k) - (gain (I_i,k - b_i) + b_j) of a point's pattern (P, 2) -> (P,), or None outside the image.
    Geometry as at the pattern's centre would need derivatives; here every pixel has its own ray."""
    out = []
    for (du, dv), value in zip(pattern, values):
        ray = np.array([(point[0] + du - camera.cx) / camera.fx, (point[1] + dv - camera.cy) / camera.fy, 1])
        p_cam = T_j_i[:3, :3] @ ray + T_j_i[:3, 3] * rho
        u, v = camera.project(p_cam)
        if p_cam[2] <= 1e-3 or not (1 <= u < camera.width - 2 and 1 <= v < camera.height - 2):
            return None
        out.append(interpolate(image, u, v) - (gain * (value - bias_i) + bias_j))
    return np.array(out)


def window_dissimilarity(gray, inverse_depth, pixel, factor, camera, other, T_other_key, reach=2, min_variance=0.0):
    """One minus the correlation of the window around a pixel (u, v) and of what another image shows where each of its
    pixels lies at inverse_depth * factor; None where the other image does not show the pixel itself, -1 where both
    windows are plainer than min_variance."""
    height, width = gray.shape
    here, there = [], []
    for dv in range(-reach, reach + 1):
        for du in range(-reach, reach + 1):
            u, v = pixel[0] + du, min(max(pixel[1] + dv, 0), height - 1)
            ray = np.array([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, 1])
            p = T_other_key[:3, :3] @ ray + T_other_key[:3, 3] * inverse_depth[v, u] * factor
            uj, vj = camera.project(p)
            if du == dv == 0 and not (p[2] > 0 and 0 <= uj <= width - 1 and 0 <= vj <= height - 1):
                return None
            here.append(gray[v, u])
            there.append(interpolate(np.pad(other, ((0, 1), (0, 1)), "edge"), np.clip(uj, 0, width - 1),
                                     np.clip(vj, 0, height - 1)))
    noise = (2 / 255) ** 2
    if max(np.var(here), np.var(there)) + noise < min_variance:
        return -1
    covariance = np.mean(np.multiply(here, there)) - np.mean(here) * np.mean(there)
    return min(1 - covariance / np.sqrt((np.var(here) + noise) * (np.var(there) + noise)), 1)


def semi_global(costs, stiffness, small, large):
    """Sums over eight directions of Hirschmueller 2008, eq. 13, in float64; costs (h, w, D)."""
    height, width, D = costs.shape
    steps = np.abs(np.arange(D)[:, None] - np.arange(D))

    @lru_cache(None)
    def path(v, u, dv, du):
        before = v - dv, u - du
        if not (0 <= before[0] < height and 0 <= before[1] < width):
            return costs[v, u].astype(float)
        last, stiff = path(*before, dv, du), min(stiffness[v, u], stiffness[before])
        penalty = np.where(steps == 0, 0, np.where(steps == 1, int(stiff * small), int(stiff * large)))
        return costs[v, u] + (last + penalty).min(1) - last.min()

    directions = [(dv, du) for dv in (-1, 0, 1) for du in (-1, 0, 1) if dv or du]
    return np.array([[sum(path(v, u, *direction) for direction in directions) for u in range(width)]
                     for v in range(height)])
