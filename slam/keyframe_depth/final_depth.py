"""Every keyframe's depth again, after the last frame: by stereo with the keyframes that see it best, completed by the
shape of the network's depth."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.consistency import count_votes
from slam.keyframe_depth.completion import CompletionConfig, complete_depth
from slam.keyframe_depth.depth_alignment import AlignmentConfig, bend_to_depth
from slam.keyframe_depth.stereo import MIN_INVERSE_DEPTH, StereoDepth, measure_depth, photometric_cost, unrefined
from slam.mapping.keyframes import Keyframes
from slam.meshing.depth_view import DepthView
from slam.tracking.pyramid import NO_DEPTH, Pyramid, build_pyramid

if TYPE_CHECKING:
    from slam.keyframe_depth.refinement import Refiner


@dataclass(frozen=True)
class FinalDepthConfig:
    """Settings of FinalDepth."""

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
    min_log_std: float = 0.02
    """Standard deviation of log depth that no pixel falls below, for what images do not tell: poses, intrinsics."""
    alignment: AlignmentConfig = field(default_factory=lambda: AlignmentConfig(bend_prior=0.02))
    """New predictions aligned to the depth that is there."""
    completion: CompletionConfig = field(default_factory=CompletionConfig)
    """What stereo measures, completed by the network's shape."""


class FinalDepth:
    """Estimates the depth of all keyframes: at first around the live depth, then around new predictions."""

    def __init__(self, camera: Camera, keyframes: Keyframes, overlap: Callable[..., np.ndarray], refiner: Refiner,
                 config: FinalDepthConfig):
        """overlap: see LoopCandidates.overlap; refiner: has the network's depth and the configuration of stereo."""
        self.camera, self.keyframes, self.overlap = camera, keyframes, overlap
        self.refiner, self.config = refiner, config
        self.depth: dict[int, StereoDepth] = {}
        """By row of the keyframe."""
        self.others: dict[int, list[int]] = {}
        """Rows of the keyframes that stereo uses, best first, by row of the keyframe."""
        self.predicted = dict(refiner.network_depth)
        """The network's inverse depth at half size, in any scale, by row of the keyframe."""

    def estimate(self) -> Iterator[float]:
        """Estimate every keyframe's depth, around the live depth -> share of the work that is done"""
        for row in range(len(self.keyframes)):
            self.others[row] = self._others(row)
            self.depth[row] = self._kept(self._estimated(row, self.keyframes.items[row].inverse_depth))
            yield (row + 1) / len(self.keyframes)

    def restore(self, depth: dict[int, StereoDepth]) -> None:
        """Take over what was estimated when this map was saved, by row."""
        self.others = {row: self._others(row) for row in depth}
        self.depth = {row: self._kept(one) for row, one in depth.items()}

    def estimated_around(self, predicted: dict[int, np.ndarray]) -> Generator[float, None, FinalDepth]:
        """Yields the share of the work; returns another FinalDepth, around new predictions that are aligned to this one

        predicted: inverse depth (h, w) in any scale, by row; where one lacks, the last one stands."""
        new = copy(self)
        new.predicted = {**self.predicted, **predicted}
        new.depth = {}
        for row, depth in self.depth.items():
            new.depth[row] = new._kept(new._estimated(row, new._aligned(row, depth)))
            yield (row + 1) / len(self.depth)
        return new

    def is_opposed(self, row: int) -> np.ndarray:
        """-> (h, w) bool: pixels that other keyframes see through, and none confirms"""
        agree, oppose = np.empty((2, *self.camera.size), np.uint8)
        if not self.others[row]:
            return np.zeros(self.camera.size, bool)
        count_votes(self.depth[row].inverse_depth, np.stack([self.depth[other].inverse_depth for other in
                       self.others[row]]), self._T_other_key(row)[:, :3].astype(np.float32),
                       np.array(self.camera.pinhole, np.float32), np.float32(self.config.tolerance),
                       agree, oppose)
        return (oppose > 0) & (agree == 0)

    def photometric_cost(self) -> float:
        """Mean over keyframes of how badly depth and poses explain the images, 0 to 1; see stereo.photometric_cost

        Nothing of it was trained on, and it does not depend on scale."""
        costs = [photometric_cost(self._pyramid(row), depth.inverse_depth, [self._pyramid(k) for k in self.others[row]],
                                  self._T_other_key(row), self.refiner.config.stereo)
                 for row, depth in self.depth.items() if self.others[row]]
        return float(np.mean(costs)) if costs else 1.0

    def views(self, submap: int) -> list[DepthView]:
        """Final depth of a submap's keyframes, unknown where it is contradicted."""
        return [self._view(row) for row in self.depth if self.keyframes.submap[row] == submap]

    def _view(self, row):
        depth = self.depth[row]
        inverse_depth = np.where(self.is_opposed(row), np.float32(0), depth.inverse_depth)
        return DepthView(self.refiner.memory.keep(inverse_depth), depth.log_std, self.refiner.rgb[row],
                         self.keyframes.T_world_key[row])

    def _kept(self, depth):
        """A StereoDepth that takes memory only while it is used; so does all else of the keyframes from here on."""
        memory = self.refiner.memory
        memory.let_go()
        return StereoDepth(*map(memory.keep, depth))

    def _others(self, row):
        """-> rows of keyframes for stereo, best first"""
        c, keyframe, T = self.config, self.keyframes.items[row], self.keyframes.T_world_key
        overlap = self.overlap(keyframe, self.keyframes, slice(len(T)))
        baseline = np.linalg.norm(T[:, :3, 3] - T[row, :3, 3], axis=1) / keyframe.median_depth_m
        usable = (overlap >= c.min_overlap) & (baseline >= c.baseline[0]) & (baseline <= c.baseline[1])
        off = np.abs(np.log(np.maximum(baseline, c.baseline[0]) / c.best_baseline))
        value = np.where(usable, overlap - c.baseline_cost * off, -np.inf)
        return [int(other) for other in np.argsort(-value, kind="stable")[:c.others] if usable[other]]

    def _estimated(self, row, assumed):
        """-> StereoDepth around an assumed (h, w) inverse depth, unknown where that is"""
        if not self.others[row]:
            return unrefined(assumed, self.refiner.config.network_log_std)
        pyramid, stereo = self._pyramid(row), self.refiner.config.stereo
        measured = measure_depth(pyramid, assumed, [self._pyramid(other) for other in self.others[row]],
                                 self._T_other_key(row), stereo)
        gray = pyramid.levels[stereo.level].texture[..., 0]
        log_depth = complete_depth(measured.log_depth, measured.log_std, self._shape(row, gray.shape), gray,
                                   self.config.completion)
        inverse_depth = _resized(np.exp(-log_depth), assumed.shape)
        log_std = np.hypot(_resized(measured.log_std, assumed.shape), np.float32(self.config.min_log_std))
        return StereoDepth(np.where(assumed > 0, inverse_depth, 0), log_std)

    def _aligned(self, row, depth):
        """-> (h, w) inverse depth: the network's, aligned to a StereoDepth where that is sure"""
        c, known = self.config, depth.inverse_depth > 0
        weight = np.where(known, (c.completion.measured_log_std / depth.log_std) ** 2, 0)
        measured = -np.log(np.maximum(depth.inverse_depth, MIN_INVERSE_DEPTH))
        log_depth = bend_to_depth(self._shape(row, known.shape), measured, weight, c.alignment)
        return np.where(known, np.exp(-log_depth), 0).astype(np.float32)

    def _shape(self, row, size):
        """-> (h, w) float32 log depth by the network"""
        inverse_depth = np.maximum(self.predicted[row].astype(np.float32), MIN_INVERSE_DEPTH)
        return _resized(-np.log(inverse_depth), size)

    def _pyramid(self, row) -> Pyramid:
        gray = self.keyframes.items[row].gray_u8.astype(np.float32) / 255
        return build_pyramid(gray, NO_DEPTH, self.camera, self.refiner.config.stereo.level + 1)

    def _T_other_key(self, row):
        T = self.keyframes.T_world_key
        return se3.inverse(T[self.others[row]]) @ T[row]


def _resized(image, size):
    return cv2.resize(image.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR)
