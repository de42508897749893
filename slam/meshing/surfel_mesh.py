"""A coloured triangle mesh of surfels, which is what there is where keyframes have no depth of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from slam.kernels.surfel_field import Discs, add_discs, disc_blocks
from slam.kernels.tsdf import DistanceField
from slam.mapping.surfels import Surfels
from slam.meshing.cleaning import cut
from slam.meshing.coloured_mesh import coloured_mesh
from slam.meshing.field_blocks import empty_field
from slam.meshing.finishing import finished
from slam.meshing.mesh_config import MeshConfig, NoMesh, SurfelMeshConfig
from slam.meshing.trimming import in_large_piece
from slam.meshing.zero_level import zero_level

if TYPE_CHECKING:
    import trimesh

NEIGHBOURS = 4
"""Other surfels that a surfel needs around it; with fewer it is an outlier."""
COLOURS = 4
"""Nearest surfels that a vertex takes its colour from."""
MIN_ACROSS = 8
"""Voxels across the whole map: fewer make no surface."""
MARKS = 27
"""Blocks that one surfel reaches at most: max_disc_voxels must not exceed a block."""


def build_surfel_mesh(surfels: Surfels, T_world_key: np.ndarray, config: MeshConfig) -> trimesh.Trimesh:
    """Surfels, their keyframes at T_world_key (K, 4, 4) -> trimesh.Trimesh in the world, metres

    Between surfels, which are discs, it is where their planes meet on average (Curless and Levoy 1996, Alexa 2003).
    Raises NoMesh where fewer than min_surfels are well supported.
    """
    c = config.surfels
    rows = surfels.select(c.min_confidence)
    points, normals = surfels.world_points(rows, T_world_key)
    radius_m = surfels.arrays.radius[rows].astype(np.float64)
    kept = _in_company(points, 2 * c.reach_radii * radius_m)
    rows, points, normals, radius_m = rows[kept], points[kept], normals[kept], radius_m[kept]
    if len(rows) < c.min_surfels:
        raise NoMesh(f"only {len(rows)} of {len(surfels)} surfels have enough support, a mesh needs {c.min_surfels}: "
                     f"use more frames, or a depth that fits the camera better")
    voxel_m = _voxel_m(radius_m, c)
    if np.ptp(points, axis=0).max() < MIN_ACROSS * voxel_m:
        raise NoMesh("all surfels lie within a few centimetres: use a depth that fits the camera better")
    discs = Discs(points, normals, np.clip(c.disc_radii * radius_m, voxel_m, c.max_disc_voxels * voxel_m),
                  surfels.arrays.confidence[rows].astype(np.float64))
    mesh = zero_level(_field(discs, voxel_m, c.reach_voxels * voxel_m), voxel_m)
    tree = KDTree(points)
    distance_m, nearest = tree.query(mesh[0])
    near = distance_m <= c.reach_radii * radius_m[nearest] + voxel_m
    mesh = cut(*mesh, in_large_piece(mesh[1], near, config.min_piece_share)) if near.any() else mesh
    if not near.any() or not len(mesh[1]):
        raise NoMesh("the surfels are too scattered for a mesh: use a depth that fits the camera better")
    mesh = finished(mesh, c.max_hole_voxels * voxel_m, c.edge_voxels * voxel_m, config)
    return coloured_mesh(*mesh, _colours(mesh[0], tree, surfels, rows))


def _in_company(points, reach_m):
    """(N,) bool: surfels with others within reach"""
    if len(points) <= NEIGHBOURS:
        return np.zeros(len(points), bool)
    distance_m, _ = KDTree(points).query(points, k=1 + NEIGHBOURS)
    return distance_m[:, -1] <= reach_m


def _voxel_m(radius_m: np.ndarray, config: SurfelMeshConfig) -> float:
    """As fine as the surfels are, and as their area allows."""
    area_m2 = np.pi * np.square(radius_m).sum()
    wanted_m = np.clip(config.voxel_radii * np.median(radius_m), *config.voxel_m)
    return float(max(wanted_m, np.sqrt(area_m2 / config.max_cells)))


def _field(discs: Discs, voxel_m: float, reach_m: float) -> DistanceField:
    marks = np.empty(MARKS * len(discs.points), np.int64)
    keys = np.unique(marks[:disc_blocks(discs, voxel_m, reach_m, marks)])
    field = empty_field(keys)
    add_discs(field, keys, discs, voxel_m, reach_m)
    return field


def _colours(vertices, tree, surfels, rows):
    """Vertices (V, 3) -> (V, 3) uint8: average of the nearest surfels by confidence. Those farther than the nearest by
    half a radius fade out, which keeps edges sharp."""
    arrays = surfels.arrays
    distance_m, nearest = tree.query(vertices, k=COLOURS)
    nearest = rows[nearest]
    farther = (distance_m**2 - distance_m[:, :1] ** 2) / (0.5 * arrays.radius[nearest]) ** 2
    weights = np.exp(-0.5 * farther) * arrays.confidence[nearest]
    weights /= weights.sum(1, keepdims=True)
    return np.round(np.einsum("nk,nkc->nc", weights, arrays.colour[nearest])).astype(np.uint8)
