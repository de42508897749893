"""Final scale of a map of predicted depth: the network's over all keyframes, or a known one."""

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
    """Computes the final scale of each submap, and keeps by how much it was corrected."""

    def __init__(self, config: ScaleConfig):
        self.known = KnownScale(config)
        self.corrections: dict[int, tuple[float, float | None]] = {}
        """Per submap, the factor that it was scaled by after the last frame, and the standard deviation of its log:
        among keyframes, or of the known scale; None where the user gave the factor."""

    def by_network(self, keyframes: Keyframes, refiner: Refiner) -> np.ndarray:
        """Scale each submap by the network's median over all its keyframes -> S_world_key (K, 4, 4)

        Before, the first keyframe's prediction set the scale; but a network's errors of scale differ between views."""
        S_world_key = keyframes.S_world_key()
        for submap in np.unique(keyframes.submap):
            scale = refiner.network_scale(keyframes, submap)
            if scale is not None:
                rows = keyframes.submap == submap
                S_world_key[rows] = sim3.scaling(scale[0]) @ S_world_key[rows]
                self._note(submap, *scale)
        return S_world_key

    def by_known_scale(self, keyframes: Keyframes, refiner: Refiner, surfels: Surfels) -> np.ndarray:
        """Scale all submaps by the known scale, if any -> S_world_key (K, 4, 4)

        One factor for all, wherever it was found: a network misjudges all parts of a place alike."""
        known, S_world_key = self.known.estimate(keyframes, surfels), keyframes.S_world_key()
        if known:
            refiner.rescale_network(known.growth)
            S_world_key = sim3.scaling(known.growth) @ S_world_key
            for submap in np.unique(keyframes.submap):
                self._note(submap, *known)
        return S_world_key

    def report(self, submap: int) -> dict:
        """Values for report.json: source of a submap's scale and its ratio to the network's; factor by which it was
        corrected after the last frame, and the standard deviation of its log."""
        report = {"scale_from": self.known.source, "scale_times_network": round(self.known.times_network, 4)}
        if submap in self.corrections:
            factor, log_std = self.corrections[submap]
            report |= {"scale_settled_by": round(factor, 4),
                       "scale_log_std": None if log_std is None else round(log_std, 4)}
        return report

    def _note(self, submap, factor, log_std):
        self.corrections[int(submap)] = factor * self.corrections.get(int(submap), (1.0,))[0], log_std
