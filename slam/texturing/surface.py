"""The mesh as texturing sees it, and the images that it is painted from."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from calib.geometry.camera import Camera
from slam.kernels.rasterise import rasterise_rows
from slam.kernels.texture import Graph


class Photo(NamedTuple):
    """An image of known pose."""

    read: Callable[[], np.ndarray]
    """-> (H, W, 3) uint8, of the size of `camera`; called several times."""
    T_world_key: np.ndarray
    """(4, 4)"""
    camera: Camera
    """Pinhole."""


class Surface(NamedTuple):
    """Coloured triangles in the world."""

    vertices: np.ndarray
    """(V, 3) float64, metres."""
    triangles: np.ndarray
    """(T, 3) int32, counter-clockwise seen from the front."""
    colours: np.ndarray
    """(V, 3) float32 in 0..255."""

    @property
    def corners(self) -> np.ndarray:
        """(T, 3, 3) positions of each triangle's corners."""
        return self.vertices[self.triangles]


def projected(vertices: np.ndarray, T_world_cam: np.ndarray, camera: Camera) -> np.ndarray:
    """(V, 3) world -> (V, 3) float32: pixel u, v and inverse depth, which is not positive behind the camera"""
    p_cam = (vertices - T_world_cam[:3, 3]) @ T_world_cam[:3, :3]
    z = np.where(np.abs(p_cam[:, 2]) > 1e-6, p_cam[:, 2], 1e-6)
    return np.column_stack([p_cam[:, 0] / z * camera.fx + camera.cx, p_cam[:, 1] / z * camera.fy + camera.cy,
                            1 / z]).astype(np.float32)


def seen_rows(projected: np.ndarray, triangles: np.ndarray, size: tuple[int, int], both_sides: bool = True
              ) -> tuple[np.ndarray, np.ndarray]:
    """-> (h, w) int32 rows of the triangles that are seen, -1 where none is, and (h, w) float32 inverse depth, 0 there

    projected (V, 3) as of `projected`; triangles that reach behind the camera are left out.
    """
    nearness, rows = np.zeros(size, np.float32), np.full(size, -1, np.int32)
    in_front = np.flatnonzero((projected[triangles, 2] > 0).all(1)).astype(np.int32)
    rasterise_rows(projected, triangles[in_front], both_sides, nearness, rows)
    return np.where(rows >= 0, in_front[rows] if len(in_front) else -1, -1).astype(np.int32), nearness


def graph_of(surface: Surface, kept: np.ndarray) -> Graph:
    """Neighbours across the edges of the `kept` (T,) triangles; a seam costs its length over the mean length of edges

    Where more than two triangles share an edge, two are neighbours."""
    rows = np.flatnonzero(kept)
    directed = np.concatenate([surface.triangles[rows][:, [k, (k + 1) % 3]] for k in range(3)])
    owner, side = np.tile(rows, 3), np.repeat(np.arange(3), len(rows))
    edges = np.sort(directed, 1).astype(np.int64)
    key = edges[:, 0] * len(surface.vertices) + edges[:, 1]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    same = same[np.diff(same, prepend=-2) > 1]
    first, second = order[same], order[same + 1]
    length_m = np.linalg.norm(np.subtract(*surface.vertices[directed[first]].swapaxes(0, 1)), axis=1)
    shape = len(surface.triangles), 3
    graph = Graph(np.full(shape, -1, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.float32))
    for a, b in ((first, second), (second, first)):
        graph.neighbour[owner[a], side[a]], graph.slot[owner[a], side[a]] = owner[b], side[b]
        graph.weight[owner[a], side[a]] = length_m / max(length_m.mean(), 1e-9) if len(length_m) else 0
    return graph
