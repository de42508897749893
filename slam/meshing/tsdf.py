"""A coloured triangle mesh of keyframes' final depth: the zero level of a truncated signed distance field."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh
from scipy.spatial import KDTree

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.tsdf import SIDE, DistanceField, VertexViews, look_at_vertices
from slam.meshing.depth_view import DepthView
from slam.meshing.distance_field import fused, weighed
from slam.meshing.holes import without_small_holes
from slam.meshing.open3d_mesh import open3d, triangle_mesh
from slam.meshing.poisson import MeshConfig, NoMesh
from slam.meshing.simplification import simplified, warranted_count
from slam.meshing.trimming import in_large_piece
from slam.meshing.tsdf_config import TsdfConfig

SCATTERED = "the keyframes' depth is too scattered for a mesh: use a depth that fits the camera better"
TINY = 1e-6
"""Least weight of a voxel that is known."""
SLICE_BLOCKS = 10_000
"""Blocks of which the surface is found at once, but for whole layers along x."""


def build_tsdf_mesh(views: list[DepthView], camera: Camera, config: MeshConfig) -> trimesh.Trimesh:
    """Views of one camera model -> trimesh.Trimesh in the world, metres (Curless and Levoy 1996)

    Depth counts by its inverse variance. Surface that surer views see through is left out, and so is what no view
    knows; vertices take their colours from the views that see them best. Raises NoMesh where hardly any depth is known.
    """
    c = config.tsdf
    views = [view for view in views if (view.inverse_depth > 0).any()]
    if not views:
        raise NoMesh("no keyframe has depth: use more frames, or a depth that fits the camera better")
    views = _without_the_far(views, c.max_medians)
    field, voxel_m = fused(views, camera, c)
    if not len(field.blocks):
        raise NoMesh(SCATTERED)
    mesh = _zero_level(field, voxel_m)
    del field
    _keep(mesh, _looked_at(mesh, views, camera, c), config)
    mesh = triangle_mesh(*without_small_holes(np.asarray(mesh.vertices), np.asarray(mesh.triangles),
                                               c.max_hole_voxels * voxel_m))
    mesh = mesh.filter_smooth_taubin(config.smoothing_steps)
    mesh.compute_vertex_normals()
    warranted = warranted_count(mesh, c.edge_voxels * voxel_m)
    mesh = simplified(mesh, min(warranted, config.max_triangles or warranted))
    return trimesh.Trimesh(np.asarray(mesh.vertices), np.asarray(mesh.triangles), process=False,
                           vertex_normals=np.asarray(mesh.vertex_normals),
                           vertex_colors=_colours(mesh, _looked_at(mesh, views, camera, c)))


def _without_the_far(views: list[DepthView], max_medians: float) -> list[DepthView]:
    """The same without depth beyond so many medians of all depths: nobody knows it, and it comes out in shreds."""
    nearest = np.median(np.concatenate([view.inverse_depth[view.inverse_depth > 0] for view in views])) / max_medians
    return [view._replace(inverse_depth=np.where(view.inverse_depth < nearest, np.float32(0), view.inverse_depth))
            for view in views]


def _zero_level(field: DistanceField, voxel_m: float) -> Any:
    """Marching cubes -> Open3D TriangleMesh in metres, of cells whose corners are all known

    In slices along x: it takes three times as much memory as the field. The blocks after a slice are there with their
    first layer of voxels, which its last cells reach; what two slices have in common comes out equal, and is merged.
    Raises NoMesh."""
    x = field.blocks[:, 0]
    layers, counts = np.unique(x, return_counts=True)
    slice_of = np.cumsum(counts) // SLICE_BLOCKS
    vertices, triangles, count = [], [], 0
    for number in np.unique(slice_of):
        inside = layers[slice_of == number]
        rows = np.flatnonzero((x >= inside[0]) & (x <= inside[-1] + 1))
        found = _slice_level(DistanceField(*(values[rows] for values in field)), x[rows] > inside[-1], voxel_m)
        if found is not None:
            vertices.append(found.vertex.positions.numpy())
            triangles.append(found.triangle.indices.numpy() + count)
            count += len(vertices[-1])
    if not vertices:
        raise NoMesh(SCATTERED)
    return triangle_mesh(*_ordered(np.concatenate(vertices), np.concatenate(triangles)))


def _slice_level(field: DistanceField, is_beyond: np.ndarray, voxel_m: float) -> Any:
    """-> Open3D's mesh, None where it is empty; of the blocks that are beyond (M,) bool, the first voxels along x alone
    """
    o3d = open3d()
    float32 = o3d.core.float32
    grid = o3d.t.geometry.VoxelBlockGrid(("tsdf", "weight"), (float32, float32), ((1), (1)), voxel_m, SIDE,
                                         len(field.blocks) + 1)
    rows = grid.hashmap().activate(o3d.core.Tensor(field.blocks))[0].numpy().astype(np.int64)
    shape = (-1, SIDE, SIDE, SIDE, 1)
    weight = field.weight.reshape(shape)
    grid.attribute("tsdf").numpy()[rows] = field.distance.reshape(shape) / np.maximum(weight, TINY)
    weight[is_beyond, :, :, 1:] = 0
    grid.attribute("weight").numpy()[rows] = weight
    try:
        return grid.extract_triangle_mesh(weight_threshold=TINY)
    except RuntimeError:  # what Open3D raises where there is no surface
        return None


def _ordered(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) by place, equal ones merged, and triangles (T, 3) by vertices: Open3D's order is chance."""
    order = np.lexsort(vertices.T)
    placed = vertices[order]
    is_new = np.concatenate([[True], (placed[1:] != placed[:-1]).any(1)])[:len(placed)]
    row = np.empty(len(order), np.int64)
    row[order] = np.cumsum(is_new) - 1
    triangles = row[triangles]
    triangles = triangles[(triangles != np.roll(triangles, 1, axis=1)).all(1)]
    turn = (triangles.argmin(1)[:, None] + np.arange(3)) % 3
    triangles = np.take_along_axis(triangles, turn, 1)
    return placed[is_new].astype(np.float64), triangles[np.lexsort(triangles.T)]


def _looked_at(mesh: Any, views: list[DepthView], camera: Camera, config: TsdfConfig) -> VertexViews:
    """What all views say of the vertices."""
    vertices, normals = np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals)
    count = len(vertices)
    seen = VertexViews(np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros((count, 3), np.float32),
                       np.zeros(count, np.float32))
    for view in views:
        look_at_vertices(vertices, normals, weighed(view, camera, 0, config), view.rgb, se3.inverse(view.T_world_key),
                         camera.pinhole, config.tolerance, seen)
    return seen


def _keep(mesh: Any, seen: VertexViews, config: MeshConfig) -> None:
    """Cut away what more weight sees through than shows, and loose pieces. Raises NoMesh where nothing is left."""
    kept = (seen.support > 0) & (seen.support >= seen.against)
    if kept.any():
        kept &= in_large_piece(np.asarray(mesh.triangles), kept, config.min_piece_share)
    mesh.remove_vertices_by_mask(~kept)
    if not len(mesh.triangles):
        raise NoMesh(SCATTERED)


def _colours(mesh: Any, seen: VertexViews) -> np.ndarray:
    """-> (V, 3) uint8; a vertex that no view shows from its front has that of the nearest one that is shown"""
    known = seen.colour_weight > 0
    if not known.any():
        return np.full((len(known), 3), 128, np.uint8)
    colours = seen.colour / np.where(known, seen.colour_weight, 1)[:, None]
    vertices = np.asarray(mesh.vertices)
    colours[~known] = colours[known][KDTree(vertices[known]).query(vertices[~known])[1]]
    return np.round(colours).astype(np.uint8)
