"""What is done to a map of predicted depth after the last frame: scale, adjustment, final depth, surfels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from sequences.frame import DepthImage
from slam.global_adjustment.global_adjustment import GlobalAdjustment
from slam.keyframe_depth.final_depth import FinalDepth
from slam.keyframe_depth.final_map import fuse_map
from slam.keyframe_depth.refinement import Refiner, half_size
from slam.keyframe_depth.stereo import StereoDepth
from slam.mapping.finisher import Finisher
from slam.mapping.live_map import LiveMap
from slam.meshing.depth_view import DepthView
from slam.scale.map_scale import MapScale
from slam.tracking.pyramid import inverse_depth_on

if TYPE_CHECKING:
    from slam.config import SlamConfig

MIN_SPREAD = 0.02
"""Growth of the spread of log scales that is no drift, however small the spread was."""


class MapFinisher(Finisher):
    """Works on the map and the refiner of a PredictedDepth; see Finisher for the methods that both have."""

    def __init__(self, live_map: LiveMap, config: SlamConfig, refiner: Refiner, map_scale: MapScale,
                 map_moved: Callable[[np.ndarray], None]):
        """map_moved: called with the factor (K,) by which each keyframe's scale grew, whenever poses were corrected."""
        self.map, self.config, self.stage_times = live_map, config, live_map.stage_times
        self.refiner, self.map_scale, self.map_moved = refiner, map_scale, map_moved
        self.final: FinalDepth | None = None
        """Depth of all keyframes, once it was estimated, for the poses that they have now."""

    def finish_scale(self) -> None:
        """Finalise the scale of the map: the network's over all keyframes, or a known one."""
        keyframes = self.map.keyframes
        if not len(keyframes):
            return
        self._move_map(self.map_scale.by_network(keyframes, self.refiner))
        self._move_map(self.map_scale.by_known_scale(keyframes, self.refiner, self.map.surfels))

    def adjust_all(self, overlap: Callable, loops: list[tuple[int, int]], tracked: list[tuple[int, int]]
                   ) -> Iterator[float]:
        """Adjust all keyframes jointly; see Finisher."""
        c, keyframes = self.config.adjustment, self.map.keyframes
        if not (c and len(keyframes)):
            return
        adjustment = GlobalAdjustment(self.map.camera, overlap, c)
        for done in range(c.rounds):
            with self.stage_times.timed("adjust"):
                for share in adjustment.steps(keyframes, self.refiner.network_depth, loops, tracked):
                    yield (done + share) / c.rounds
            if adjustment.S_world_key is None or not self._is_adjusted(adjustment.S_world_key, c.max_drift):
                return
            self.finish_scale()

    def _is_adjusted(self, S_world_key: np.ndarray, max_drift: float) -> bool:
        """Give the keyframes adjusted poses (K, 4, 4), unless the scale drifts by them -> whether they have these now

        The network errs from image to image, but it does not drift: where an adjustment makes the keyframes' scales
        contradict it more than before, its points have misled it, as on plain walls."""
        before, spread = self.map.keyframes.S_world_key(), self.refiner.scale_spread(self.map.keyframes)
        self._move_map(S_world_key)
        if self.refiner.scale_spread(self.map.keyframes) <= max_drift * spread + MIN_SPREAD:
            return True
        self._move_map(before)
        return False

    def estimate_depth(self, overlap: Callable) -> Iterator[float]:
        """Estimate all keyframes' final depth, see Finisher; `final` is there at the end."""
        if self.config.final_depth and len(self.map.keyframes):
            final = FinalDepth(self.map.camera, self.map.keyframes, overlap, self.refiner, self.config.final_depth)
            with self.stage_times.timed("final"):
                yield from final.estimate()
            self.final = final
            self.refiner.log_std.clear()  # of the depth so far

    def restore_final(self, overlap: Callable, depth: dict[int, StereoDepth]) -> None:
        """Take over the final depth of all keyframes of a saved map, by row. overlap: see LoopCandidates.overlap."""
        if self.config.final_depth:
            self.final = FinalDepth(self.map.camera, self.map.keyframes, overlap, self.refiner, self.config.final_depth)
            self.final.restore(depth)

    def predict_again(self, predict: Callable[[np.ndarray], DepthImage | None]) -> Iterator[float]:
        """Predict all keyframes anew, and estimate their final depth around that -> share of the work that is done

        `final` changes at the end. predict: an image (h, w, 3) uint8 of working size -> depth, None where it has none.
        """
        if self.final is None:
            return
        predicted = {}
        with self.stage_times.timed("final"):
            for row, rgb in self.refiner.rgb.items():
                depth = predict(rgb)
                if depth is not None:
                    half = half_size(inverse_depth_on(self.map.camera, depth, is_measured=False))
                    predicted[row] = self.refiner.memory.keep(half)
            self.final = yield from self.final.estimated_around(predicted)

    def photometric_cost(self) -> float:
        """How badly final depth and poses explain the images, 0 to 1; infinite without final depth."""
        return self.final.photometric_cost() if self.final else math.inf

    def rebuild(self) -> Iterator[float]:
        """Build the map anew from all keyframes' final depth; see Finisher."""
        if self.final is not None:
            with self.stage_times.timed("final"):
                self.map.surfels = yield from fuse_map(self.final, self.config.fusion, self.config.surfels)

    def views(self, submap: int) -> list[DepthView]:
        """Depth of a submap's keyframes: final, or what it was when the last frame came; none without their images."""
        return self.final.views(submap) if self.final else self._views_so_far(submap)

    def _views_so_far(self, submap: int) -> list[DepthView]:
        keyframes, refiner = self.map.keyframes, self.refiner
        return [DepthView(keyframes.items[row].inverse_depth, log_std.astype(np.float32), refiner.rgb[row],
                          keyframes.T_world_key[row])
                for row, log_std in refiner.log_std.items() if keyframes.submap[row] == submap]

    def _move_map(self, S_world_key: np.ndarray) -> None:
        self.map_moved(self.map.move(S_world_key))
