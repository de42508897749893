"""How large a map of predicted depth is in the end: as the network says of all keyframes, or as is known besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import sim3
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.scale.known_scale import KnownScale

if TYPE_CHECKING:
    from slam.keyframe_depth.refinement import Refiner
    from slam.scale.known_scale import ScaleConfig


class MapScale:
    def __init__(self, config: ScaleConfig):
        """config: slam.known_scale.ScaleConfig"""
        self.known = KnownScale(config)
        self.settled: dict[int, tuple[float, float | None]] = {}
        """Per submap, the factor that it was scaled by at the end, and the standard deviation of its log: from one
        keyframe to the next, or of what else is known; None where that was given."""

    def by_network(self, keyframes: Keyframes, refiner: Refiner) -> np.ndarray:
        """So far the first keyframe's prediction was the measure of everything; now the median over all keyframes is
        (network errors of scale differ from view to view). -> S_world_key (K, 4, 4)"""
        S_world_key = keyframes.S_world_key()
        for submap in np.unique(keyframes.submap):
            scale = refiner.network_scale(keyframes, submap)
            if scale is not None:
                rows = keyframes.submap == submap
                S_world_key[rows] = sim3.scaling(scale[0]) @ S_world_key[rows]
                self._note(submap, *scale)
        return S_world_key

    def by_knowledge(self, keyframes: Keyframes, refiner: Refiner, surfels: Surfels) -> np.ndarray:
        """What is known besides outweighs the network: by one factor for all submaps, wherever it was found, since a
        network that misjudges one part of a place misjudges its other parts alike. -> S_world_key (K, 4, 4)"""
        known, S_world_key = self.known.judge(keyframes, surfels), keyframes.S_world_key()
        if known:
            refiner.rescale_network(known.growth)
            S_world_key = sim3.scaling(known.growth) @ S_world_key
            for submap in np.unique(keyframes.submap):
                self._note(submap, *known)
        return S_world_key

    def report(self, submap: int) -> dict:
        """Values for report.json: where the scale of a submap comes from, the network or what was known otherwise, and
        how many times the network's that is; by which factor it was corrected in the end, and the spread of that."""
        report = {"scale_from": self.known.source, "scale_times_network": round(self.known.times_network, 4)}
        if submap in self.settled:
            factor, log_std = self.settled[submap]
            report |= {"scale_settled_by": round(factor, 4),
                       "scale_log_std": None if log_std is None else round(log_std, 4)}
        return report

    def _note(self, submap, factor, log_std):
        self.settled[int(submap)] = factor * self.settled.get(int(submap), (1.0,))[0], log_std
