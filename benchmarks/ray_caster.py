"""Rays through a triangle mesh."""

import numpy as np
import trimesh

from slam.meshing.open3d_mesh import open3d


class RayCaster:
    """First hits of rays with a mesh, seen from its front: surface that faces away is passed through."""

    PASSES = 6
    """Back faces that a ray may pass through."""

    def __init__(self, mesh: trimesh.Trimesh) -> None:
        o3d = open3d()
        self.mesh = mesh
        self.tensor = o3d.core.Tensor
        self.scene = o3d.t.geometry.RaycastingScene()
        self.scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))

    def cast(self, origins: np.ndarray,
             directions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
