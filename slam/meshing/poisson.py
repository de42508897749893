"""A coloured triangle mesh of the surfels."""

import os
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import trimesh
from scipy.spatial import KDTree

from calib.base.errors import MonofuseError
from slam.mapping.surfels import Surfels
from slam.meshing.open3d_mesh import open3d
from slam.meshing.samples import Samples, on_one_surface
from slam.meshing.simplification import simplified
from slam.meshing.trimming import in_large_piece, supported_vertices
from slam.meshing.tsdf_config import TsdfConfig


@dataclass(frozen=True)
class MeshConfig:
    """Settings of build_mesh and build_tsdf_mesh."""

    tsdf: TsdfConfig = field(default_factory=TsdfConfig)
    """The mesh of keyframes' final depth."""
    max_triangles: int | None = None
    """Triangles that the mesh has at most; None leaves as many as its detail warrants."""

    min_confidence: float = 3.0
    """Confidence, in observations, that a surfel needs to become surface."""
    cell_radii: float = 1.5
    """Size of the finest cell of the reconstruction, in median radii of the surfels."""
    min_cell_m: float = 0.005
    """Lower limit of the finest cell."""
    max_cell_m: float = 0.03
    """Upper limit of the finest cell, as far as max_cells allows."""
    max_cells: int = 400_000
    """Cells that the surfels may cover; cells grow beyond. Time, memory and file size grow with this number."""
    reach_radii: float = 4.0
    """Distance from the nearest surfel, in its radii, up to which surface is kept; one cell is added to it."""
    max_reach_m: float = 0.06
    """Upper limit of the distance that reach_radii gives."""
    max_hole_m2: float = 0.03
    """Area of a hole within the surface up to which it is filled."""
    min_piece_share: float = 0.001
    """Share of all triangles below which a loose piece is cut away."""
    smoothing_steps: int = 10
    """Steps of smoothing without shrinking (Taubin 1995), against noise and ripples of the reconstruction's grid."""
    colour_surfels: int = 4
    """Number of nearest surfels that a vertex takes its colour from."""
    joins_layers: bool = False
    """Whether surfels in layers, as predicted depth leaves them, are first moved onto one surface."""
    min_surfels: int = 200
    """Well supported surfels that a mesh needs."""


CELLS_ACROSS = 8, 1024
"""Limits on cells across the whole map: fewer make no surface; more, as with a few surfels far out, a slow octree."""
NEIGHBOURS = 4
"""Other surfels that a surfel needs within twice its reach; with fewer it is an outlier."""


class NoMesh(MonofuseError):
    """The map is too small for a mesh."""


def build_mesh(surfels: Surfels, T_world_key: np.ndarray, config: MeshConfig) -> trimesh.Trimesh:
    """Screened Poisson reconstruction (Kazhdan and Hoppe 2013) of the surfels -> trimesh.Trimesh in the world, metres

    Poisson closes every hole and blurs colours, so surface that no surfel supports is cut away, and vertices take their
    colours from the surfels around them. Raises NoMesh where fewer than min_surfels are well supported.
    """
    samples = _well_supported(surfels, T_world_key, config)
    cell_m = cell_size(samples.points, samples.radius, config)
    if config.joins_layers:
        samples = on_one_surface(samples, cell_m)
    tree = KDTree(samples.points)
    if np.ptp(samples.points, axis=0).max() < CELLS_ACROSS[0] * cell_m:
        raise NoMesh("all surfels lie within a few centimetres: use a depth that fits the camera better")
    mesh = _poisson(samples, cell_m)
    mesh.remove_vertices_by_mask(~_kept(mesh, samples, tree, cell_m, config))
    if not len(mesh.triangles):
        raise NoMesh("the surfels are too scattered for a mesh: use a depth that fits the camera better")
    mesh = mesh.filter_smooth_taubin(config.smoothing_steps)
    mesh.compute_vertex_normals()
    mesh = simplified(mesh, config.max_triangles or len(mesh.triangles))
    vertices = np.asarray(mesh.vertices)
    return trimesh.Trimesh(vertices, np.asarray(mesh.triangles), process=False,
                           vertex_normals=np.asarray(mesh.vertex_normals),
                           vertex_colors=_colours_at(vertices, samples, tree, config.colour_surfels))


def cell_size(points: np.ndarray, radius: np.ndarray, config: MeshConfig) -> float:
    """Positions (N, 3) and radii (N,) of surfels, metres -> finest cell of their reconstruction, metres"""
    area_m2 = np.pi * np.square(radius, dtype=np.float64).sum()
    extent_m = float(np.ptp(points, axis=0).max())
    wanted_m = np.clip(config.cell_radii * float(np.median(radius)), config.min_cell_m, config.max_cell_m)
    return float(max(wanted_m, np.sqrt(area_m2 / config.max_cells), extent_m / CELLS_ACROSS[1]))


def _well_supported(surfels, T_world_key, config):
    rows = surfels.select(config.min_confidence)
    arrays = surfels.arrays
    points, normals = surfels.world_points(rows, T_world_key)
    samples = Samples(points, normals, arrays.colour[rows], arrays.radius[rows],
                      arrays.confidence[rows])
    if len(rows):
        distance_m, _ = KDTree(samples.points).query(samples.points, k=1 + NEIGHBOURS)
        in_company = distance_m[:, -1] <= 2 * _reach_m(samples.radius, config)
        samples = samples.chosen(in_company)
    if len(samples.points) < config.min_surfels:
        raise NoMesh(f"only {len(samples.points)} of {len(surfels)} surfels have enough support, a mesh needs "
                     f"{config.min_surfels}: use more frames, or a depth that fits the camera better")
    return samples


def _reach_m(radius, config):
    return np.minimum(config.reach_radii * radius, config.max_reach_m)


def _poisson(samples, cell_m):
    o3d = open3d()
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(samples.points))
    cloud.normals = o3d.utility.Vector3dVector(samples.normals)
    # One thread: the same map gives the same mesh, and next to other work a second one gains nothing.
    try:
        with _silent_stderr():
            mesh, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, width=cell_m, n_threads=1)
    except RuntimeError as error:
        raise NoMesh("the surface reconstruction failed on these surfels") from error
    mesh.compute_vertex_normals()
    return mesh


@contextmanager
def _silent_stderr():
    """The reconstruction writes warnings of a few bad cells straight to the terminal."""
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(nowhere)
        os.close(terminal)


def _kept(mesh, samples, tree, cell_m, config):
    """-> (V,) bool: vertices that surfels support, without loose pieces"""
    vertices, triangles = np.asarray(mesh.vertices), np.asarray(mesh.triangles)
    supported = supported_vertices(vertices, np.asarray(mesh.vertex_normals), triangles, samples, tree,
                                   _reach_m(samples.radius, config) + cell_m, config.max_hole_m2)
    return supported & in_large_piece(triangles, supported, config.min_piece_share)


def _colours_at(vertices, samples, tree, count):
    """Vertices (N, 3) -> (N, 3) uint8: average of the nearest surfels by confidence. Those farther than the nearest by
    half a radius fade out, which keeps edges sharp."""
    distance_m, nearest = tree.query(vertices, k=count)
    farther = (distance_m**2 - distance_m[:, :1] ** 2) / (0.5 * samples.radius[nearest]) ** 2
    weights = np.exp(-0.5 * farther) * samples.confidence[nearest]
    weights /= weights.sum(1, keepdims=True)
    return np.round(np.einsum("nk,nkc->nc", weights, samples.colours[nearest])).astype(np.uint8)
