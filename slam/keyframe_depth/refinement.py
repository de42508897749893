"""Keyframes' depth and motion where geometry decides and the network fills in.

A window of keyframes is adjusted jointly over points that images locate (slam.window). Those points then say what
dense depth is: the network's shape, brought to them by a factor and a smooth field. A keyframe that has others after
it is finished by dense stereo with its neighbours, along ratios to that shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from slam.keyframe_depth.depth_alignment import AlignedDepth, AlignmentConfig, bend_to_points
from slam.keyframe_depth.keyframe_window import Window, WindowConfig
from slam.keyframe_depth.network_response import NetworkResponse, ResponseConfig
from slam.keyframe_depth.stereo import StereoConfig, refine_depth, unrefined
from slam.mapping.dynamic_regions import DynamicRegionConfig, contradicted_by_images
from slam.mapping.keyframes import Keyframes
from slam.robust import robust_std
from slam.tracking.image import Image
from slam.tracking.tracker import TrackingResult

if TYPE_CHECKING:
    from slam.keyframe_depth.stereo import StereoDepth


@dataclass(frozen=True)
class RefinementConfig:
    window: WindowConfig = field(default_factory=WindowConfig)
    """Joint adjustment of the last keyframes and the points that they see."""
    alignment: AlignmentConfig = field(default_factory=lambda: AlignmentConfig(bend_prior=0.3))
    """How predicted depth is bent to the located points."""
    response: ResponseConfig = field(default_factory=ResponseConfig)
    """Slope of the network's log depth against true log depth, learned while running."""
    stereo: StereoConfig = field(default_factory=StereoConfig)
    """Dense stereo between a keyframe and its neighbours."""
    dynamic_regions: DynamicRegionConfig = field(default_factory=DynamicRegionConfig)
    """Regions that move are left out of keyframes' depth."""
    neighbours: int = 2
    """Keyframes before, and as many after, that the depth of a keyframe is taken from; they are waited for."""
    one_observation_log_std: float = 0.2
    """Standard deviation of the logarithm of depth with which a pixel counts as one observation, ..."""
    observations: tuple[float, float] = (6.0, 60.0)
    """... within these limits: a surfel that only one keyframe saw is shown, so that there are no holes."""
    network_log_std: float = 0.3
    """Standard deviation of the logarithm of a network's depth, after its scale has been found."""
    usual_log_std: float = 0.1
    """Of one keyframe's scale around that of all: networks misjudge views."""
    min_points: int = 30
    """Fewer located points in view say nothing about dense depth."""
    min_votes: int = 4
    """Keyframes whose scale the network must have judged before their median is believed more than the first one."""


class Refiner:
    """Holds the window; the keyframes' own poses and depth are the map's (slam.keyframes)."""

    def __init__(self, camera: Camera, config: RefinementConfig, keeps_images: bool = False):
        self.camera, self.config, self.keeps_images = camera, config, keeps_images
        self.window = Window(config.window)
        self.response = NetworkResponse(config.response)
        self.log_ratio: dict[int, float] = {}
        """Per keyframe, log of the factor that brought the network's depth to the map's, in the units it had then."""
        self.unfinished: dict[int, Image] = {}
        """Images of the keyframes that wait for those after them, by row."""
        self.network_depth: dict[int, np.ndarray] = {}
        """Per keyframe, the network's inverse depth at half size, float16, in its own metres."""
        self.rgb: dict[int, np.ndarray] = {}
        """Per keyframe its (h, w, 3) uint8 image, if these are kept."""

    def dense(self, inverse_depth: np.ndarray, T_world_cam: np.ndarray,
              usual: tuple[float, float] | None = None) -> AlignedDepth | None:
        """A network's (h, w) inverse depth brought to the located points that a camera sees; None if these are few.
        `usual`: see `bend_to_points`."""
        u, v, rho = self.window.located(se3.inverse(T_world_cam), self.camera)
        known = inverse_depth[v, u] > 0
        if known.sum() < self.config.min_points:
            return None
        inverse_depth = self.response.corrected(inverse_depth)
        return bend_to_points(inverse_depth, u[known], v[known], rho[known], self.config.alignment, usual)

    def usual_scale(self, keyframes: Keyframes) -> tuple[float, float] | None:
        """Log of the factor that brings the network's depth to the map's by the keyframes of the present submap, and the
        standard deviation of one of them; None where there are too few."""
        judged = self._log_ratios(keyframes, keyframes.active_submap)
        return None if judged is None else (float(np.median(judged)), self.config.usual_log_std)

    def network_scale(self, keyframes: Keyframes, submap: int) -> tuple[float, float] | None:
        """By which factor a submap is too small according to the network, over all keyframes, and how much they differ:
        median and robust standard deviation of the log -> (factor, log_std), or None where there are too few."""
        judged = self._log_ratios(keyframes, submap)
        if judged is None:
            return None
        median = np.median(judged)
        return float(np.exp(-median)), robust_std(judged - median)

    def rescale_network(self, factor: float) -> None:
        """Take a metre of the network's for `factor` metres from now on, in all that it has said."""
        self.log_ratio = {row: ratio - float(np.log(factor)) for row, ratio in self.log_ratio.items()}
        self.network_depth = {row: (depth / np.float32(factor)).astype(np.float16)
                              for row, depth in self.network_depth.items()}

    def _log_ratios(self, keyframes, submap):
        """Of a submap's keyframes that the network has judged, in the units they have now -> (n,), None for too few."""
        rows = np.array([row for row in self.log_ratio if keyframes.submap[row] == submap], np.int64)
        if len(rows) < self.config.min_votes:
            return None
        return np.array([self.log_ratio[row] for row in rows]) + np.log(keyframes.scale[rows])

    @property
    def rows(self) -> list[int]:
        """Keyframes in the window."""
        return [frame.row for frame in self.window.frames]

    def knows(self, row: int) -> bool:
        """Whether `row` is the window's last keyframe, so that another can follow it."""
        return bool(self.window.frames) and self.window.frames[-1].row == row

    def moved(self, keyframes: Keyframes) -> np.ndarray:
        """-> S_world_key (K, 4, 4) of all keyframes, with the window's poses"""
        S_world_key = keyframes.S_world_key()
        for row, T_cam_world in zip(self.rows, self.window.T_cam_world):
            S_world_key[row] = sim3.similarity(se3.inverse(T_cam_world), keyframes.scale[row])
        return S_world_key

    def map_moved(self, keyframes: Keyframes, factor: np.ndarray) -> None:
        """Keyframes have been moved, and each one's frame has grown by its `factor` (K,)."""
        if self.window.frames:
            self.window.move(keyframes.T_world_key[self.rows], factor[self.rows])

    def begin(self) -> None:
        """Forget the window: what comes next has nothing to do with it."""
        self.window = Window(self.config.window)

    def add(self, row: int, T_world_key: np.ndarray, tracked: TrackingResult | None, image: Image,
            inverse_depth: np.ndarray) -> None:
        """A new keyframe; adjust the window."""
        log_std = np.full(inverse_depth.shape, self.config.network_log_std, np.float32)
        self.window.add(row, T_world_key, self._affine(tracked), image.pyramid, inverse_depth, log_std)
        self.window.adjust()
        self.unfinished[row] = image
        self.network_depth[row] = image.inverse_depth[::2, ::2].astype(np.float16)
        if self.keeps_images:
            self.rgb[row] = image.rgb

    def finish(self, row: int, keyframes: Keyframes) -> tuple[Image, StereoDepth]:
        """The last word on an unfinished keyframe's depth -> its image, StereoDepth"""
        image = self.unfinished.pop(row)
        shape = self.dense(image.inverse_depth, keyframes.T_world_key[row])
        inverse_depth = keyframes.items[row].inverse_depth if shape is None else shape.inverse_depth
        stereo = self._stereo(row, keyframes, image, inverse_depth)
        self.response.learn(image.inverse_depth, *stereo)
        return image, stereo

    def observations(self, stereo: StereoDepth) -> np.ndarray:
        """-> (h, w) float32: how many observations a pixel of a finished keyframe counts as."""
        count = (self.config.one_observation_log_std / stereo.log_std) ** 2
        return np.clip(count, *self.config.observations).astype(np.float32)

    def finished_row(self) -> int | None:
        """The oldest unfinished keyframe that has enough others after it, or None."""
        row = next(iter(self.unfinished), None)
        return row if row is not None and row <= self.rows[-1] - self.config.neighbours else None

    def _stereo(self, row, keyframes, image, inverse_depth):
        """(h, w) inverse depth improved by the keyframe's neighbours in the window, and 0 where something moves
        -> StereoDepth"""
        place = self.rows.index(row)
        reach = self.config.neighbours
        neighbours = [frame for k, frame in enumerate(self.window.frames) if 0 < abs(k - place) <= reach]
        if not neighbours:
            return unrefined(inverse_depth, self.config.network_log_std)
        T_world_key = keyframes.T_world_key
        T_other_key = se3.inverse(T_world_key[[frame.row for frame in neighbours]]) @ T_world_key[row]
        others = [frame.pyramid for frame in neighbours]
        stereo = refine_depth(image.pyramid, inverse_depth, others, T_other_key, self.config.stereo)
        moves = contradicted_by_images(image.pyramid, stereo.inverse_depth, others, T_other_key,
                                       self.config.dynamic_regions)
        return stereo._replace(inverse_depth=np.where(moves, 0, stereo.inverse_depth))

    def _affine(self, tracked):
        """Brightness against the window's first keyframe, from that against the last."""
        if tracked is None or not self.window.frames:
            return np.zeros(2)
        last = self.window.affine[-1]
        return np.array([last[0] + tracked.affine[0], tracked.affine[1] + np.exp(tracked.affine[0]) * last[1]])
