"""The last steps to a mesh, whatever its distance field was made of."""

from slam.meshing.cleaning import Arrays, smoothed
from slam.meshing.holes import without_small_holes
from slam.meshing.mesh_config import MeshConfig
from slam.meshing.simplification import simplified, warranted_count


def finished(mesh: Arrays, max_hole_m: float, edge_m: float, config: MeshConfig) -> Arrays:
    """Holes up to a radius closed, smoothed, and with as many triangles as have edges of this length, or max_triangles.
    """
    mesh = without_small_holes(*mesh, max_hole_m)
    mesh = smoothed(*mesh, config.smoothing_steps), mesh[1]
    warranted = warranted_count(*mesh, edge_m)
    return simplified(*mesh, min(warranted, config.max_triangles or warranted))
