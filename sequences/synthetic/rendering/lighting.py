"""Light at the nodes of all surfaces: straight from windows, lamps and sun, and from other surfaces by one bounce.

Rays are cast in hashed directions: the same room always gets the same light.
"""

from typing import NamedTuple

import numpy as np

from sequences.synthetic.rendering.bvh import FAR_M, trace
from sequences.synthetic.rendering.compile import kernel

WINDOW, LAMP, SUN = 0, 1, 2
"""Kinds of light, the first number of each row of lights; see shapes.light.Light."""
SIDE = 3
"""SIDE x SIDE shadow rays go to each window, one fewer along each side to smaller lights."""
BOUNCE_RAY_COUNT = 24
"""Rays that each node sends out to see the light on other surfaces."""


class Nodes(NamedTuple):
    """Where light is baked."""

    points_m: np.ndarray
    """(N, 3) float32."""
    normals: np.ndarray
    """(N, 3) float32 unit normals."""


class Reflectors(NamedTuple):
    """The surfaces as rays from elsewhere see them. T triangles in the order of Bvh.corners, P patches, N nodes."""

    direct: np.ndarray
    """(N, 3) float32 light straight from the sources at each node."""
    maps: np.ndarray
    """(T, 2, 4) float32: times (x, y, z, 1) this gives column and row in the patch's grid of nodes."""
    patch_of_triangle: np.ndarray
    """(T,) int32."""
    patches: np.ndarray
    """(P, 4) int32, see Surfaces."""
    reflectance_of_patch: np.ndarray
    """(P, 3) float32."""
    ambient: np.ndarray
    """(3,) float32 light of second and later bounces far from other surfaces."""


@kernel
def direct_light(bvh, nodes, lights, is_glass, out, start, stop):
    """Light that reaches nodes start..stop straight from the sources, into `out` (N, 3).

    `lights` (L, 13) float32 holds the rows of Lights; `is_glass` (T,) bool the triangles that let the sun in.
    """
    points, normals = nodes
    low, high, first, count, corners = bvh.low, bvh.high, bvh.first, bvh.count, bvh.corners
    stack, toward = np.empty(64, np.int32), np.empty(3, np.float32)
    for i in range(start, stop):
        x, y, z = _lifted(points, normals, i)
        for k in range(lights.shape[0]):
            total = 0.0
            side = SIDE if lights[k, 0] == WINDOW else SIDE - 1
            for sample in range(side * side):
                a = (sample % side + _random(i, k, 2 * sample)) / side
                b = (sample // side + _random(i, k, 2 * sample + 1)) / side
                share, reach = _share(lights[k], a, b, x, y, z, normals[i], toward)
                if share <= 0.0:
                    continue
                sun = lights[k, 0] == SUN
                _, hit = trace(low, high, first, count, corners, stack, not sun, reach, x, y, z,
                               toward[0], toward[1], toward[2])
                if hit < 0 or (sun and is_glass[hit]):
                    total += share
            for c in range(3):
                out[i, c] += np.float32(total / (side * side)) * lights[k, 10 + c]


@kernel
def _share(light, a, b, x, y, z, normal, toward):
    """Factor on a light's colour for one of its points, chosen by (a, b) in [0, 1]^2, and how far a ray may travel.

    `toward` (3,) receives the vector to that point.
    """
    if light[0] == SUN:
        toward[0], toward[1], toward[2] = light[4] + 0.02 * (a - 0.5), light[5] + 0.02 * (b - 0.5), light[6]
        return toward[0] * normal[0] + toward[1] * normal[1] + toward[2] * normal[2], FAR_M
    dx, dy, dz = light[1] - x, light[2] - y, light[3] - z
    gain = 1.0
    if light[0] == WINDOW:
        dx += a * light[4] + b * light[7]
        dy += a * light[5] + b * light[8]
        dz += a * light[6] + b * light[9]
        nx, ny, nz = (light[5] * light[9] - light[6] * light[8], light[6] * light[7] - light[4] * light[9],
                      light[4] * light[8] - light[5] * light[7])
        gain = -(nx * dx + ny * dy + nz * dz) / np.sqrt(dx * dx + dy * dy + dz * dz)
    else:
        height, turn = 2 * a - 1, 2 * np.pi * b
        ring = np.sqrt(1 - height * height)
        dx, dy, dz = dx + light[4] * ring * np.cos(turn), dy + light[4] * ring * np.sin(turn), dz + light[4] * height
    toward[0], toward[1], toward[2] = dx, dy, dz
    square = max(dx * dx + dy * dy + dz * dz, 0.02)
    cosine = (normal[0] * dx + normal[1] * dy + normal[2] * dz) / np.sqrt(square)
    share = gain * max(cosine, 0.0) / (np.pi * square)
    # close to a window one point of it may not stand for the whole
    return min(share, 1.5) if light[0] == WINDOW else share, np.float32(0.99)


@kernel
def bounced_light(bvh, nodes, reflectors, out, start, stop):
    """Light that reaches nodes start..stop from other surfaces, into `out` (N, 3).

    One bounce is followed; later ones are a constant that fades where the next surface is near, as in corners.
    """
    low, high, first, count, corners = bvh.low, bvh.high, bvh.first, bvh.count, bvh.corners
    points, normals = nodes
    direct, maps, patch_of_triangle, patches, reflectance_of_patch, ambient = reflectors
    stack = np.empty(64, np.int32)
    for i in range(start, stop):
        x, y, z = _lifted(points, normals, i)
        shift_a, shift_b = _random(i, 0, 0), _random(i, 1, 0)
        for k in range(BOUNCE_RAY_COUNT):
            dx, dy, dz = _around(normals[i], (k + shift_a) / BOUNCE_RAY_COUNT, (k * 0.6180339887 + shift_b) % 1.0)
            t, hit = trace(low, high, first, count, corners, stack, False, FAR_M, x, y, z, dx, dy, dz)
            if hit < 0:
                continue
            patch = patch_of_triangle[hit]
            node = _node(maps[hit], patches[patch], x + t * dx, y + t * dy, z + t * dz)
            for c in range(3):
                arriving = direct[node, c] + ambient[c] * t / (t + np.float32(0.3))
                out[i, c] += reflectance_of_patch[patch, c] * arriving / BOUNCE_RAY_COUNT


@kernel
def _lifted(points, normals, i):
    """A node 2 mm off its surface, so that its rays do not start inside it."""
    lift = np.float32(0.002)
    return points[i, 0] + lift * normals[i, 0], points[i, 1] + lift * normals[i, 1], points[i, 2] + lift * normals[i, 2]


@kernel
def _around(normal, a, b):
    """Direction about a normal with density in proportion to the cosine, from (a, b) in [0, 1]^2."""
    sign = np.float32(1.0) if normal[2] >= 0 else np.float32(-1.0)
    c = -1 / (sign + normal[2])
    d = normal[0] * normal[1] * c
    r, w = np.sqrt(a), np.sqrt(max(1 - a, 0.0))
    p, q = r * np.cos(2 * np.pi * b), r * np.sin(2 * np.pi * b)
    return (np.float32(p * (1 + sign * normal[0] * normal[0] * c) + q * d + w * normal[0]),
            np.float32(p * sign * d + q * (sign + normal[1] * normal[1] * c) + w * normal[1]),
            np.float32(-p * sign * normal[0] - q * normal[1] + w * normal[2]))


@kernel
def _node(maps, patch, x, y, z):
    """The light node nearest to a point on a patch."""
    column = maps[0, 0] * x + maps[0, 1] * y + maps[0, 2] * z + maps[0, 3]
    row = maps[1, 0] * x + maps[1, 1] * y + maps[1, 2] * z + maps[1, 3]
    return (patch[1] + min(max(int(row + 0.5), 0), patch[3] - 1) * patch[2]
            + min(max(int(column + 0.5), 0), patch[2] - 1))


@kernel
def _random(i, j, k):
    """A number in [0, 1) from three integers."""
    # numba widens products of 32-bit numbers to 64 bits: cut back after each
    h = np.uint32(np.uint32(i) * np.uint32(0x9E3779B1) ^ np.uint32(j) * np.uint32(0x85EBCA77)
                  ^ np.uint32(k) * np.uint32(0xC2B2AE3D))
    h = np.uint32((h ^ h >> np.uint32(15)) * np.uint32(0x2C1B3C6D))
    h = np.uint32((h ^ h >> np.uint32(12)) * np.uint32(0x297A2D39))
    return np.uint32(h ^ h >> np.uint32(15)) * (1.0 / 4294967296.0)


@kernel
def smooth(light, patches):
    """Filter every patch's grid of nodes by 1 2 1 along both directions, in place; takes out the noise of sampling."""
    for p in range(patches.shape[0]):
        start, columns, rows = patches[p, 1], patches[p, 2], patches[p, 3]
        grid = light[start:start + columns * rows].copy()
        for i in range(rows):
            for j in range(columns):
                left, right = max(j - 1, 0), min(j + 1, columns - 1)
                for c in range(3):
                    total = np.float32(0)
                    for step in range(-1, 2):
                        row = min(max(i + step, 0), rows - 1) * columns
                        across = grid[row + left, c] + 2 * grid[row + j, c] + grid[row + right, c]
                        total += (2 - abs(step)) * across
                    light[start + i * columns + j, c] = total / 16
