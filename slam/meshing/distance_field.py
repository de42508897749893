"""Depth views into a truncated signed distance field, as fine as their pixels and their noise warrant."""

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels import tsdf as kernels
from slam.kernels.tsdf import SIDE, DepthPixels, DistanceField
from slam.meshing.depth_view import DepthView
from slam.meshing.field_blocks import empty_field
from slam.meshing.tsdf_config import TsdfConfig

MARKED_STEP = 2
"""Of so many pixels, in both directions, one allocates blocks; blocks are larger than pixels."""
MAX_MARKS = 4_000_000
"""Blocks that one view marks at most, with repetitions."""
GROWTH = 1.25
"""Factor by which voxels grow where there would be too many."""


class Scale:
    """Sizes that follow from the depth of all views: voxels and noise, metres."""

    def __init__(self, views: list[DepthView], camera: Camera, config: TsdfConfig):
        """There must be known depth."""
        known = [view.inverse_depth > 0 for view in views]
        inverse_depth = np.concatenate([view.inverse_depth[k] for view, k in zip(views, known)])
        log_std = np.concatenate([view.log_std[k] for view, k in zip(views, known)])
        pixel_m = float(np.median(1 / inverse_depth)) / camera.fx
        self.noise_m = float(np.median(log_std / inverse_depth))
        self.voxel_m = float(np.clip(config.voxel_noise * self.noise_m, *np.array(config.voxel_px) * pixel_m))


def weighed(view: DepthView, camera: Camera, reach_m: float, config: TsdfConfig) -> DepthPixels:
    """A view's pixels, weighted by the inverse variance of log depth and the cosine that surface is seen at."""
    cosine = np.empty_like(view.inverse_depth)
    kernels.ray_cosines(view.inverse_depth, np.array(camera.pinhole), cosine)
    weight = cosine * (config.min_log_std / np.maximum(view.log_std, config.min_log_std)) ** 2
    kept = cosine >= config.min_cosine
    return DepthPixels(np.where(kept, view.inverse_depth, 0), np.where(kept, weight, 0).astype(np.float32),
                       np.full(cosine.shape, reach_m, np.float32))


def allocated(views: list[DepthPixels], T_world_key: np.ndarray, camera: Camera, voxel_m: float) -> DistanceField:
    """The blocks that the views' surfaces reach, empty; T_world_key (K, 4, 4)"""
    keys, marks = [], np.empty(MAX_MARKS, np.int64)
    for pixels, T in zip(views, T_world_key):
        count = kernels.mark_blocks(pixels, T, np.array(camera.pinhole), SIDE * voxel_m, MARKED_STEP, marks)
        keys.append(np.unique(marks[:count]))
    return empty_field(np.unique(np.concatenate(keys)))


def fused(views: list[DepthView], camera: Camera, config: TsdfConfig) -> tuple[DistanceField, float]:
    """All views in one field -> DistanceField, size of its voxels in metres"""
    scale = Scale(views, camera, config)
    voxel_m, T_world_key = scale.voxel_m, np.stack([view.T_world_key for view in views])
    while True:
        reach_m = max(config.reach_noise * scale.noise_m, config.min_reach_voxels * voxel_m)
        pixels = [weighed(view, camera, reach_m, config) for view in views]
        field = allocated(pixels, T_world_key, camera, voxel_m)
        if len(field.blocks) <= config.max_blocks:
            break
        voxel_m *= GROWTH
    for view, T_key_world in zip(pixels, se3.inverse(T_world_key)):
        kernels.integrate(field, view, T_key_world, np.array(camera.pinhole), voxel_m)
    return field, voxel_m
