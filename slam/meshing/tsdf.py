"""A coloured triangle mesh of keyframes' depth: the zero level of a truncated signed distance field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.tsdf import VertexViews, look_at_vertices
from slam.meshing.cleaning import Arrays, cut, vertex_normals
from slam.meshing.coloured_mesh import coloured_mesh
from slam.meshing.depth_view import DepthView
from slam.meshing.distance_field import fused, weighed
from slam.meshing.finishing import finished
from slam.meshing.mesh_config import MeshConfig, NoMesh
from slam.meshing.trimming import in_large_piece
from slam.meshing.tsdf_config import TsdfConfig
from slam.meshing.zero_level import zero_level

if TYPE_CHECKING:
    import trimesh

SCATTERED = "the keyframes' depth is too scattered for a mesh: use a depth that fits the camera better"


def build_mesh(views: list[DepthView], camera: Camera, config: MeshConfig) -> trimesh.Trimesh:
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
    mesh = zero_level(field, voxel_m)
    del field
    mesh = _kept(mesh, _looked_at(mesh, views, camera, c), config)
    mesh = finished(mesh, c.max_hole_voxels * voxel_m, c.edge_voxels * voxel_m, config)
    return coloured_mesh(*mesh, _colours(mesh[0], _looked_at(mesh, views, camera, c)))


def _without_the_far(views: list[DepthView], max_medians: float) -> list[DepthView]:
    """The same without depth beyond so many medians of all depths: nobody knows it, and it comes out in shreds."""
    nearest = np.median(np.concatenate([view.inverse_depth[view.inverse_depth > 0] for view in views])) / max_medians
    return [view._replace(inverse_depth=np.where(view.inverse_depth < nearest, np.float32(0), view.inverse_depth))
            for view in views]


def _looked_at(mesh: Arrays, views: list[DepthView], camera: Camera, config: TsdfConfig) -> VertexViews:
    """What all views say of the vertices."""
    vertices, normals = mesh[0], vertex_normals(*mesh)
    count = len(vertices)
    seen = VertexViews(np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros((count, 3), np.float32),
                       np.zeros(count, np.float32))
    for view in views:
        look_at_vertices(vertices, normals, weighed(view, camera, 0, config), view.rgb, se3.inverse(view.T_world_key),
                         camera.pinhole, config.tolerance, seen)
    return seen


def _kept(mesh: Arrays, seen: VertexViews, config: MeshConfig) -> Arrays:
    """Without what more weight sees through than shows, and without loose pieces. Raises NoMesh if nothing is left."""
    kept = (seen.support > 0) & (seen.support >= seen.against)
    if kept.any():
        kept &= in_large_piece(mesh[1], kept, config.min_piece_share)
    mesh = cut(*mesh, kept)
    if not len(mesh[1]):
        raise NoMesh(SCATTERED)
    return mesh


def _colours(vertices: np.ndarray, seen: VertexViews) -> np.ndarray:
    """-> (V, 3) uint8; a vertex that no view shows from its front has that of the nearest one that is shown"""
    known = seen.colour_weight > 0
    if not known.any():
        return np.full((len(known), 3), 128, np.uint8)
    colours = seen.colour / np.where(known, seen.colour_weight, 1)[:, None]
    colours[~known] = colours[known][KDTree(vertices[known]).query(vertices[~known])[1]]
    return np.round(colours).astype(np.uint8)
