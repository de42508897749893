"""Marching cubes as a table (Lorensen and Cline 1987): the triangles in a cube, by which of its corners are inside.

Corners are numbered by bits: corner c is at (c & 1, c >> 1 & 1, c >> 2 & 1). The table follows from one rule, which
both cubes at a face apply alike, so that no cracks come about: where two inside corners of a face lie across from each
other, the surface separates them.
"""

import functools

import numpy as np

EDGES = tuple((corner, axis) for corner in range(8) for axis in range(3) if not corner >> axis & 1)
"""The twelve edges of a cube: from a corner along an axis."""
FACES = tuple(tuple((side << axis) | (a << (axis + 1) % 3) | (b << (axis + 2) % 3)
                    for a, b in (((0, 0), (1, 0), (1, 1), (0, 1)) if side else ((0, 0), (0, 1), (1, 1), (1, 0))))
              for axis in range(3) for side in (0, 1))
"""The corners of the six faces, counter-clockwise seen from outside the cube."""


@functools.cache
def cube_cases() -> tuple[np.ndarray, np.ndarray]:
    """-> (256,) int8 numbers of triangles and (256, T, 3) int8 rows of EDGES that their corners lie on. Bit c of a
    case says that corner c is inside. Counter-clockwise seen from outside the surface. Not to be changed."""
    found = [_triangles(case) for case in range(256)]
    table = np.zeros((256, max(map(len, found)), 3), np.int8)
    for case, triangles in enumerate(found):
        table[case, :len(triangles)] = np.reshape(triangles, (-1, 3))
    return np.array([len(triangles) for triangles in found], np.int8), table


def _triangles(case):
    """Each loop of cut edges as a fan."""
    following = dict(segment for face in FACES for segment in _segments(face, case))
    triangles = []
    while following:
        start, here = following.popitem()
        loop = [start]
        while here != start:
            loop.append(here)
            here = following.pop(here)
        triangles += [(loop[0], loop[k], loop[k + 1]) for k in range(1, len(loop) - 1)]
    return triangles


def _segments(face, case):
    """Where the surface meets a face: from the edge on which its border enters the inside to that where it leaves."""
    entered = [k for k in range(4) if _is_inside(face[k], case) and not _is_inside(face[k - 1], case)]
    for k in entered:
        last = next(n for n in range(k, k + 4) if not _is_inside(face[(n + 1) % 4], case))
        yield _edge(face[k - 1], face[k]), _edge(face[last % 4], face[(last + 1) % 4])


def _is_inside(corner, case):
    return case >> corner & 1


def _edge(a, b):
    return EDGES.index((min(a, b), (a ^ b).bit_length() - 1))
