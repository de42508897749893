"""Colour and depth of every pixel from the triangles seen there: filtered textures times the baked light.

Textures are filtered as lens and pixels of a camera do it: between two mip levels, with several taps along the longer
axis of the pixel's footprint on surfaces seen at a slant. All three channels of a texel are weighed by one integer
multiplication, see TextureAtlas; coordinates are in 1/256 texel. What takes the whole `Look` is inlined: handing it to
a call costs several times the work itself, because numba then counts references for every pixel.
"""

from typing import NamedTuple

import numpy as np

from sequences.synthetic.rendering.compile import inline, kernel
from sequences.synthetic.rendering.texture_atlas import FIELD_BITS, HEIGHT, LAST, WIDTH

WEIGHT = 512
"""Sum of the integer weights of all texels behind one colour: what 9 bits hold."""
FAR = 1 << 24
"""Added to coordinates before they become integers, so that they are positive; a multiple of every texture's size."""
SCALE = 256.0 / 2.0 ** np.arange(LAST)
"""Texels of level 0 to 1/256 texel of each level."""
STEP_SQUARED = np.array([1.0, 0.25, 0.0625])
"""Square of the share of a footprint that each of 1, 2 or 4 taps stands for."""


class Look(NamedTuple):
    """What the kernels read of a room; see Surfaces and TextureAtlas."""

    patch_of_triangle: np.ndarray
    maps_of_point: np.ndarray
    patches: np.ndarray
    light: np.ndarray
    """(N, 3) float32 at the light nodes: radiance for a white texture."""
    texels: np.ndarray
    textures: np.ndarray


class Eye(NamedTuple):
    """The pinhole of the pixels and where it is; each pixel has samples x samples samples."""

    rotation: np.ndarray
    """(3, 3) float64 of T_world_cam."""
    centre_m: np.ndarray
    """(3,) float64."""
    fx: float
    fy: float
    cx: float
    cy: float
    samples: int


@kernel
def shade(look, eye, seen, inverse_depth, radiance, depth_m):
    """Fill `radiance` (H, W, 3) float32, linear, and `depth_m` (H, W) float32, z at pixel centres.

    `seen` (H * samples, W * samples) and `inverse_depth` come from `rasterise`. Takes one triangle for each pixel, the
    one at its centre.
    """
    pinhole = 1.0 / eye.fx, 1.0 / eye.fy, eye.cx, eye.cy
    n, middle = eye.samples, eye.samples // 2
    for v in range(depth_m.shape[0]):
        for u in range(depth_m.shape[1]):
            t = seen[v * n + middle, u * n + middle]
            if t < 0:
                depth_m[v, u] = radiance[v, u, 0] = radiance[v, u, 1] = radiance[v, u, 2] = 0.0
                continue
            depth_m[v, u], radiance[v, u, 0], radiance[v, u, 1], radiance[v, u, 2] = _z_and_colour(
                look, eye, pinhole, inverse_depth, t, float(u), float(v))


@kernel
def soften_edges(look, eye, seen, inverse_depth, radiance):
    """Where the samples of a pixel see several patches, set its `radiance` to the mean over the triangles they see."""
    pinhole = 1.0 / eye.fx, 1.0 / eye.fy, eye.cx, eye.cy
    n = eye.samples
    for v in range(radiance.shape[0]):
        for u in range(radiance.shape[1]):
            if _sees_one_patch(look.patch_of_triangle, seen, u, v, n):
                continue
            radiance[v, u, 0] = radiance[v, u, 1] = radiance[v, u, 2] = 0.0
            done = 0
            for first in range(n * n):
                t = seen[v * n + first // n, u * n + first % n]
                if done >> first & 1 or t < 0:
                    continue
                done, share, du, dv = _same_triangle(seen, u, v, n, first, done)
                _, red, green, blue = _z_and_colour(look, eye, pinhole, inverse_depth, t, u + du, v + dv)
                radiance[v, u, 0] += share * red
                radiance[v, u, 1] += share * green
                radiance[v, u, 2] += share * blue


@kernel
def _sees_one_patch(patch_of_triangle, seen, u, v, n):
    first = seen[v * n, u * n]
    for i in range(v * n, v * n + n):
        for j in range(u * n, u * n + n):
            other = seen[i, j]
            if other != first and (first < 0 or other < 0 or patch_of_triangle[other] != patch_of_triangle[first]):
                return False
    return True


@kernel
def _same_triangle(seen, u, v, n, first, done):
    """The samples of a pixel that see what sample `first` sees: added to the bit set `done`, share, middle (du, dv)."""
    count, row, column = 0, 0, 0
    for k in range(first, n * n):
        if seen[v * n + k // n, u * n + k % n] == seen[v * n + first // n, u * n + first % n]:
            done |= 1 << k
            count, row, column = count + 1, row + k // n, column + k % n
    return done, count / (n * n), (column / count + 0.5) / n - 0.5, (row / count + 0.5) / n - 0.5


@inline
def _z_and_colour(look, eye, pinhole, inverse_depth, triangle, u, v):
    """z in metres and radiance (red, green, blue) of one triangle at pixel position (u, v).

    Texture coordinates are affine in the point hit, and the derivatives of that point along a row and a column follow
    from those of z on the triangle's plane.
    """
    patch_of_triangle, maps, patches, light, texels, textures = look
    R, centre, samples = eye.rotation, eye.centre_m, eye.samples
    t = np.uint64(triangle)
    per_fx, per_fy, cx, cy = pinhole
    half = 0.5 * (samples - 1)
    z = 1.0 / (inverse_depth[t, 0] * (u * samples + half) + inverse_depth[t, 1] * (v * samples + half)
               + inverse_depth[t, 2])
    dz_du, dz_dv = -z * z * inverse_depth[t, 0] * samples, -z * z * inverse_depth[t, 1] * samples
    zx, zy = z * per_fx, z * per_fy
    x, y = (u - cx) * per_fx, (v - cy) * per_fy
    r0, r1, r2 = (R[0, 0] * x + R[0, 1] * y + R[0, 2], R[1, 0] * x + R[1, 1] * y + R[1, 2],
                  R[2, 0] * x + R[2, 1] * y + R[2, 2])
    p0, p1, p2 = centre[0] + z * r0, centre[1] + z * r1, centre[2] + z * r2
    a0, a1, a2 = dz_du * r0 + zx * R[0, 0], dz_du * r1 + zx * R[1, 0], dz_du * r2 + zx * R[2, 0]
    b0, b1, b2 = dz_dv * r0 + zy * R[0, 1], dz_dv * r1 + zy * R[1, 1], dz_dv * r2 + zy * R[2, 1]
    s0, s1, s2, t0, t1, t2 = maps[t, 0, 0], maps[t, 0, 1], maps[t, 0, 2], maps[t, 1, 0], maps[t, 1, 1], maps[t, 1, 2]
    patch = np.uint64(patch_of_triangle[t])
    red, green, blue = _reflectance(
        texels, textures, np.uint64(patches[patch, 0]),
        s0 * p0 + s1 * p1 + s2 * p2 + maps[t, 0, 3], t0 * p0 + t1 * p1 + t2 * p2 + maps[t, 1, 3],
        s0 * a0 + s1 * a1 + s2 * a2, t0 * a0 + t1 * a1 + t2 * a2,
        s0 * b0 + s1 * b1 + s2 * b2, t0 * b0 + t1 * b1 + t2 * b2)
    light_red, light_green, light_blue = _light(
        light, patches[patch, 1], patches[patch, 2], patches[patch, 3],
        maps[t, 2, 0] * p0 + maps[t, 2, 1] * p1 + maps[t, 2, 2] * p2 + maps[t, 2, 3],
        maps[t, 3, 0] * p0 + maps[t, 3, 1] * p1 + maps[t, 3, 2] * p2 + maps[t, 3, 3])
    return z, red * light_red, green * light_green, blue * light_blue


@inline
def _light(light, start, columns, rows, column, row):
    """Baked light (3,) between the four nodes around a place on a patch."""
    column = min(max(column, 0.0), columns - 1.0)
    row = min(max(row, 0.0), rows - 1.0)
    i, j = min(int(column), columns - 2), min(int(row), rows - 2)
    a, b = column - i, row - j
    m = np.uint64(start + j * columns + i)
    n = m + np.uint64(columns)
    m1, n1 = m + np.uint64(1), n + np.uint64(1)
    w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
    return (w00 * light[m, 0] + w01 * light[m1, 0] + w10 * light[n, 0] + w11 * light[n1, 0],
            w00 * light[m, 1] + w01 * light[m1, 1] + w10 * light[n, 1] + w11 * light[n1, 1],
            w00 * light[m, 2] + w01 * light[m1, 2] + w10 * light[n, 2] + w11 * light[n1, 2])


@inline
def _reflectance(texels, textures, texture, s, t, ds_du, dt_du, ds_dv, dt_dv):
    """Texture (3,) around texel coordinates (s, t), averaged over a pixel with the given derivatives."""
    along_u, along_v = ds_du * ds_du + dt_du * dt_du, ds_dv * ds_dv + dt_dv * dt_dv
    if along_u > along_v:
        major, step_s, step_t = along_u, ds_du, dt_du
    else:
        major, step_s, step_t = along_v, ds_dv, dt_dv
    area = ds_du * dt_dv - ds_dv * dt_du
    minor = area * area / (major + 1e-12)
    halvings = 2 if major > 25 * minor else 1 if major > 5 * minor else 0
    along = major * STEP_SQUARED[halvings]
    # between the blur of the longer side and the flicker of the shorter one: their geometric mean
    level = min(max(0.25 * _log2(along * max(minor, 0.1 * along)), 0.0), float(textures[texture, LAST]))
    finer = int(level)
    # two levels are blended in the middle half of the way between them only: elsewhere one is enough
    coarse = int((WEIGHT >> halvings) * min(max(2 * (level - finer) - 0.5, 0.0), 1.0))
    fine = (WEIGHT >> halvings) - coarse
    bits_i, bits_j = textures[texture, WIDTH] - finer, textures[texture, HEIGHT] - finer
    start, coarse_start = textures[texture, np.uint64(finer)], textures[texture, np.uint64(finer + 1)]
    scale = SCALE[np.uint64(finer)]
    i, j = int(s * scale + FAR) - 128, int(t * scale + FAR) - 128
    di, dj = int(step_s * scale) >> halvings, int(step_t * scale) >> halvings
    taps = 1 << halvings
    i, j = i - (di * (taps - 1) >> 1), j - (dj * (taps - 1) >> 1)
    total = np.uint64(0)
    for _ in range(taps):
        total += _four_texels(texels, start, bits_i, bits_j, i, j, fine)
        if coarse > 0:
            total += _four_texels(texels, coarse_start, bits_i - 1, bits_j - 1, (i + 128 >> 1) - 128,
                                  (j + 128 >> 1) - 128, coarse)
        i, j = i + di, j + dj
    mask, unit = (1 << FIELD_BITS) - 1, 1.0 / (4095 * WEIGHT)
    packed = np.int64(total)
    return (packed >> 2 * FIELD_BITS & mask) * unit, (packed >> FIELD_BITS & mask) * unit, (packed & mask) * unit


@kernel
def _log2(x):
    """Binary logarithm from the bits of a float32, straight between powers of two: 0.09 too small at worst."""
    bits = np.float32(x + 1e-12).view(np.int32)
    return (bits >> 23) - 127 + (bits & 0x7FFFFF) * (1.0 / 0x800000)


@inline
def _four_texels(texels, start, bits_i, bits_j, i, j, weight):
    """Packed sum of the texels around (i, j), in 1/256 texel of a mip level, with weights that add up to `weight`."""
    mask_i, mask_j = (1 << bits_i) - 1, (1 << bits_j) - 1
    upper, lower = start + ((j >> 8 & mask_j) << bits_i), start + (((j >> 8) + 1 & mask_j) << bits_i)
    left, right = i >> 8 & mask_i, (i >> 8) + 1 & mask_i
    a, b = i & 255, j & 255
    w11 = a * b * weight >> 16
    w01, w10 = (a * weight >> 8) - w11, (b * weight >> 8) - w11
    w00 = weight - w01 - w10 - w11
    return (texels[np.uint64(upper + left)] * np.uint64(w00) + texels[np.uint64(upper + right)] * np.uint64(w01)
            + texels[np.uint64(lower + left)] * np.uint64(w10) + texels[np.uint64(lower + right)] * np.uint64(w11))
