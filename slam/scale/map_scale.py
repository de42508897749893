"""Final scale of a map of predicted depth: the network's over all keyframes, or a known one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry import sim3
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.scale.known_scale import KnownScale, ScaleConfig
from slam.scale.network_scale import NetworkScaleConfig

if TYPE_CHECKING:
    from slam.keyframe_depth.refinement import Refiner

NOTHING = "nothing"
"""Where the scale comes from if the network knows none and none was given."""


class Correction(NamedTuple):
    """What the scale of a submap was corrected by after the last frame, and how well it is known since."""

    factor: float
    log_std: float | None
    """Standard deviation of the log of the scale; None where the user gave a factor."""
    weakness: str | None
    """Why it is no better known, where it is the network's."""


class MapScale:
    """Computes the final scale of each submap, and keeps by how much it was corrected."""

    def __init__(self, config: ScaleConfig, doubtful_log_std: float = NetworkScaleConfig.doubtful_log_std,
                 is_relative: bool = False):
        """doubtful_log_std: standard deviation of the log scale beyond which metres are called doubtful; is_relative:
        the network knows none."""
        self.known, self.doubtful_log_std, self.is_relative = KnownScale(config), doubtful_log_std, is_relative
        self.corrections: dict[int, Correction] = {}
        """Per submap; none before the last frame."""
        self._origin: dict | None = None
        """Report on the map that the network was adapted to, and with it to its scale."""

    def inherit(self, report: dict) -> None:
        """The network was adapted to a finished map, of which `report` is what `report` below says.

        Such a network agrees with its map, whatever the true scale. So the scale is known as well as that map's, a
        known one is in the network already, and what the network thinks of its own scale is no news."""
        self._origin, self.known = report, KnownScale(ScaleConfig())

    def by_network(self, keyframes: Keyframes, refiner: Refiner) -> np.ndarray:
        """Scale each submap by the network's median over all its keyframes -> S_world_key (K, 4, 4)

        Before, the first keyframe's prediction set the scale; but a network's errors of scale differ between views."""
        S_world_key = keyframes.S_world_key()
        if keyframes.anchored_count:
            refiner.fit_network(keyframes, [row for row, submap in enumerate(keyframes.submap) if
                                            row >= keyframes.anchored_count and submap in keyframes.anchored_submaps])
        if self.is_relative:
            return S_world_key
        for submap in sorted({*map(int, keyframes.submap)} - keyframes.anchored_submaps):
            scale = refiner.network_scale(keyframes, submap)
            rows = keyframes.submap == submap
            S_world_key[rows] = sim3.scaling(scale.growth) @ S_world_key[rows]
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
                self._note(submap, *known, weakness=None)
        return S_world_key

    def report(self, submap: int) -> dict:
        """Values for report.json: source of a submap's scale and its ratio to the network's; factor by which it was
        corrected after the last frame; standard deviation of its log, whether that is doubtful, and why."""
        report = {"scale_from": self.known.source, "scale_times_network": round(self.known.times_network, 4)}
        if submap in self.corrections:
            factor, log_std, weakness = self.corrections[submap]
            is_doubtful = log_std is not None and log_std > self.doubtful_log_std
            report |= {"scale_settled_by": round(factor, 4),
                       "scale_log_std": None if log_std is None else round(log_std, 4),
                       "scale_doubtful": is_doubtful, "scale_weakness": weakness if is_doubtful else None}
        if self.is_relative and not self.known.last_estimate:
            report |= {"scale_from": NOTHING, "scale_log_std": None, "scale_doubtful": True,
                       "scale_weakness": "the network knows depth up to a factor only"}
        if self._origin:
            report |= {name: value for name, value in self._origin.items() if name != "scale_settled_by"}
        return report

    def _note(self, submap, factor, log_std, weakness):
        before = self.corrections.get(int(submap))
        self.corrections[int(submap)] = Correction(factor * (before.factor if before else 1.0), log_std, weakness)
