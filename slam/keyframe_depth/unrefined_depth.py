"""Predicted depth without refinement: aligned to the map and fused frame by frame, as a baseline for comparison.

Tateno 2017 (CNN-SLAM) and Whelan 2015 (ElasticFusion) fuse in this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slam.keyframe_depth.depth_alignment import align_depth
from slam.mapping.live_map import LiveMap
from slam.mapping.measured_depth import FrameDepth, MeasuredDepth
from slam.mapping.render import View
from slam.stages import stage
from slam.tracking.image import Image

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from slam.config import SlamConfig


class UnrefinedDepth(MeasuredDepth):
    """Aligns each frame's predicted depth to the rendered map; see MeasuredDepth for the methods."""

    has_grid = False

    def __init__(self, live_map: LiveMap, config: SlamConfig, executor: Executor):
        super().__init__(live_map, config, executor)
        self.log_scale = 0.0
        """Log of the factor that brought the last frame's depth to the map's."""

    def first(self, image: Image, T_world_cam: np.ndarray) -> FrameDepth:
        """Depth of the first frame of a submap, which sets the scale."""
        self.log_scale = 0.0
        self.predictions_used += 1
        return super().first(image, T_world_cam)

    @stage("align")
    def aligned(self, image: Image, T_world_cam: np.ndarray, view: View) -> np.ndarray:
        """-> (h, w) inverse depth, 1/m, scaled and bent to the map"""
        depth = align_depth(image.inverse_depth, view, self.log_scale, self.config.alignment)
        self.log_scale = depth.log_scale
        self.predictions_used += bool(image.inverse_depth.any())
        return depth.inverse_depth

    def map_moved(self, factor: np.ndarray) -> None:
        """The keyframes' poses were corrected, and each one's scale grew by its factor (K,)."""
        self.log_scale += float(np.log(factor[self.map.keyframes.reference.row]))
