"""The surfels as one coloured triangle mesh, and rays through it. The one file of slam/ that needs Open3D."""

from dataclasses import dataclass

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from calib.errors import MissingPackageError, MonofuseError


@dataclass(frozen=True)
class MeshConfig:
    min_confidence: float = 3.0
    """Surfels below have too little support to become surface."""
    cell_m: float = 0.02
    """Finest cell of the reconstruction."""
    max_gap_m: float = 0.04
    """Surface farther than this from every surfel is invention and cut away."""
    min_component_share: float = 0.002
    """Loose pieces with fewer than this share of all triangles are cut away."""
    min_surfels: int = 200
    """Below, there is nothing to build a mesh from."""


class NoMesh(MonofuseError):
    """The map is too small for a mesh."""


def build_mesh(surfels, T_world_key, config):
    """Screened Poisson reconstruction (Kazhdan and Hoppe 2013) of the surfels -> trimesh.Trimesh in the world.

    Raises NoMesh where fewer than min_surfels are well supported.
    """
    o3d = open3d()
    rows = surfels.select(config.min_confidence)
    if len(rows) < config.min_surfels:
        raise NoMesh(f"only {len(rows)} surfels were seen often enough, a mesh needs {config.min_surfels}: "
                     f"use more frames, or a depth that fits the camera better")
    points, normals = surfels.world_points(rows, T_world_key)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    cloud.normals = o3d.utility.Vector3dVector(normals)
    cloud.colors = o3d.utility.Vector3dVector(surfels.arrays.colour[rows] / 255.0)
    mesh, _ = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson(cloud, width=config.cell_m)
    distance_m, _ = cKDTree(points).query(np.asarray(mesh.vertices), distance_upper_bound=config.max_gap_m)
    mesh.remove_vertices_by_mask(np.isinf(distance_m))
    _remove_loose_pieces(mesh, config.min_component_share)
    mesh.compute_vertex_normals()
    colours = np.round(255 * np.clip(np.asarray(mesh.vertex_colors), 0, 1)).astype(np.uint8)
    return trimesh.Trimesh(np.asarray(mesh.vertices), np.asarray(mesh.triangles), process=False,
                           vertex_normals=np.asarray(mesh.vertex_normals), vertex_colors=colours)


def open3d():
    """The Open3D module. Raises MissingPackageError."""
    try:
        import open3d as o3d
    except ImportError as error:
        raise MissingPackageError("open3d-cpu", f"building meshes ({error})") from error
    o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
    return o3d


def _remove_loose_pieces(mesh, min_share):
    component, sizes, _ = mesh.cluster_connected_triangles()
    small = np.asarray(sizes) < min_share * len(mesh.triangles)
    mesh.remove_triangles_by_mask(small[np.asarray(component, np.int64)])
    mesh.remove_unreferenced_vertices()


class RayCaster:
    """First hits of rays with a mesh, seen from its front: surface that faces away is passed through."""

    PASSES = 6
    """Back faces that a ray may pass through."""

    def __init__(self, mesh):
        o3d = open3d()
        self.mesh = mesh
        self.tensor = o3d.core.Tensor
        self.scene = o3d.t.geometry.RaycastingScene()
        self.scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))

    def cast(self, origins, directions):
        """Rays (N, 3), (N, 3) -> distances (N,) in units of the direction, inf without hit; triangles (N,); their
        barycentric coordinates (N, 2); normals (N, 3)."""
        start = np.zeros(len(origins), np.float32)
        open_rays = np.arange(len(origins))
        distance, triangle = np.full(len(origins), np.inf, np.float32), np.zeros(len(origins), np.int64)
        uv, normal = np.zeros((len(origins), 2), np.float32), np.zeros((len(origins), 3), np.float32)
        for _ in range(self.PASSES):
            moved = origins[open_rays] + start[open_rays, None] * directions[open_rays]
            rays = np.concatenate([moved, directions[open_rays]], 1).astype(np.float32)
            hits = {name: value.numpy() for name, value in self.scene.cast_rays(self.tensor(rays)).items()}
            front = np.isfinite(hits["t_hit"]) & ((hits["primitive_normals"] * directions[open_rays]).sum(1) < 0)
            done = open_rays[front]
            distance[done] = start[done] + hits["t_hit"][front]
            triangle[done], uv[done] = hits["primitive_ids"][front], hits["primitive_uvs"][front]
            normal[done] = hits["primitive_normals"][front]
            behind = np.isfinite(hits["t_hit"]) & ~front
            start[open_rays[behind]] += hits["t_hit"][behind] * 1.0001 + 1e-4
            open_rays = open_rays[behind]
        return distance, triangle, uv, normal
