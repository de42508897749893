"""The final map: all keyframes' final depth, fused anew."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np

from slam.mapping.fusion import Fusion, FusionConfig
from slam.mapping.render import render
from slam.mapping.surfels import SurfelConfig, Surfels

if TYPE_CHECKING:
    from slam.keyframe_depth.final_depth import FinalDepth


def fuse_map(final: FinalDepth, fusion_config: FusionConfig, surfel_config: SurfelConfig
             ) -> Generator[float, None, Surfels]:
    """Yields the share of the work that is done, keyframe by keyframe; returns the new Surfels."""
    keyframes, fusion = final.keyframes, Fusion(final.camera, fusion_config)
    surfels = Surfels(surfel_config)
    for _ in final.depth:
        surfels.add_keyframe()
    for row, depth in final.depth.items():
        weights = np.where(final.is_opposed(row), 0, final.refiner.observations(depth)).astype(np.float32)
        view = render(surfels, final.camera, keyframes.T_world_key[row], keyframes.T_world_key,
                      keyframes.submap == keyframes.submap[row])
        fusion(surfels, view, depth.inverse_depth, final.refiner.rgb[row], row, row, weights)
        yield (row + 1) / len(final.depth)
    return surfels
