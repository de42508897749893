"""A coloured triangle mesh of keyframes' final depth: the zero level of a truncated signed distance field."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.tsdf import SIDE, DistanceField, VertexViews, look_at_vertices
from slam.meshing.depth_view import DepthView
from slam.meshing.distance_field import fused, weighed
from slam.meshing.poisson import MeshConfig, NoMesh, open3d
from slam.meshing.trimming import in_large_piece
from slam.meshing.tsdf_config import TsdfConfig

TINY = 1e-6
"""Least weight of a voxel that is known."""
TRIANGLE = np.sqrt(3) / 4
"""Area of an equilateral triangle with edges of length 1."""


def build_tsdf_mesh(views: list[DepthView], camera: Camera, config: MeshConfig) -> trimesh.Trimesh:
    """Views of one camera model -> trimesh.Trimesh in the world, metres (Curless and Levoy 1996)

    Depth counts by its inverse variance. Surface that surer views see through is left out, and so is what no view
    knows; vertices take their colours from the views that see them best. Raises NoMesh where hardly any depth is known.
    """
    c = config.tsdf
    views = [view for view in views if (view.inverse_depth > 0).any()]
    if not views:
        raise NoMesh("no keyframe has depth: use more frames, or a depth that fits the camera better")
    field, voxel_m = fused(views, camera, c)
    mesh = _zero_level(field, voxel_m)
    del field
    mesh = mesh.filter_smooth_taubin(config.smoothing_steps)
    _keep(mesh, _looked_at(mesh, views, camera, c), config)
    mesh = _simplified(mesh, c.edge_voxels * voxel_m, config.max_triangles)
    seen = _looked_at(mesh, views, camera, c)
    colours = seen.colour / np.maximum(seen.colour_weight, np.finfo(np.float32).tiny)[:, None]
    return trimesh.Trimesh(np.asarray(mesh.vertices), np.asarray(mesh.triangles), process=False,
                           vertex_normals=np.asarray(mesh.vertex_normals),
                           vertex_colors=np.round(colours).astype(np.uint8))


def _zero_level(field: DistanceField, voxel_m: float) -> Any:
    """Marching cubes -> Open3D TriangleMesh in metres, of cells whose corners are all known"""
    o3d = open3d()
    float32 = o3d.core.float32
    grid = o3d.t.geometry.VoxelBlockGrid(("tsdf", "weight"), (float32, float32), ((1), (1)), voxel_m, SIDE,
                                         len(field.blocks) + 1)
    rows = grid.hashmap().activate(o3d.core.Tensor(field.blocks))[0].numpy().astype(np.int64)
    shape = (-1, SIDE, SIDE, SIDE, 1)
    grid.attribute("tsdf").numpy()[rows] = (field.distance / np.maximum(field.weight, TINY)).reshape(shape)
    grid.attribute("weight").numpy()[rows] = field.weight.reshape(shape)
    return grid.extract_triangle_mesh(weight_threshold=TINY).to_legacy()


def _looked_at(mesh: Any, views: list[DepthView], camera: Camera, config: TsdfConfig) -> VertexViews:
    """What all views say of the vertices."""
    mesh.compute_vertex_normals()
    vertices, normals = np.asarray(mesh.vertices), np.asarray(mesh.vertex_normals)
    count = len(vertices)
    seen = VertexViews(*np.zeros((2, count), np.float32), np.zeros((count, 3), np.float32), np.zeros(count, np.float32))
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
        raise NoMesh("the keyframes' depth is too scattered for a mesh: use a depth that fits the camera better")


def _simplified(mesh: Any, edge_m: float, max_triangles: int | None) -> Any:
    """Quadric decimation (Garland and Heckbert 1997) to about this length of edges and number of triangles."""
    wanted = int(mesh.get_surface_area() / (TRIANGLE * edge_m**2))
    mesh = mesh.simplify_quadric_decimation(min(wanted, max_triangles or wanted))
    mesh.compute_vertex_normals()
    return mesh
