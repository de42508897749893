"""The surfels as one coloured triangle mesh. The one file of slam/ that needs Open3D."""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh
from scipy.spatial import KDTree

from calib.base.errors import MissingPackageError, MonofuseError
from slam.mapping.surfels import Surfels
from slam.meshing.samples import Samples, on_one_surface
from slam.meshing.trimming import in_large_piece, supported_vertices


@dataclass(frozen=True)
class MeshConfig:
    min_confidence: float = 3.0
    """Surfels below have too little support to become surface."""
    cell_radii: float = 1.5
    """Finest cell of the reconstruction in median radii of the surfels, ..."""
    min_cell_m: float = 0.005
    """Lower bound of the finest cell."""
    max_cell_m: float = 0.03
    """... within these bounds, ..."""
    max_cells: int = 400_000
    """... coarser where the surfels would cover more cells than this: time, memory and file size grow with them."""
    reach_radii: float = 4.0
    """Surface farther from the nearest surfel than this many of its radii is cut away, see max_reach_m."""
    max_reach_m: float = 0.06
    """Surface farther from the nearest surfel than this many of its radii, at most so far, and one cell is invention
    and cut away, ..."""
    max_hole_m2: float = 0.03
    """... but for holes within the surface up to this area."""
    min_piece_share: float = 0.001
    """Loose pieces with less than this share of all triangles are cut away."""
    smoothing_steps: int = 10
    """Smoothing without shrinking (Taubin 1995) against the ripples of the reconstruction's grid and noise."""
    colour_surfels: int = 4
    """Nearest surfels that give a vertex its colour."""
    joins_layers: bool = False
    """Surfels that lie in layers, as predicted depth leaves them, are brought onto one surface first."""
    min_surfels: int = 200
    """Below, there is nothing to build a mesh from."""


CELLS_ACROSS = 8, 1024
"""Fewer across the whole map make no surface; more, as with a few surfels far out, a slow and deep octree."""
NEIGHBOURS = 4
"""A surfel with fewer others within twice its reach is a stray one."""


class NoMesh(MonofuseError):
    """The map is too small for a mesh."""


def build_mesh(surfels: Surfels, T_world_key: np.ndarray, config: MeshConfig) -> trimesh.Trimesh:
    """Screened Poisson reconstruction (Kazhdan and Hoppe 2013) of the surfels -> trimesh.Trimesh in the world.

    Poisson closes every hole and rounds off colours; so what no surfel supports is cut away, and vertices take their
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
    mesh.remove_vertices_by_mask(~_vouched_for(mesh, samples, tree, cell_m, config))
    if not len(mesh.triangles):
        raise NoMesh("the surfels are too scattered for a mesh: use a depth that fits the camera better")
    mesh = mesh.filter_smooth_taubin(config.smoothing_steps)
    mesh.compute_vertex_normals()
    vertices = np.asarray(mesh.vertices)
    return trimesh.Trimesh(vertices, np.asarray(mesh.triangles), process=False,
                           vertex_normals=np.asarray(mesh.vertex_normals),
                           vertex_colors=_colours_at(vertices, samples, tree, config.colour_surfels))


def cell_size(points: np.ndarray, radius: np.ndarray, config: MeshConfig) -> float:
    """Positions (N, 3) and radii (N,) of surfels -> finest cell of their reconstruction, metres."""
    area_m2 = np.pi * np.square(radius, dtype=np.float64).sum()
    extent_m = float(np.ptp(points, axis=0).max())
    wanted_m = np.clip(config.cell_radii * float(np.median(radius)), config.min_cell_m, config.max_cell_m)
    return float(max(wanted_m, np.sqrt(area_m2 / config.max_cells), extent_m / CELLS_ACROSS[1]))


def open3d() -> Any:
    """The Open3D module. Raises MissingPackageError."""
    try:
        import open3d as o3d
    except ImportError as error:
        raise MissingPackageError("open3d-cpu", f"building meshes ({error})") from error
    o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
    return o3d


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


def _vouched_for(mesh, samples, tree, cell_m, config):
    """-> (V,) bool"""
    vertices, triangles = np.asarray(mesh.vertices), np.asarray(mesh.triangles)
    supported = supported_vertices(vertices, np.asarray(mesh.vertex_normals), triangles, samples, tree,
                                   _reach_m(samples.radius, config) + cell_m, config.max_hole_m2)
    return supported & in_large_piece(triangles, supported, config.min_piece_share)


def _colours_at(vertices, samples, tree, count):
    """Average of the nearest surfels: confident ones count more, and those farther than the nearest by half a radius
    fade out, which keeps edges sharp. -> (N, 3) uint8"""
    distance_m, nearest = tree.query(vertices, k=count)
    farther = (distance_m**2 - distance_m[:, :1] ** 2) / (0.5 * samples.radius[nearest]) ** 2
    weights = np.exp(-0.5 * farther) * samples.confidence[nearest]
    weights /= weights.sum(1, keepdims=True)
    return np.round(np.einsum("nk,nkc->nc", weights, samples.colours[nearest])).astype(np.uint8)
