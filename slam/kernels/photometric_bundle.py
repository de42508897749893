"""Photometric residuals between the keyframes of a window, and their normal equations (Engel 2017, DSO, section 2).

A point lives in its host keyframe i at pixel (u, v) with inverse depth rho. Every pixel k of a small pattern around it
is looked up in another keyframe j:

    r_k = I_j(uv_k) - (gain (I_i,k - b_i) + b_j),    gain = exp(a_j - a_i)

Unknowns are, per keyframe, xi = (v, omega) applied on the left of T_cam_world, a and b; and rho. Intensity is
linearised at each pixel, geometry at the pattern's centre for all of them: dr/dx = (dI_j/duv) duv/dx. A residual
depends on its two keyframes through y = (xi, a, b) of j against i alone, so equations are summed in y for each pair,
and `spread` turns them into those of keyframes: dy/d(keyframe j) = 1, dy/d(keyframe i) = -diag(Ad(T_j_i), 1, gain).
"""

from typing import NamedTuple

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


class Patches(NamedTuple):
    """What points look like in their hosts, at one pyramid level."""

    pixels: np.ndarray
    """(N, 2) float64 u, v at this level."""
    host: np.ndarray
    """(N,) int64 keyframe of the window."""
    values: np.ndarray
    """(N, P) float64 intensities of the pattern's pixels."""
    weights: np.ndarray
    """(N, P) float64 weights of the pattern's pixels."""


class WindowImages(NamedTuple):
    """The window's K keyframes at one pyramid level."""

    textures: np.ndarray
    """(K, h, w, 3) float32: intensity in [0, 1], and its derivatives along u and v per pixel."""
    pinhole: np.ndarray
    """(4,) float64: fx, fy, cx, cy in pixels."""
    sigma: float
    """Standard deviation of intensity."""


class KeyframePairs(NamedTuple):
    """Poses and brightness of the window's K keyframes against each other."""

    T_j_i: np.ndarray
    """(K, K, 3, 4) float64 at [i, j]."""
    adjoints: np.ndarray
    """(K, K, 6, 6) float64 Ad(T_j_i) at [i, j]."""
    gains: np.ndarray
    """(K, K) float64 exp(a_j - a_i) at [i, j]."""
    biases: np.ndarray
    """(K,) float64 b of each keyframe."""


class WindowEquations(NamedTuple):
    """J'WJ and J'Wr of K keyframes and N points, float64."""

    H: np.ndarray
    """(8K, 8K) of the keyframes."""
    g: np.ndarray
    """(8K,) of the keyframes."""
    h_point: np.ndarray
    """(N,) diagonal of the points."""
    g_point: np.ndarray
    """(N,) of the points."""
    h_cross: np.ndarray
    """(N, 8K) between points and keyframes."""

    @classmethod
    def empty(cls, keyframe_count: int, point_count: int) -> "WindowEquations":
        """Room for the equations of K keyframes and N points, not filled in."""
        D = FRAME_UNKNOWNS * keyframe_count
        return cls(np.empty((D, D)), np.empty(D), np.empty(point_count), np.empty(point_count),
                   np.empty((point_count, D)))


class Relation(NamedTuple):
    """Keyframe j as seen from keyframe i: numbers, since a slice of an array costs more than the arithmetic."""

    T_j_i: tuple
    """The twelve entries of T_j_i (3, 4), row by row."""
    gain: float
    bias_i: float
    bias_j: float


@kernel
def search(patches, images, pairs, candidates, costs):
    """What points look like in other keyframes, were their inverse depth one of some candidates.

    patches: Patches of N points; images: WindowImages; pairs: KeyframePairs; candidates (N, C) float64, 1/m. Fills
    costs (N, C) float32: the mean over the keyframes that see the point there, UNSEEN where none does.
    """
    textures = images.textures
    seen = np.empty(candidates.shape[1], np.int64)
    for n in range(candidates.shape[0]):
        i = patches.host[n]
        seen[:] = 0
        costs[n] = 0
        for j in range(textures.shape[0]):
            if j == i:
                continue
            relation = relation_of(pairs, i, j)
            for c in range(candidates.shape[1]):
                cost = patch_cost(patches, n, candidates[n, c], images, j, relation)
                if cost >= 0:
                    costs[n, c] += np.float32(cost)
                    seen[c] += 1
        for c in range(candidates.shape[1]):
            costs[n, c] = costs[n, c] / np.float32(seen[c]) if seen[c] else UNSEEN


@inline
def patch_cost(patches, n, rho, images, j, relation):
    """Mean robust cost of point n at inverse depth rho in keyframe j, UNSEEN where its pattern leaves the image."""
    pixels, _, values, weights = patches
    textures, pinhole, sigma = images
    t, gain, bias_i, bias_j = relation
    u, v = pixels[n, 0], pixels[n, 1]
    total = 0.0
    for k in range(PATTERN.shape[0]):
        uj, vj, _, _, inv_z = projected(u + PATTERN[k, 0], v + PATTERN[k, 1], rho, pinhole, t)
        if not is_inside(uj, vj, inv_z, textures):
            return -1.0
        u0, v0 = int(uj), int(vj)
        du, dv = uj - u0, vj - v0
        intensity = bilinear(textures, j, u0, v0, 0, du, dv)
        cost, _ = robust((intensity - gain * (values[n, k] - bias_i) - bias_j) / sigma)
        total += weights[n, k] * min(cost, MAX_COST)
    return total / PATTERN.shape[0]


@kernel
def linearise(patches, rho, images, pairs, max_cost, equations, costs):
    """Normal equations of one pass over all residuals.

    patches: Patches of N points at inverse depths rho (N,) float64; images: WindowImages of K keyframes; pairs:
    KeyframePairs. Fills equations, WindowEquations, and costs (N, K) float32, UNSEEN where a point is not seen. What
    costs more than `max_cost` shows something else: it counts with that, and is left out of the equations.
    Returns (sum of costs, residuals).
    """
    points, host, textures, pinhole = patches.pixels, patches.host, images.textures, images.pinhole
    H, g, h_point, g_point, h_cross = equations
    K = textures.shape[0]
    H_pair, g_pair = np.zeros((K, K, 8, 8)), np.zeros((K, K, 8))
    S, s, P, cross = np.empty((4, 4)), np.empty(4), np.empty((7, 2)), np.empty(8)
    h_point[:] = 0
    g_point[:] = 0
    h_cross[:] = 0
    total, count = 0.0, 0
    for n in range(points.shape[0]):
        i = host[n]
        for j in range(K):
            costs[n, j] = UNSEEN
            if j == i:
                continue
            relation = relation_of(pairs, i, j)
            cost = pattern_products(patches, n, rho[n], images, j, relation, S, s)
            if cost < 0:
                continue
            costs[n, j] = np.float32(cost)
            total += min(cost, max_cost)
            count += 1
            if cost < max_cost:
                derivatives(points[n, 0], points[n, 1], rho[n], pinhole, relation.T_j_i, P)
                du_drho, dv_drho = P[6, 0], P[6, 1]
                add_pair(S, s, P, i, j, H_pair, g_pair)
                h_point[n] += (S[0, 0] * du_drho + 2 * S[0, 1] * dv_drho) * du_drho + S[1, 1] * dv_drho * dv_drho
                g_point[n] += s[0] * du_drho + s[1] * dv_drho
                add_cross(S, P, pairs, i, j, n, cross, h_cross)
    spread(H_pair, g_pair, pairs, H, g)
    return total, count


@kernel
def eliminate(equations, first, reduced, gradient):
    """WindowEquations without the points and without unknowns before `first` (Schur complement).

    Fills reduced (D, D) = H - C' C / h and gradient (D,) = g - C' g_point / h, float64. A loop of our own: on small
    matrices BLAS threads only contend.
    """
    H, g, h_point, g_point, h_cross = equations
    D = H.shape[0]
    for a in range(first, D):
        gradient[a - first] = g[a]
        for b in range(first, D):
            reduced[a - first, b - first] = H[a, b]
    for n in range(h_point.shape[0]):
        inverse = 1 / h_point[n]
        for a in range(first, D):
            share = h_cross[n, a] * inverse
            if share == 0:
                continue
            gradient[a - first] -= share * g_point[n]
            for b in range(a, D):
                reduced[a - first, b - first] -= share * h_cross[n, b]
    for a in range(D - first):
        for b in range(a):
            reduced[a, b] = reduced[b, a]


@inline
def pattern_products(patches, n, rho, images, j, relation, S, s):
    """Products of q = d r / d (u, v, a_j, b_j) over the pattern: S = sum w q q', s = sum w q r. Returns the mean cost,
    UNSEEN where the pattern leaves the image."""
    pixels, _, values, weights = patches
    textures, pinhole, sigma = images
    t, gain, bias_i, bias_j = relation
    u, v = pixels[n, 0], pixels[n, 1]
    s00 = s01 = s02 = s03 = s11 = s12 = s13 = s22 = s23 = s33 = r0 = r1 = r2 = r3 = total = 0.0
    inv_sigma = 1 / sigma
    for k in range(PATTERN.shape[0]):
        uj, vj, _, _, inv_z = projected(u + PATTERN[k, 0], v + PATTERN[k, 1], rho, pinhole, t)
        if not is_inside(uj, vj, inv_z, textures):
            return -1.0
        u0, v0 = int(uj), int(vj)
        du, dv = uj - u0, vj - v0
        expected = gain * (values[n, k] - bias_i)
        r = (bilinear(textures, j, u0, v0, 0, du, dv) - expected - bias_j) * inv_sigma
        q0 = bilinear(textures, j, u0, v0, 1, du, dv) * inv_sigma
        q1 = bilinear(textures, j, u0, v0, 2, du, dv) * inv_sigma
        q2, q3 = -expected * inv_sigma, -inv_sigma
        cost, w = robust(r)
        total += weights[n, k] * cost
        w *= weights[n, k]
        w0, w1, w2, w3 = w * q0, w * q1, w * q2, w * q3
        s00, s01, s02, s03 = s00 + w0 * q0, s01 + w0 * q1, s02 + w0 * q2, s03 + w0 * q3
        s11, s12, s13 = s11 + w1 * q1, s12 + w1 * q2, s13 + w1 * q3
        s22, s23, s33 = s22 + w2 * q2, s23 + w2 * q3, s33 + w3 * q3
        r0, r1, r2, r3 = r0 + w0 * r, r1 + w1 * r, r2 + w2 * r, r3 + w3 * r
    S[0, 0], S[0, 1], S[0, 2], S[0, 3] = s00, s01, s02, s03
    S[1, 0], S[1, 1], S[1, 2], S[1, 3] = s01, s11, s12, s13
    S[2, 2], S[2, 3], S[3, 2], S[3, 3] = s22, s23, s23, s33
    s[0], s[1], s[2], s[3] = r0, r1, r2, r3
    return total / PATTERN.shape[0]


@inline
def derivatives(u, v, rho, pinhole, t, P):
    """Fills P (7, 2): d (u_j, v_j) / d (xi, rho), transposed."""
    fx, fy = pinhole[0], pinhole[1]
    _, _, x, y, inv_z = projected(u, v, rho, pinhole, t)
    rho_j = rho * inv_z
    P[0, 0], P[1, 0], P[2, 0] = fx * rho_j, 0, -fx * x * rho_j
    P[3, 0], P[4, 0], P[5, 0] = -fx * x * y, fx * (1 + x * x), -fx * y
    P[0, 1], P[1, 1], P[2, 1] = 0, fy * rho_j, -fy * y * rho_j
    P[3, 1], P[4, 1], P[5, 1] = -fy * (1 + y * y), fy * x * y, fy * x
    P[6, 0], P[6, 1] = fx * (t[3] - x * t[11]) * inv_z, fy * (t[7] - y * t[11]) * inv_z


@inline
def add_pair(S, s, P, i, j, H_pair, g_pair):
    """The equations of one point in y, upper triangle."""
    for a in range(6):
        p0, p1 = P[a, 0], P[a, 1]
        m0, m1 = p0 * S[0, 0] + p1 * S[0, 1], p0 * S[0, 1] + p1 * S[1, 1]
        for b in range(a, 6):
            H_pair[i, j, a, b] += m0 * P[b, 0] + m1 * P[b, 1]
        H_pair[i, j, a, 6] += p0 * S[0, 2] + p1 * S[1, 2]
        H_pair[i, j, a, 7] += p0 * S[0, 3] + p1 * S[1, 3]
        g_pair[i, j, a] += p0 * s[0] + p1 * s[1]
    H_pair[i, j, 6, 6] += S[2, 2]
    H_pair[i, j, 6, 7] += S[2, 3]
    H_pair[i, j, 7, 7] += S[3, 3]
    g_pair[i, j, 6] += s[2]
    g_pair[i, j, 7] += s[3]


@inline
def add_cross(S, P, pairs, i, j, n, cross, h_cross):
    """What ties point n to its two keyframes."""
    du_drho, dv_drho = P[6, 0], P[6, 1]
    m0, m1 = S[0, 0] * du_drho + S[0, 1] * dv_drho, S[0, 1] * du_drho + S[1, 1] * dv_drho
    for a in range(6):
        cross[a] = P[a, 0] * m0 + P[a, 1] * m1
    cross[6] = S[0, 2] * du_drho + S[1, 2] * dv_drho
    cross[7] = S[0, 3] * du_drho + S[1, 3] * dv_drho
    for a in range(8):
        h_cross[n, 8 * j + a] += cross[a]
    for a in range(6):
        through = 0.0
        for b in range(6):
            through += pairs.adjoints[i, j, b, a] * cross[b]
        h_cross[n, 8 * i + a] -= through
    h_cross[n, 8 * i + 6] -= cross[6]
    h_cross[n, 8 * i + 7] -= pairs.gains[i, j] * cross[7]


@inline
def spread(H_pair, g_pair, pairs, H, g):
    """Equations in y of all pairs -> H (8K, 8K), g (8K,) of the keyframes."""
    H[:] = 0
    g[:] = 0
    G, GH = np.zeros((8, 8)), np.empty((8, 8))
    for i in range(H_pair.shape[0]):
        for j in range(H_pair.shape[0]):
            if i == j:
                continue
            for a in range(8):
                for b in range(a):
                    H_pair[i, j, a, b] = H_pair[i, j, b, a]
            for a in range(6):
                for b in range(6):
                    G[a, b] = pairs.adjoints[i, j, a, b]
            G[6, 6], G[7, 7] = 1, pairs.gains[i, j]
            for a in range(8):
                for b in range(8):
                    total = 0.0
                    for c in range(8):
                        total += G[c, a] * H_pair[i, j, c, b]
                    GH[a, b] = total
            for a in range(8):
                for b in range(8):
                    total = 0.0
                    for c in range(8):
                        total += GH[a, c] * G[c, b]
                    H[8 * i + a, 8 * i + b] += total
                    H[8 * j + a, 8 * j + b] += H_pair[i, j, a, b]
                    H[8 * i + a, 8 * j + b] -= GH[a, b]
                    H[8 * j + b, 8 * i + a] -= GH[a, b]
                    g[8 * i + a] -= G[b, a] * g_pair[i, j, b]
                g[8 * j + a] += g_pair[i, j, a]


@inline
def relation_of(pairs, i, j):
    """Relation of keyframes i and j."""
    T = pairs.T_j_i
    t = (T[i, j, 0, 0], T[i, j, 0, 1], T[i, j, 0, 2], T[i, j, 0, 3], T[i, j, 1, 0], T[i, j, 1, 1], T[i, j, 1, 2],
         T[i, j, 1, 3], T[i, j, 2, 0], T[i, j, 2, 1], T[i, j, 2, 2], T[i, j, 2, 3])
    return Relation(t, pairs.gains[i, j], pairs.biases[i], pairs.biases[j])


@inline
def projected(u, v, rho, pinhole, t):
    """Pixel and inverse depth in i -> u, v, x / z, y / z in j, and 1 / z for a ray of length 1 in i; 0 behind."""
    x, y = (u - pinhole[2]) / pinhole[0], (v - pinhole[3]) / pinhole[1]
    z = t[8] * x + t[9] * y + t[10] + t[11] * rho
    if z < NEAR:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    inv_z = 1 / z
    xj = (t[0] * x + t[1] * y + t[2] + t[3] * rho) * inv_z
    yj = (t[4] * x + t[5] * y + t[6] + t[7] * rho) * inv_z
    return pinhole[0] * xj + pinhole[2], pinhole[1] * yj + pinhole[3], xj, yj, inv_z


@inline
def is_inside(u, v, inv_z, textures):
    return inv_z > 0 and u >= 1 and v >= 1 and u < textures.shape[2] - 2 and v < textures.shape[1] - 2


@inline
def bilinear(textures, j, u0, v0, channel, du, dv):
    top = textures[j, v0, u0, channel] + du * (textures[j, v0, u0 + 1, channel] - textures[j, v0, u0, channel])
    below = textures[j, v0 + 1, u0, channel] + du * (textures[j, v0 + 1, u0 + 1, channel]
                                                     - textures[j, v0 + 1, u0, channel])
    return top + dv * (below - top)


@inline
def robust(r):
    """Huber's cost of a residual in standard deviations, and its weight."""
    size = abs(r)
    return (0.5 * r * r, 1.0) if size < HUBER else (HUBER * (size - 0.5 * HUBER), HUBER / size)
