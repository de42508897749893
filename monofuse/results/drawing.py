"""Coloured triangles and how to draw them from far away."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from slam.kernels.rasterise import rasterise, rasterise_rows
from slam.mapping.surfels import Surfels
from slam.meshing.coloured_mesh import colours_of
from slam.texturing.rendering import texture_at
from slam.texturing.texture import TexturedMesh

if TYPE_CHECKING:
    import trimesh

MAX_SURFELS_DRAWN = 400_000
TILE_RADII = 1.2
"""Half the side of the square that stands for a surfel, in its radii: a little overlap leaves no gaps."""
MIN_COSINE = 0.2
"""Of the angle between a surface and the view: less counts as this, since a sliver shows nothing."""


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

    def resized(self, size: tuple[int, int]) -> Viewpoint:
        """The same view as a picture of (height, width)."""
        return self._replace(m_per_px=self.m_per_px * self.size[0] / size[0], size=size)


def mesh_surface(mesh: trimesh.Trimesh) -> Surface:
    """Mesh with vertex colours -> Surface."""
    return Surface(np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals), colours_of(mesh),
                   np.asarray(mesh.faces, np.int32))


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
    fine = look.resized((supersampling * look.size[0], supersampling * look.size[1]))
    image = np.empty((*fine.size, 3), np.float32)
    image[:] = background
    colours = surface.colours * _shade(surface.normals, look)[:, None]
    rasterise(fine.pixels(surface.points).astype(np.float32), colours.astype(np.float32), surface.triangles,
              np.full(fine.size, np.inf, np.float32), image)
    return _averaged(image, look.size)


def draw_textured(mesh: TexturedMesh, look: Viewpoint, background: np.ndarray, supersampling: int = 2) -> np.ndarray:
    """The front of a textured mesh over a plain background (3,) -> (h, w, 3) float32 in 0..255, not lit: the photos
    were."""
    fine = look.resized((supersampling * look.size[0], supersampling * look.size[1]))
    corners, rows = _seen(mesh.vertices, mesh.triangles, fine)
    image = texture_at(mesh, corners, rows, is_perspective=False)
    image[rows < 0] = background
    return _averaged(image, look.size)


def seen_area_m2(surface: Surface, look: Viewpoint) -> float:
    """Area of the surface whose front a view shows."""
    _, rows = _seen(surface.points, surface.triangles, look)
    seen = surface.triangles[rows[rows >= 0]]
    cosine = np.abs(surface.normals[seen[:, 0]] @ look.axes[2])
    return float((1 / np.maximum(cosine, MIN_COSINE)).sum() * look.m_per_px**2)


def _seen(points, triangles, look):
    """-> corners (V, 3) float32: pixel u, v and nearness; (h, w) int32 rows of the triangles seen, -1 for none"""
    corners = (look.pixels(np.asarray(points, np.float64)) * (1, 1, -1)).astype(np.float32)
    rows = np.full(look.size, -1, np.int32)
    rasterise_rows(corners, triangles, False, np.full(look.size, -np.inf, np.float32), rows)
    return corners, rows


def _shade(normals, look):
    return 0.55 + 0.45 * np.abs(normals @ look.axes[2])


def _averaged(image, size):
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
