"""Rays through a triangle mesh, by Open3D."""

import numpy as np

from calib.base.errors import MissingPackageError


class RayCaster:
    """First hits of rays with a mesh, from whichever side they come."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray) -> None:
        """vertices (V, 3), faces (F, 3): indices of each triangle's corners."""
        try:
            import open3d as o3d
        except ImportError as error:
            raise MissingPackageError("open3d-cpu", f"measuring meshes ({error})") from error
        self.tensor = o3d.core.Tensor
        self.scene = o3d.t.geometry.RaycastingScene()
        if len(faces):
            self.scene.add_triangles(vertices.astype(np.float32), faces.astype(np.uint32))

    def distances(self, origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Rays from one point (3,) along directions (N, 3) -> (N,) in units of the direction, inf without a hit."""
        origins = np.broadcast_to(origin, directions.shape)
        rays = np.concatenate([origins, directions], 1).astype(np.float32)
        return self.scene.cast_rays(self.tensor(rays))["t_hit"].numpy()
