"""All patches of a room as flat arrays: triangles, texture coordinates, and the nodes at which light is baked."""

from dataclasses import dataclass

import numpy as np

from sequences.synthetic.materials.texture import Texture
from sequences.synthetic.shapes.patch import Patch, cross


@dataclass(frozen=True)
class Surfaces:
    """Arrays that the compiled kernels read. T triangles, P patches, N light nodes; the frame is the room's."""

    vertices_m: np.ndarray
    """(V, 3) float64."""
    triangles: np.ndarray
    """(T, 3) int32, counter-clockwise where seen from the front; only the front is ever drawn."""
    patch_of_triangle: np.ndarray
    """(T,) int32, ascending."""
    maps_of_point: np.ndarray
    """(T, 4, 4) float32: times (x, y, z, 1) this gives texture coordinates in texels and column and row in the patch's
    grid of light nodes."""
    first_triangle: np.ndarray
    """(P + 1,) int32: the triangles of patch p are first_triangle[p] to first_triangle[p + 1] - 1."""
    sphere_of_patch: np.ndarray
    """(P, 4) float64 centre and radius in metres of a sphere around each patch."""
    patches: np.ndarray
    """(P, 4) int32: texture, first light node, columns and rows of nodes, which are stored row by row. Textures count
    in the order in which `pack_surfaces` was given them."""
    tint_of_patch: np.ndarray
    """(P, 3) float32 factor on reflectance."""
    emission_of_patch: np.ndarray
    """(P,) float32."""
    node_m: np.ndarray
    """(N, 3) float32."""
    node_normal: np.ndarray
    """(N, 3) float32."""


def pack_surfaces(patches: list[Patch], textures: dict[str, Texture], node_spacing_m: float) -> Surfaces:
    """Patches and the textures they name (a dict of Texture, in the order of the atlas) -> Surfaces."""
    names = list(textures)
    texture_of_patch = np.array([names.index(p.material.texture) for p in patches], np.int32)
    corners, uv, nodes, lights = [], [], [], []
    for patch, texture in zip(patches, texture_of_patch):
        faces = patch.triangles()
        light = _LightGrid(patch, node_spacing_m)
        corners.append(patch.points_m.reshape(-1, 3)[faces])
        uv.append(patch.uv.reshape(-1, 2)[faces] * textures[names[texture]].texels_per_metre)
        nodes.append(light.coordinates.reshape(-1, 2)[faces])
        lights.append(light)
    corners = np.concatenate(corners)
    counts = [len(u) for u in uv]
    vertices, triangles = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    sizes = np.array([light.size for light in lights], np.int32)
    return Surfaces(
        vertices_m=vertices, triangles=triangles.reshape(-1, 3).astype(np.int32),
        patch_of_triangle=np.repeat(np.arange(len(patches)), counts).astype(np.int32),
        maps_of_point=np.concatenate([_affine_maps(corners, np.concatenate(uv)),
                                      _affine_maps(corners, np.concatenate(nodes))], 1),
        first_triangle=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        sphere_of_patch=np.array([_sphere(p.points_m) for p in patches]),
        patches=np.column_stack([texture_of_patch, np.concatenate([[0], np.cumsum(sizes.prod(1))[:-1]]),
                                 sizes]).astype(np.int32),
        tint_of_patch=np.array([p.material.tint for p in patches], np.float32),
        emission_of_patch=np.array([p.material.emission for p in patches], np.float32),
        node_m=np.concatenate([light.points for light in lights]).astype(np.float32),
        node_normal=np.concatenate([light.normals for light in lights]).astype(np.float32))


class _LightGrid:
    """The nodes of one patch: evenly spaced over its arc lengths, at least two along each direction."""

    INSET_M = 0.012
    """Nodes on a border are sampled this far inside, so that they do not lie in the surface that meets it there."""

    FINER = 0.65
    """Factor on the spacing over flat surfaces that things stand on, where shadows have most detail."""

    def __init__(self, patch, spacing_m):
        if patch.points_m.shape[:2] == (2, 2) and patch.normals()[0, 0, 2] > 0.9:
            spacing_m = self.FINER * spacing_m
        self.along, self.down = patch.arc_lengths_m()
        columns, rows = (int(np.clip(np.ceil(a[-1] / spacing_m), 1, 250)) + 1 for a in (self.along, self.down))
        self.size = columns, rows
        u = self.along / max(self.along[-1], 1e-9) * (columns - 1)
        v = self.down / max(self.down[-1], 1e-9) * (rows - 1)
        self.coordinates = np.stack(np.meshgrid(u, v), -1)
        j, a = self._cells(self.along, columns)
        i, b = self._cells(self.down, rows)
        both = _bilinear(np.concatenate([patch.points_m, patch.normals()], -1), i, b, j, a).reshape(-1, 6)
        self.points, normals = both[:, :3], both[:, 3:]
        self.normals = normals / np.maximum(np.sqrt((normals**2).sum(-1, keepdims=True)), 1e-9)

    def _cells(self, length_m, count):
        """Cell index and fraction inside it for `count` evenly spaced places along a cumulative length."""
        total = max(length_m[-1], 1e-9)
        inset = min(self.INSET_M, total / 4)
        place = np.linspace(inset, total - inset, count)
        cell = np.clip(np.searchsorted(length_m, place, side="right") - 1, 0, len(length_m) - 2)
        return cell, (place - length_m[cell]) / np.maximum(length_m[cell + 1] - length_m[cell], 1e-9)


def _sphere(points):
    """Grid of points -> centre of its bounding box and radius (4,) of a sphere around all of it."""
    centre = (points.min((0, 1)) + points.max((0, 1))) / 2
    return *centre, np.sqrt(((points - centre) ** 2).sum(-1).max())


def _bilinear(grid, i, b, j, a):
    """Values of `grid` (rows, columns, n) at cells (i, j) and fractions (b, a) -> (len(i), len(j), n)."""
    upper = grid[i][:, j] * (1 - a)[None, :, None] + grid[i][:, j + 1] * a[None, :, None]
    lower = grid[i + 1][:, j] * (1 - a)[None, :, None] + grid[i + 1][:, j + 1] * a[None, :, None]
    return upper * (1 - b)[:, None, None] + lower * b[:, None, None]


def _affine_maps(corners, values):
    """(T, 3, 3) corners and (T, 3, 2) values there -> (T, 2, 4) affine maps of points of each triangle's plane."""
    e1, e2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = cross(e1, e2)
    scale = (normal**2).sum(-1, keepdims=True)
    dual = np.stack([cross(e2, normal) / scale, cross(normal, e1) / scale], 1)
    differences = np.stack([values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]], 2)
    linear = differences @ dual
    offset = values[:, 0] - np.einsum("tij,tj->ti", linear, corners[:, 0])
    return np.concatenate([linear, offset[..., None]], -1).astype(np.float32)
