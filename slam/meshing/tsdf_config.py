"""Settings of the mesh from a truncated signed distance field."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TsdfConfig:
    """Settings of build_mesh."""

    voxel_noise: float = 0.25
    """Size of a voxel, in median standard deviations of depth."""
    voxel_px: tuple[float, float] = (1.5, 4.0)
    """Limits of a voxel's size, in pixels at median depth."""
    max_blocks: int = 50_000
    """Blocks of 8x8x8 voxels, 4 kB each; where surfaces need more, voxels grow."""
    reach_noise: float = 2.5
    """Distance from a surface up to which a view tells distances, in median standard deviations of depth."""
    min_reach_voxels: float = 4.0
    """Lower limit of that, in voxels."""
    min_cosine: float = 0.1
    """Cosine between ray and normal below which a pixel is left out, as at grazing angles and at edges of depth."""
    max_medians: float = 4.0
    """Depth beyond which pixels are left out, in medians of all keyframes' depth."""
    min_log_std: float = 0.02
    """Lower limit of the standard deviation of log depth in a pixel's weight: errors of pose and shape are shared."""
    tolerance: float = 0.1
    """Relative difference in depth up to which a view shows a vertex."""
    max_hole_voxels: float = 6.0
    """Radius of a hole up to which it is closed, in voxels."""
    edge_voxels: float = 1.25
    """Length of the edges that are left after simplification, in voxels."""
