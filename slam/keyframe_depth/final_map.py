"""The final map: every keyframe's depth again, by stereo with the keyframes that see it best, fused anew."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.consistency import count_votes
from slam.keyframe_depth.stereo import StereoDepth, refine_depth, unrefined
from slam.mapping.fusion import Fusion, FusionConfig
from slam.mapping.keyframes import Keyframes
from slam.mapping.render import render
from slam.mapping.surfels import SurfelConfig, Surfels
from slam.meshing.depth_view import DepthView
from slam.tracking.pyramid import NO_DEPTH, build_pyramid

if TYPE_CHECKING:
    from slam.keyframe_depth.refinement import Refiner

SHARE = 0.8
"""Share of the work that is stereo; the rest is fusion."""


@dataclass(frozen=True)
class FinalMapConfig:
    """Settings of FinalMap."""

    others: int = 5
    """Other keyframes that a keyframe's depth is estimated from, at most."""
    min_overlap: float = 0.4
    """Share of the keyframe's image that another one must see."""
    baseline: tuple[float, float] = (0.02, 0.4)
    """Distance to another keyframe, at least and at most, in median depths."""
    best_baseline: float = 0.12
    """Distance to another keyframe that is best for stereo, in median depths."""
    baseline_cost: float = 0.15
    """Share of overlap that a factor of e in distance, off the best, is worth."""
    tolerance: float = 0.1
    """Relative difference up to which two keyframes' depths agree."""


class FinalMap:
    """Estimates the depth of all keyframes again, and fuses it into new surfels."""

    def __init__(self, camera: Camera, keyframes: Keyframes, overlap: Callable[..., np.ndarray], refiner: Refiner,
                 config: FinalMapConfig, fusion: FusionConfig, surfels: SurfelConfig):
        """overlap: see LoopCandidates.overlap; refiner: has the keyframes' images and the configuration of stereo."""
        self.camera, self.keyframes, self.overlap = camera, keyframes, overlap
        self.refiner, self.config, self.surfels = refiner, config, surfels
        self.fusion = Fusion(camera, fusion)
        self.depth: dict[int, StereoDepth] = {}
        self.others: dict[int, list[int]] = {}

    def steps(self) -> Generator[float, None, Surfels]:
        """Yields the share of the work that is done, keyframe by keyframe; returns the new Surfels."""
        rows = range(len(self.keyframes))
        for row in rows:
            self.others[row] = self._others(row)
            self.depth[row] = self._stereo(row)
            yield SHARE * (row + 1) / len(rows)
        surfels = Surfels(self.surfels)
        for _ in rows:
            surfels.add_keyframe()
        for row in rows:
            self._fuse(surfels, row)
            yield SHARE + (1 - SHARE) * (row + 1) / len(rows)
        return surfels

    def views(self, submap: int) -> list[DepthView]:
        """The keyframes of a submap as the mesh takes them, without pixels that others see through."""
        return [DepthView(np.where(self._is_opposed(row), 0, depth.inverse_depth), depth.log_std,
                          self.refiner.rgb[row], self.keyframes.T_world_key[row])
                for row, depth in self.depth.items() if self.keyframes.submap[row] == submap]

    def _others(self, row):
        """-> rows of keyframes for stereo, best first"""
        c, keyframe, T = self.config, self.keyframes.items[row], self.keyframes.T_world_key
        overlap = self.overlap(keyframe, self.keyframes, slice(len(T)))
        baseline = np.linalg.norm(T[:, :3, 3] - T[row, :3, 3], axis=1) / keyframe.median_depth_m
        usable = (overlap >= c.min_overlap) & (baseline >= c.baseline[0]) & (baseline <= c.baseline[1])
        off = np.abs(np.log(np.maximum(baseline, c.baseline[0]) / c.best_baseline))
        value = np.where(usable, overlap - c.baseline_cost * off, -np.inf)
        return [int(other) for other in np.argsort(-value, kind="stable")[:c.others] if usable[other]]

    def _stereo(self, row):
        keyframe, others = self.keyframes.items[row], self.others[row]
        if not others:
            return unrefined(keyframe.inverse_depth, self.refiner.config.network_log_std)
        return refine_depth(self._pyramid(row), keyframe.inverse_depth, [self._pyramid(other) for other in others],
                            self._T_other_key(row), self.refiner.config.stereo)

    def _pyramid(self, row):
        gray = self.keyframes.items[row].gray_u8.astype(np.float32) / 255
        return build_pyramid(gray, NO_DEPTH, self.camera, self.refiner.config.stereo.level + 1)

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
        """-> (h, w) bool: pixels that other keyframes see through, and none confirms"""
        agree, oppose = np.empty((2, *self.camera.size), np.uint8)
        if not self.others[row]:
            return np.zeros(self.camera.size, bool)
        count_votes(self.depth[row].inverse_depth, np.stack([self.depth[other].inverse_depth for other in
                       self.others[row]]), self._T_other_key(row)[:, :3].astype(np.float32),
                       np.array(self.camera.pinhole, np.float32), np.float32(self.config.tolerance),
                       agree, oppose)
        return (oppose > 0) & (agree == 0)
