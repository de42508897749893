"""Open3D, which the rest of slam/ gets from here, and its triangle meshes."""

from typing import Any

import numpy as np

from calib.base.errors import MissingPackageError


def open3d() -> Any:
    """Import Open3D -> module. Raises MissingPackageError."""
    try:
        import open3d as o3d
    except ImportError as error:
        raise MissingPackageError("open3d-cpu", f"building meshes ({error})") from error
    o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
    return o3d


def triangle_mesh(vertices: np.ndarray, triangles: np.ndarray) -> Any:
    """Vertices (V, 3) and triangles (T, 3) -> Open3D's TriangleMesh, with normals of vertices"""
    o3d = open3d()
    mesh = o3d.geometry.TriangleMesh(o3d.utility.Vector3dVector(vertices),
                                     o3d.utility.Vector3iVector(triangles.astype(np.int32)))
    mesh.compute_vertex_normals()
    return mesh
