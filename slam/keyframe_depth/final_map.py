"""When there is time in the end: every keyframe's depth once more, from those that see it best, and a map of that."""

from dataclasses import dataclass

import numpy as np

from calib.geometry import se3
from slam.kernels.consistency import count_opinions
from slam.keyframe_depth.stereo import StereoDepth, refine_depth, unrefined
from slam.mapping.fusion import Fusion
from slam.mapping.render import render
from slam.mapping.surfels import Surfels
from slam.tracking.pyramid import NO_DEPTH, build_pyramid

SHARE = 0.8
"""Of the work that is stereo."""


@dataclass(frozen=True)
class FinalMapConfig:
    others: int = 5
    """Keyframes that one's depth comes from: of those that see ..."""
    min_overlap: float = 0.4
    """... this share of its image, ..."""
    baseline: tuple[float, float] = (0.02, 0.4)
    """... from between these distances, in median depths, those that see most, ..."""
    best_baseline: float = 0.12
    """... and stand about so far away: ..."""
    baseline_cost: float = 0.15
    """... a factor of e in distance counts like that share of the image."""
    tolerance: float = 0.1
    """Relative difference up to which two keyframes' depths agree."""


class FinalMap:
    def __init__(self, camera, keyframes, overlap, refiner, config):
        """overlap: like slam.loop_candidates.LoopCandidates.overlap; refiner: slam.refinement.Refiner; config:
        slam.config.SlamConfig."""
        self.camera, self.keyframes, self.overlap = camera, keyframes, overlap
        self.refiner, self.config = refiner, config
        self.fusion = Fusion(camera, config.fusion)
        self.depth: dict[int, StereoDepth] = {}
        self.others: dict[int, list[int]] = {}
        self.surfels: Surfels
        """Set at the end."""

    def steps(self):
        """A keyframe at a time -> share of the work that is done"""
        rows = range(len(self.keyframes))
        for row in rows:
            self.others[row] = self._others(row)
            self.depth[row] = self._stereo(row)
            yield SHARE * (row + 1) / len(rows)
        surfels = Surfels(self.config.surfels)
        for _ in rows:
            surfels.add_keyframe()
        for row in rows:
            self._fuse(surfels, row)
            yield SHARE + (1 - SHARE) * (row + 1) / len(rows)
        self.surfels = surfels

    def _others(self, row):
        """Keyframes to look at, best first."""
        c, keyframe, T = self.config.final_map, self.keyframes.items[row], self.keyframes.T_world_key
        overlap = self.overlap(keyframe, self.keyframes, slice(len(T)))
        baseline = np.linalg.norm(T[:, :3, 3] - T[row, :3, 3], axis=1) / keyframe.median_depth_m
        usable = (overlap >= c.min_overlap) & (baseline >= c.baseline[0]) & (baseline <= c.baseline[1])
        off = np.abs(np.log(np.maximum(baseline, c.baseline[0]) / c.best_baseline))
        value = np.where(usable, overlap - c.baseline_cost * off, -np.inf)
        return [int(other) for other in np.argsort(-value, kind="stable")[:c.others] if usable[other]]

    def _stereo(self, row):
        keyframe, others = self.keyframes.items[row], self.others[row]
        if not others:
            return unrefined(keyframe.inverse_depth, self.config.refinement.network_log_std)
        return refine_depth(self._pyramid(row), keyframe.inverse_depth, [self._pyramid(other) for other in others],
                            self._T_other_key(row), self.config.refinement.stereo)

    def _pyramid(self, row):
        gray = self.keyframes.items[row].gray_u8.astype(np.float32) / 255
        return build_pyramid(gray, NO_DEPTH, self.camera, self.config.refinement.stereo.level + 1)

    def _T_other_key(self, row):
        T = self.keyframes.T_world_key
        return se3.inverse(T[self.others[row]]) @ T[row]

    def _fuse(self, surfels, row):
        depth, keyframes = self.depth[row], self.keyframes
        weights = np.where(self._is_opposed(row), 0, self.refiner.observations(depth)).astype(np.float32)
        view = render(surfels, self.camera, keyframes.T_world_key[row], keyframes.T_world_key,
                      keyframes.submap == keyframes.submap[row])
        self.fusion(surfels, view, depth.inverse_depth, self.refiner.rgb[row], row, row, weights)

    def _is_opposed(self, row):
        """(h, w) bool: other keyframes see through these pixels' points, and none sees them."""
        agree, oppose = np.empty((2, *self.camera.size), np.uint8)
        if not self.others[row]:
            return np.zeros(self.camera.size, bool)
        count_opinions(self.depth[row].inverse_depth, np.stack([self.depth[other].inverse_depth for other in
                       self.others[row]]), self._T_other_key(row)[:, :3].astype(np.float32),
                       np.array(self.camera.pinhole, np.float32), np.float32(self.config.final_map.tolerance),
                       agree, oppose)
        return (oppose > 0) & (agree == 0)
