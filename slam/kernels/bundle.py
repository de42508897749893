"""Photometric residuals between the keyframes of a window, and their normal equations (Engel 2017, DSO, section 2).

A point lives in its host keyframe i at pixel (u, v) with inverse depth rho. Every pixel k of a small pattern around it
is looked up in another keyframe j:

    r_k = I_j(uv_k) - (gain (I_i,k - b_i) + b_j),    gain = exp(a_j - a_i)

Unknowns are, per keyframe, xi = (v, omega) applied on the left of T_cam_world, a and b; and rho. Intensity is linearised
at each pixel, geometry at the pattern's centre for all of them: dr/dx = (dI_j/duv) duv/dx. The motion of i acts
through the adjoint: T_j_i <- exp(xi_j) exp(-Ad(T_j_i) xi_i) T_j_i.
"""

import numpy as np

from slam.kernels.compile import inline, kernel

PATTERN = np.array([[0, 0], [-2, 0], [2, 0], [0, -2], [0, 2], [-1, -1], [1, -1], [-1, 1]], np.float64)
"""Pixels (du, dv) around a point: eight of the nine of Engel 2017, figure 4, pattern 8, the point itself among them."""
FRAME_UNKNOWNS = 8
HUBER = 1.345
UNSEEN = np.float32(-1)
"""In place of the cost of a point in a keyframe where it lies outside the image or behind the camera."""
MAX_COST = 8.0
"""Of one pixel while points are searched for: what is covered should not look worse than what is wrong."""
NEAR = 1e-3


@kernel
def search(points, host, values, weights, textures, pinhole, T, gains, biases, sigma, candidates, costs):
    """What points look like in other keyframes, were their inverse depth one of some candidates.

    points (N, 2) of u, v; host (N,); values, weights (N, P) of the pattern's pixels in the host; textures (K, h, w, 3);
    pinhole (4,); T (K, K, 3, 4) [i, j] = T_j_i; gains (K, K), biases (K,); sigma of intensity; candidates (N, C).
    Fills costs (N, C): the mean over the keyframes that see the point there, UNSEEN where none does.
    """
    for n in range(points.shape[0]):
        i = host[n]
        for c in range(candidates.shape[1]):
            total, seen = 0.0, 0
            for j in range(textures.shape[0]):
                if j == i:
                    continue
                cost = patch_cost(points[n], candidates[n, c], values[n], weights[n], textures[j], pinhole, T[i, j],
                                  gains[i, j], biases[i], biases[j], sigma)
                if cost >= 0:
                    total += cost
                    seen += 1
            costs[n, c] = np.float32(total / seen) if seen else UNSEEN


@inline
def patch_cost(point, rho, values, weights, texture, pinhole, T, gain, bias_i, bias_j, sigma):
    """Mean robust cost of a pattern in one keyframe, UNSEEN where it leaves the image."""
    total = 0.0
    for k in range(PATTERN.shape[0]):
        u, v, _, _, inv_z = projected(point[0] + PATTERN[k, 0], point[1] + PATTERN[k, 1], rho, pinhole, T)
        if not is_inside(u, v, inv_z, texture):
            return -1.0
        intensity, _, _ = looked_up(texture, u, v)
        cost, _ = robust((intensity - gain * (values[k] - bias_i) - bias_j) / sigma)
        total += weights[k] * min(cost, MAX_COST)
    return total / PATTERN.shape[0]


@kernel
def linearise(points, rho, host, values, weights, textures, pinhole, T, adjoints, gains, biases, sigma, max_cost,
              H, g, h_point, g_point, h_cross, costs):
    """One pass over all residuals; arguments as in `search`, and rho (N,), adjoints (K, K, 6, 6) [i, j] = Ad(T_j_i).

    Fills J'WJ and J'Wr: H (8K, 8K), g (8K,) of the keyframes; h_point, g_point (N,) of the points; h_cross (N, 8K)
    between them; and costs (N, K), UNSEEN where a point is not seen. What costs more than `max_cost` shows something
    else: it counts with that, and says nothing. Returns (sum of costs, residuals).
    """
    S, s, M, MS, of_pair = np.empty((4, 4)), np.empty(4), np.zeros((17, 4)), np.empty((17, 4)), np.empty(16, np.int64)
    H[:] = 0
    g[:] = 0
    h_point[:] = 0
    g_point[:] = 0
    h_cross[:] = 0
    total, count = 0.0, 0
    for n in range(points.shape[0]):
        i = host[n]
        for j in range(textures.shape[0]):
            costs[n, j] = UNSEEN
            if j == i:
                continue
            cost = accumulate(points[n], rho[n], values[n], weights[n], textures[j], pinhole, T[i, j], gains[i, j],
                              biases[i], biases[j], sigma, S, s)
            if cost < 0:
                continue
            costs[n, j] = np.float32(cost)
            total += min(cost, max_cost)
            count += 1
            if cost < max_cost:
                derivatives(points[n], rho[n], pinhole, T[i, j], adjoints[i, j], gains[i, j], M)
                for a in range(8):
                    of_pair[a], of_pair[8 + a] = 8 * i + a, 8 * j + a
                add(S, s, M, MS, of_pair, n, H, g, h_point, g_point, h_cross)
    return total, count


@inline
def accumulate(point, rho, values, weights, texture, pinhole, T, gain, bias_i, bias_j, sigma, S, s):
    """Products of q = d r / d (u, v, a_j, b_j) over the pattern: S = sum w q q', s = sum w q r. Returns the mean cost,
    UNSEEN where the pattern leaves the image."""
    S[:] = 0
    s[:] = 0
    total = 0.0
    for k in range(PATTERN.shape[0]):
        u, v, _, _, inv_z = projected(point[0] + PATTERN[k, 0], point[1] + PATTERN[k, 1], rho, pinhole, T)
        if not is_inside(u, v, inv_z, texture):
            return -1.0
        intensity, q0, q1 = looked_up(texture, u, v)
        expected = gain * (values[k] - bias_i)
        r = (intensity - expected - bias_j) / sigma
        cost, w = robust(r)
        total += weights[k] * cost
        w *= weights[k]
        q0, q1, q2, q3 = q0 / sigma, q1 / sigma, -expected / sigma, -1 / sigma
        S[0, 0] += w * q0 * q0
        S[0, 1] += w * q0 * q1
        S[0, 2] += w * q0 * q2
        S[0, 3] += w * q0 * q3
        S[1, 1] += w * q1 * q1
        S[1, 2] += w * q1 * q2
        S[1, 3] += w * q1 * q3
        S[2, 2] += w * q2 * q2
        S[2, 3] += w * q2 * q3
        S[3, 3] += w * q3 * q3
        s[0] += w * q0 * r
        s[1] += w * q1 * r
        s[2] += w * q2 * r
        s[3] += w * q3 * r
    for a in range(1, 4):
        for b in range(a):
            S[a, b] = S[b, a]
    return total / PATTERN.shape[0]


@inline
def derivatives(point, rho, pinhole, T, adjoint, gain, M):
    """Fills M (17, 4): d (u, v, a_j, b_j of the residual) / d (xi_i, a_i, b_i, xi_j, a_j, b_j, rho), transposed."""
    fx, fy = pinhole[0], pinhole[1]
    _, _, x, y, inv_z = projected(point[0], point[1], rho, pinhole, T)
    rho_j = rho * inv_z
    M[8, 0], M[9, 0], M[10, 0] = fx * rho_j, 0, -fx * x * rho_j
    M[11, 0], M[12, 0], M[13, 0] = -fx * x * y, fx * (1 + x * x), -fx * y
    M[8, 1], M[9, 1], M[10, 1] = 0, fy * rho_j, -fy * y * rho_j
    M[11, 1], M[12, 1], M[13, 1] = -fy * (1 + y * y), fy * x * y, fy * x
    for a in range(6):
        for b in range(2):
            total = 0.0
            for c in range(6):
                total -= adjoint[c, a] * M[8 + c, b]
            M[a, b] = total
    M[6, 2], M[14, 2] = -1, 1
    M[7, 3], M[15, 3] = -gain, 1
    M[16, 0] = fx * (T[0, 3] - x * T[2, 3]) * inv_z
    M[16, 1] = fy * (T[1, 3] - y * T[2, 3]) * inv_z


@inline
def add(S, s, M, MS, of_pair, n, H, g, h_point, g_point, h_cross):
    """M S M' and M s into the equations of two keyframes and point n."""
    for a in range(17):
        for b in range(4):
            MS[a, b] = M[a, 0] * S[0, b] + M[a, 1] * S[1, b] + M[a, 2] * S[2, b] + M[a, 3] * S[3, b]
    for a in range(16):
        g[of_pair[a]] += M[a, 0] * s[0] + M[a, 1] * s[1] + M[a, 2] * s[2] + M[a, 3] * s[3]
        for b in range(16):
            H[of_pair[a], of_pair[b]] += (MS[a, 0] * M[b, 0] + MS[a, 1] * M[b, 1] + MS[a, 2] * M[b, 2]
                                          + MS[a, 3] * M[b, 3])
        h_cross[n, of_pair[a]] += MS[a, 0] * M[16, 0] + MS[a, 1] * M[16, 1]
    h_point[n] += MS[16, 0] * M[16, 0] + MS[16, 1] * M[16, 1]
    g_point[n] += M[16, 0] * s[0] + M[16, 1] * s[1]


@inline
def projected(u, v, rho, pinhole, T):
    """Pixel and inverse depth in i -> u, v, x / z, y / z in j, and 1 / z for a ray of length 1 in i; 0 behind."""
    x, y = (u - pinhole[2]) / pinhole[0], (v - pinhole[3]) / pinhole[1]
    z = T[2, 0] * x + T[2, 1] * y + T[2, 2] + T[2, 3] * rho
    if z < NEAR:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    xj = (T[0, 0] * x + T[0, 1] * y + T[0, 2] + T[0, 3] * rho) / z
    yj = (T[1, 0] * x + T[1, 1] * y + T[1, 2] + T[1, 3] * rho) / z
    return pinhole[0] * xj + pinhole[2], pinhole[1] * yj + pinhole[3], xj, yj, 1 / z


@inline
def is_inside(u, v, inv_z, texture):
    return inv_z > 0 and u >= 1 and v >= 1 and u < texture.shape[1] - 2 and v < texture.shape[0] - 2


@inline
def looked_up(texture, u, v):
    """Bilinear intensity and its derivatives."""
    u0, v0 = int(u), int(v)
    du, dv = u - u0, v - v0
    w11 = du * dv
    w10, w01 = du - w11, dv - w11
    w00 = 1 - du - w01
    return (w00 * texture[v0, u0, 0] + w10 * texture[v0, u0 + 1, 0] + w01 * texture[v0 + 1, u0, 0]
            + w11 * texture[v0 + 1, u0 + 1, 0],
            w00 * texture[v0, u0, 1] + w10 * texture[v0, u0 + 1, 1] + w01 * texture[v0 + 1, u0, 1]
            + w11 * texture[v0 + 1, u0 + 1, 1],
            w00 * texture[v0, u0, 2] + w10 * texture[v0, u0 + 1, 2] + w01 * texture[v0 + 1, u0, 2]
            + w11 * texture[v0 + 1, u0 + 1, 2])


@inline
def robust(r):
    """Huber's cost of a residual in standard deviations, and its weight."""
    size = abs(r)
    return (0.5 * r * r, 1.0) if size < HUBER else (HUBER * (size - 0.5 * HUBER), HUBER / size)
