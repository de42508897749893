"""Which triangle every sample of an image sees: homogeneous rasterisation (Olano and Greer 1997) with a z buffer.

Edge functions are evaluated on rays instead of projected corners, so triangles that reach behind the camera need no
clipping. For primary rays this takes a small part of the time of casting them.
"""

from typing import NamedTuple

import numpy as np

from sequences.synthetic.rendering.compile import kernel

ROUNDING = 1e-6
"""Spans are widened by this many samples, so that rounding opens no crack between neighbours."""


class Grid(NamedTuple):
    """The pinhole of a grid of samples."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float


class Shell(NamedTuple):
    """What the rasteriser reads of a room; see Surfaces."""

    vertices_m: np.ndarray
    triangles: np.ndarray
    first_triangle: np.ndarray
    sphere_of_patch: np.ndarray


@kernel
def rasterise(shell, grid, T_cam_world, inverse_depth, nearest, seen):
    """Fill `nearest` (h, w) float32 with 1/z and `seen` (h, w) int32 with the triangle at each sample, -1 for none.

    `inverse_depth` (T, 3) float64 receives for every drawn triangle the coefficients (a, b, c) of 1/z = a u + b v + c
    over the samples.
    """
    nearest[:] = 0.0
    seen[:] = -1
    corners, edges = np.empty((3, 3)), np.empty((3, 3))
    for patch in range(shell.sphere_of_patch.shape[0]):
        if _sphere_outside(shell.sphere_of_patch[patch], grid, T_cam_world):
            continue
        for t in range(shell.first_triangle[patch], shell.first_triangle[patch + 1]):
            for k in range(3):
                _transform(T_cam_world, shell.vertices_m[shell.triangles[t, k]], corners[k])
            if _set_up(corners, grid, edges, inverse_depth[t]):
                _draw(t, corners, edges, inverse_depth[t], grid, nearest, seen)


@kernel
def _transform(T, point, out):
    for k in range(3):
        out[k] = T[k, 0] * point[0] + T[k, 1] * point[1] + T[k, 2] * point[2] + T[k, 3]


@kernel
def _sphere_outside(sphere, grid, T):
    """True where a sphere (centre, radius) in the room lies wholly outside the viewing pyramid."""
    x = T[0, 0] * sphere[0] + T[0, 1] * sphere[1] + T[0, 2] * sphere[2] + T[0, 3]
    y = T[1, 0] * sphere[0] + T[1, 1] * sphere[1] + T[1, 2] * sphere[2] + T[1, 3]
    z = T[2, 0] * sphere[0] + T[2, 1] * sphere[1] + T[2, 2] * sphere[2] + T[2, 3]
    radius = sphere[3]
    left, right = (grid.cx + 0.5) / grid.fx, (grid.width - 0.5 - grid.cx) / grid.fx
    above, below = (grid.cy + 0.5) / grid.fy, (grid.height - 0.5 - grid.cy) / grid.fy
    return (z < -radius or -x - left * z > radius * np.sqrt(1 + left * left)
            or x - right * z > radius * np.sqrt(1 + right * right)
            or -y - above * z > radius * np.sqrt(1 + above * above)
            or y - below * z > radius * np.sqrt(1 + below * below))


@kernel
def _set_up(corners, grid, edges, plane):
    """Edge functions and 1/z of a triangle as coefficients over samples; False where it is seen from behind.

    With r the ray through a sample and a, b, c the corners, the barycentric weights of the hit are r.(b x c),
    r.(c x a), r.(a x b), all over det(a, b, c), whose sign says which side of the triangle is seen.
    """
    a0, a1, a2 = corners[0, 0], corners[0, 1], corners[0, 2]
    p0, p1, p2 = corners[1, 0] - a0, corners[1, 1] - a1, corners[1, 2] - a2
    q0, q1, q2 = corners[2, 0] - a0, corners[2, 1] - a1, corners[2, 2] - a2
    n0, n1, n2 = p1 * q2 - p2 * q1, p2 * q0 - p0 * q2, p0 * q1 - p1 * q0
    distance = n0 * a0 + n1 * a1 + n2 * a2
    if distance >= 0.0:
        return False
    plane[0], plane[1] = n0 / (distance * grid.fx), n1 / (distance * grid.fy)
    plane[2] = n2 / distance - plane[0] * grid.cx - plane[1] * grid.cy
    for k in range(3):
        b, c = corners[(k + 1) % 3], corners[(k + 2) % 3]
        edges[k, 0] = (b[2] * c[1] - b[1] * c[2]) / grid.fx
        edges[k, 1] = (b[0] * c[2] - b[2] * c[0]) / grid.fy
        edges[k, 2] = (b[1] * c[0] - b[0] * c[1]) - edges[k, 0] * grid.cx - edges[k, 1] * grid.cy
    return True


@kernel
def _draw(t, corners, edges, plane, grid, nearest, seen):
    """Write triangle t into every sample where it is in front of what is there."""
    top, bottom = _rows(corners, grid)
    for v in range(top, bottom):
        first, last = _span(edges, v, grid.width)
        start = plane[1] * v + plane[2]
        for u in range(first, last + 1):
            value = np.float32(start + plane[0] * u)
            # without a branch, so that the compiler can vectorise
            in_front = value > nearest[v, u]
            nearest[v, u] = value if in_front else nearest[v, u]
            seen[v, u] = t if in_front else seen[v, u]


@kernel
def _rows(corners, grid):
    """First row and one past the last row that a triangle can cover; all rows where it reaches behind the camera."""
    lowest, highest = 1e30, -1e30
    for k in range(3):
        if corners[k, 2] < 1e-3:
            return 0, grid.height
        v = corners[k, 1] / corners[k, 2] * grid.fy + grid.cy
        lowest, highest = min(lowest, v), max(highest, v)
    return int(max(0.0, np.ceil(lowest - ROUNDING))), int(min(grid.height - 1.0, np.floor(highest + ROUNDING))) + 1


@kernel
def _span(edges, v, width):
    """First and last sample of row v inside all three edges."""
    first, last = 0.0, width - 1.0
    for k in range(3):
        slope, value = edges[k, 0], edges[k, 1] * v + edges[k, 2]
        if slope > 0.0:
            first = max(first, -value / slope - ROUNDING)
        elif slope < 0.0:
            last = min(last, -value / slope + ROUNDING)
        elif value < 0.0:
            return 1, 0
    return int(np.ceil(first)), int(np.floor(last))
