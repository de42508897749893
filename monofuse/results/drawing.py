"""Coloured triangles and how to draw them from far away."""

from typing import NamedTuple

import numpy as np
import trimesh
from trimesh.visual import ColorVisuals

from slam.kernels.rasterise import rasterise
from slam.mapping.surfels import Surfels

MAX_SURFELS_DRAWN = 400_000
TILE_RADII = 1.2
"""Half the side of the square that stands for a surfel, in its radii: a little overlap leaves no gaps."""


class Surface(NamedTuple):
    """Coloured triangles in the world."""

    points: np.ndarray
    """(V, 3) in the world, metres."""
    normals: np.ndarray
    """(V, 3), unit."""
    colours: np.ndarray
    """(V, 3) in 0..255."""
    triangles: np.ndarray
    """(T, 3) int32 rows of `points`, counter-clockwise seen from the front."""


class Viewpoint(NamedTuple):
    """An orthographic view."""

    axes: np.ndarray
    """(3, 3): right, down and into the picture as rows, in the world."""
    centre: np.ndarray
    """(3,) world point in the middle of the picture."""
    m_per_px: float
    size: tuple[int, int]
    """(height, width) of the picture."""

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) world points -> (..., 3): pixel u, v and metres into the picture from its centre."""
        local = (points - self.centre) @ self.axes.T
        local[..., :2] /= self.m_per_px
        local[..., :2] += (np.array(self.size[::-1]) - 1) / 2
        return local


def mesh_surface(mesh: trimesh.Trimesh) -> Surface:
    """Mesh with vertex colours -> Surface."""
    assert isinstance(mesh.visual, ColorVisuals)
    return Surface(np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals),
                   np.asarray(mesh.visual.vertex_colors)[:, :3], np.asarray(mesh.faces, np.int32))


def surfel_surface(surfels: Surfels, T_world_key: np.ndarray) -> Surface:
    """Stable surfels, keyframes standing at T_world_key (K, 4, 4), as squares; of very many only some, drawn larger."""
    rows = surfels.select(surfels.config.stable_confidence)
    step = -(-len(rows) // MAX_SURFELS_DRAWN) or 1
    rows = rows[::step]
    points, normals = surfels.world_points(rows, T_world_key)
    helper = np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]])
    right = np.cross(helper, normals)
    right *= (TILE_RADII * np.sqrt(step) * surfels.arrays.radius[rows] / np.linalg.norm(right, axis=1))[:, None]
    up = np.cross(normals, right)
    corners = np.stack([points - right - up, points + right - up, points + right + up, points - right + up], 1)
    triangles = 4 * np.arange(len(rows), dtype=np.int32)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Surface(corners.reshape(-1, 3), np.repeat(normals, 4, 0), np.repeat(surfels.arrays.colour[rows], 4, 0),
                   triangles.reshape(-1, 3))


def draw(surface: Surface, look: Viewpoint, background: np.ndarray, supersampling: int = 2) -> np.ndarray:
    """The front of a surface, lit from the viewer, over a plain background (3,) -> (h, w, 3) float32 in 0..255."""
    height, width = look.size
    fine = look._replace(m_per_px=look.m_per_px / supersampling, size=(supersampling * height, supersampling * width))
    shade = 0.55 + 0.45 * np.abs(surface.normals @ look.axes[2])
    image = np.empty((*fine.size, 3), np.float32)
    image[:] = background
    rasterise(fine.pixels(surface.points).astype(np.float32), (surface.colours * shade[:, None]).astype(np.float32),
              surface.triangles, np.full(fine.size, np.inf, np.float32), image)
    return image.reshape(height, supersampling, width, supersampling, 3).mean((1, 3))
