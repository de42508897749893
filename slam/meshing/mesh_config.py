"""Settings of the mesh, and the error where there is none."""

from dataclasses import dataclass, field

from calib.base.errors import MonofuseError
from slam.meshing.tsdf_config import TsdfConfig


@dataclass(frozen=True)
class SurfelMeshConfig:
    """Settings of build_surfel_mesh."""

    min_confidence: float = 3.0
    """Confidence, in observations, that a surfel needs to become surface."""
    min_surfels: int = 200
    """Well supported surfels that a mesh needs."""
    voxel_radii: float = 1.0
    """Size of a voxel, in median radii of the surfels."""
    voxel_m: tuple[float, float] = (0.005, 0.03)
    """Limits of a voxel's size, as far as max_cells allows."""
    max_cells: int = 400_000
    """Voxels that the surfels may cover; these grow beyond. Time, memory and file size grow with this number."""
    disc_radii: float = 1.0
    """Radius of the disc that a surfel fills, in its own radii: the standard deviation of its weight."""
    max_disc_voxels: float = 2.5
    """Upper limit of that, in voxels."""
    reach_voxels: float = 3.0
    """Distance from its plane up to which a surfel tells distances, in voxels."""
    reach_radii: float = 4.0
    """Distance from the nearest surfel, in its radii, up to which surface is kept; one voxel is added to it. A surfel
    needs others within twice that."""
    max_hole_voxels: float = 10.0
    """Radius of a hole up to which it is closed, in voxels."""
    edge_voxels: float = 1.25
    """Length of the edges that are left after simplification, in voxels."""


@dataclass(frozen=True)
class MeshConfig:
    """Settings of the mesh."""

    tsdf: TsdfConfig = field(default_factory=TsdfConfig)
    """The mesh of keyframes' depth."""
    surfels: SurfelMeshConfig = field(default_factory=SurfelMeshConfig)
    """The mesh of surfels."""
    max_triangles: int | None = None
    """Triangles that the mesh has at most; None leaves as many as its detail warrants."""
    min_piece_share: float = 0.001
    """Share of all triangles below which a loose piece is cut away."""
    smoothing_steps: int = 10
    """Steps of smoothing without shrinking (Taubin 1995), against noise and ripples of the field's grid."""


class NoMesh(MonofuseError):
    """The map is too small for a mesh."""
