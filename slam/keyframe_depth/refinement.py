"""Refinement of keyframes: poses and sparse points in a window, dense depth from points, network and stereo.

A window of keyframes and points is adjusted jointly (slam.keyframe_depth.keyframe_window). The network's depth is
aligned to the points by a factor and a smooth field. Once a keyframe has neighbours, dense stereo with these finalises
its depth, as ratios to the aligned one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calib.geometry import se3, sim3
from calib.geometry.camera import Camera
from slam.keyframe_depth.depth_alignment import AlignedDepth, AlignmentConfig, bend_to_points
from slam.keyframe_depth.keyframe_window import Window, WindowConfig
from slam.keyframe_depth.network_response import NetworkResponse, ResponseConfig
from slam.keyframe_depth.stereo import StereoConfig, StereoDepth, refine_depth, unrefined
from slam.mapping.dynamic_regions import DynamicRegionConfig, contradicted_by_images
from slam.mapping.keyframes import Keyframes
from slam.mapping.paged_memory import PagedMemory
from slam.scale.network_scale import NetworkScale, NetworkScaleConfig, Vote, network_scale
from slam.tracking.image import Image
from slam.tracking.tracker import TrackingResult


@dataclass(frozen=True)
class RefinementConfig:
    """Settings of Refiner."""

    window: WindowConfig = field(default_factory=WindowConfig)
    """The window of keyframes that are adjusted jointly."""
    alignment: AlignmentConfig = field(default_factory=lambda: AlignmentConfig(bend_prior=0.3))
    """The network's depth aligned to the window's points."""
    response: ResponseConfig = field(default_factory=ResponseConfig)
    """The slope of the network's log depth."""
    stereo: StereoConfig = field(default_factory=StereoConfig)
    """Dense stereo of a keyframe with its neighbours."""
    dynamic_regions: DynamicRegionConfig = field(default_factory=DynamicRegionConfig)
    """What moves, in predicted depth."""
    neighbours: int = 2
    """Keyframes before a keyframe, and as many after it, for stereo; it is final once these exist."""
    one_observation_log_std: float = 0.2
    """Standard deviation of log depth at which a pixel counts as one observation."""
    observations: tuple[float, float] = (6.0, 60.0)
    """Limits of the observations that a pixel counts as; the lower one makes a surfel stable at once, without holes."""
    network_log_std: float = 0.3
    """Standard deviation of the log of a network's depth, once its scale is known."""
    usual_log_std: float = 0.1
    """Standard deviation of the log scale of one keyframe's prediction, around that of all."""
    min_points: int = 30
    """Located points in view that the alignment of dense depth needs."""
    network_scale: NetworkScaleConfig = field(default_factory=NetworkScaleConfig)
    """The scale of a map by its network, and its uncertainty."""


class FinishedDepth(NamedTuple):
    """A keyframe whose depth is final."""

    row: int
    image: Image
    depth: StereoDepth
    """In the units that the keyframe had when this began."""
    scale: float
    """Of the keyframe then; see Keyframes.scale."""


class Refiner:
    """Holds the window and what else refinement keeps per keyframe; the map's poses and depth are in Keyframes."""

    def __init__(self, camera: Camera, config: RefinementConfig, memory: PagedMemory, keeps_images: bool = False):
        """memory: for what is kept of all keyframes."""
        self.camera, self.config, self.memory, self.keeps_images = camera, config, memory, keeps_images
        self.window = Window(config.window)
        self.response = NetworkResponse(config.response)
        self.log_ratio: dict[int, float] = {}
        """Per keyframe, log of the factor from the network's depth to the map's, in the units that it was made in."""
        self.agreement: dict[int, float | None] = {}
        """Per keyframe, how well the shape of the network's depth agrees with the refined one, see NetworkResponse."""
        self.unfinished: dict[int, Image] = {}
        """Images of the keyframes whose depth is not final, by row."""
        self.network_depth: dict[int, np.ndarray] = {}
        """Per keyframe, the network's inverse depth at half size, float16, in the network's metres."""
        self.rgb: dict[int, np.ndarray] = {}
        """Per keyframe, its image (h, w, 3) uint8, if keeps_images."""
        self.log_std: dict[int, np.ndarray] = {}
        """Per finished keyframe, the standard deviation of its log depth (h, w), float16, if keeps_images."""

    def dense(self, inverse_depth: np.ndarray, T_world_cam: np.ndarray,
              usual: tuple[float, float] | None = None) -> AlignedDepth | None:
        """Align a network's (h, w) inverse depth to the located points in view -> AlignedDepth, None for too few

        usual: see `bend_to_points`."""
        u, v, rho = self.window.located(se3.inverse(T_world_cam), self.camera)
        known = inverse_depth[v, u] > 0
        if known.sum() < self.config.min_points:
            return None
        inverse_depth = self.response.corrected(inverse_depth)
        return bend_to_points(inverse_depth, u[known], v[known], rho[known], self.config.alignment, usual)

    def usual_scale(self, keyframes: Keyframes) -> tuple[float, float] | None:
        """Median over the active submap of the log factor from the network's depth to the map's, and the standard
        deviation of one keyframe's; None for too few keyframes."""
        rows = self._rows(keyframes, keyframes.active_submap)
        if len(rows) < self.config.network_scale.min_votes:
            return None
        return float(np.median(self._log_ratios(keyframes, rows))), self.config.usual_log_std

    def network_scale(self, keyframes: Keyframes, submap: int) -> NetworkScale:
        """What all keyframes of a submap say of its scale."""
        rows = self._rows(keyframes, submap)
        log_ratios = self._log_ratios(keyframes, rows)
        depths_m = [_median_depth_m(self.network_depth[row]) for row in rows]
        agreements = [self.agreement.get(row) for row in rows]
        return network_scale([*map(Vote, log_ratios, depths_m, agreements)], self.config.network_scale)

    def scale_spread(self, keyframes: Keyframes) -> float:
        """Standard deviation of the keyframes' log scale against the network's depth, within their submaps: what grows
        where the scale of a map drifts."""
        spread = []
        for submap in np.unique(keyframes.submap):
            log_ratios = self._log_ratios(keyframes, self._rows(keyframes, submap))
            spread.append(log_ratios - log_ratios.mean() if len(log_ratios) else log_ratios)
        return float(np.concatenate(spread).std()) if spread else 0.0

    def rescale_network(self, factor: float) -> None:
        """Multiply all stored depth of the network by `factor`, since its scale is now known better."""
        self.log_ratio = {row: ratio - float(np.log(factor)) for row, ratio in self.log_ratio.items()}
        self.network_depth = {row: self.memory.keep((depth / np.float32(factor)).astype(np.float16))
                              for row, depth in self.network_depth.items()}

    def fit_network(self, keyframes: Keyframes, rows: Iterable[int]) -> None:
        """Bring the network's depth of keyframes to the scale of a map that they were put into: its own size of the
        place is no news there, and would pull at the adjustment."""
        rows = [row for row in rows if row in self.log_ratio]
        if rows:
            log_factor = float(np.median(self._log_ratios(keyframes, rows)))
            for row in rows:
                self.log_ratio[row] -= log_factor
                depth = (self.network_depth[row] / np.exp(np.float32(log_factor))).astype(np.float16)
                self.network_depth[row] = self.memory.keep(depth)

    def _rows(self, keyframes, submap):
        """Keyframes of a submap with a log scale."""
        return [row for row in self.log_ratio if keyframes.submap[row] == submap]

    def _log_ratios(self, keyframes, rows):
        """Log factors of keyframes, in present units -> (n,)"""
        return np.array([self.log_ratio[row] for row in rows]) + np.log(keyframes.scale[rows])

    @property
    def rows(self) -> list[int]:
        """Rows of the keyframes in the window."""
        return [frame.row for frame in self.window.frames]

    def is_last(self, row: int) -> bool:
        """Whether `row` is the window's last keyframe, so that another can follow it."""
        return bool(self.window.frames) and self.window.frames[-1].row == row

    def moved(self, keyframes: Keyframes) -> np.ndarray:
        """-> S_world_key (K, 4, 4) of all keyframes, with the window's adjusted poses"""
        S_world_key = keyframes.S_world_key()
        for row, T_cam_world in zip(self.rows, self.window.T_cam_world):
            S_world_key[row] = sim3.similarity(se3.inverse(T_cam_world), keyframes.scale[row])
        return S_world_key

    def map_moved(self, keyframes: Keyframes, factor: np.ndarray) -> None:
        """The keyframes' poses were corrected, and each one's scale grew by its factor (K,)."""
        if self.window.frames:
            self.window.move(keyframes.T_world_key[self.rows], factor[self.rows])

    def begin(self) -> None:
        """Start a new window: the next keyframe does not follow the last one."""
        self.window = Window(self.config.window)

    def add(self, row: int, T_world_key: np.ndarray, tracked: TrackingResult | None, image: Image,
            inverse_depth: np.ndarray) -> None:
        """Add a keyframe with its prior (h, w) inverse depth to the window, which is to be adjusted then."""
        log_std = np.full(inverse_depth.shape, self.config.network_log_std, np.float32)
        self.window.add(row, T_world_key, self._affine(tracked), image.pyramid, inverse_depth, log_std)
        self.unfinished[row] = image
        self.network_depth[row] = self.memory.keep(half_size(image.inverse_depth))
        if self.keeps_images:
            self.rgb[row] = self.memory.keep(image.rgb)

    def restore(self, row: int, network_depth: np.ndarray, rgb: np.ndarray, log_ratio: float | None,
                agreement: float | None) -> None:
        """Take over what was kept of a keyframe of a saved map; it is no part of the window."""
        self.network_depth[row] = self.memory.keep(network_depth)
        if log_ratio is not None:
            self.log_ratio[row] = log_ratio
        self.agreement[row] = agreement
        if self.keeps_images:
            self.rgb[row] = self.memory.keep(rgb)

    def finishing(self, row: int, keyframes: Keyframes) -> Callable[[], FinishedDepth]:
        """-> the work of finalising the depth of an unfinished keyframe, for another thread: it owns what it needs"""
        image = self.unfinished.pop(row)
        shape = self.dense(image.inverse_depth, keyframes.T_world_key[row])
        inverse_depth = keyframes.items[row].inverse_depth.copy() if shape is None else shape.inverse_depth
        scale, stereo = float(keyframes.scale[row]), self._stereo(row, keyframes, image, inverse_depth)
        return lambda: FinishedDepth(row, image, stereo(), scale)

    def finished(self, finished: FinishedDepth, keyframes: Keyframes) -> StereoDepth:
        """Learn from a keyframe's final depth -> that, in present units"""
        row, (inverse_depth, log_std) = finished.row, finished.depth
        stereo = StereoDepth(inverse_depth * np.float32(finished.scale / keyframes.scale[row]), log_std)
        self.agreement[row] = self.response.learn(finished.image.inverse_depth, *stereo)
        if self.keeps_images:
            self.log_std[row] = self.memory.keep(log_std.astype(np.float16))
        return stereo

    def observations(self, stereo: StereoDepth) -> np.ndarray:
        """-> (h, w) float32 observations that the pixels of a final depth count as"""
        count = (self.config.one_observation_log_std / stereo.log_std) ** 2
        return np.clip(count, *self.config.observations).astype(np.float32)

    def next_row(self) -> int | None:
        """Row of the oldest unfinished keyframe that has enough neighbours after it, or None."""
        row = next(iter(self.unfinished), None)
        return row if row is not None and row <= self.rows[-1] - self.config.neighbours else None

    def _neighbours(self, row):
        """Keyframes of the window around `row`, as WindowFrames"""
        place, reach = self.rows.index(row), self.config.neighbours
        return [frame for k, frame in enumerate(self.window.frames) if 0 < abs(k - place) <= reach]

    def _stereo(self, row, keyframes, image, inverse_depth):
        """-> the work of refining (h, w) inverse depth by stereo with the keyframe's neighbours in the window ->
        StereoDepth, 0 in dynamic regions"""
        config, neighbours = self.config, self._neighbours(row)
        T_world_key, rows = keyframes.T_world_key, [frame.row for frame in neighbours]
        T_other_key = se3.inverse(T_world_key[rows]) @ T_world_key[row]
        others = [frame.pyramid for frame in neighbours]

        def stereo():
            if not others:
                return unrefined(inverse_depth, config.network_log_std)
            depth = refine_depth(image.pyramid, inverse_depth, others, T_other_key, config.stereo)
            moves = contradicted_by_images(image.pyramid, depth.inverse_depth, others, T_other_key,
                                           config.dynamic_regions)
            return depth._replace(inverse_depth=np.where(moves, 0, depth.inverse_depth))
        return stereo

    def _affine(self, tracked):
        """Log gain and bias against the window's first keyframe -> (2,), from those against the last"""
        if tracked is None or not self.window.frames:
            return np.zeros(2)
        last = self.window.affine[-1]
        return np.array([last[0] + tracked.affine[0], tracked.affine[1] + np.exp(tracked.affine[0]) * last[1]])


def half_size(inverse_depth: np.ndarray) -> np.ndarray:
    """(h, w) inverse depth -> every other pixel of it, float16"""
    return inverse_depth[::2, ::2].astype(np.float16)


def _median_depth_m(inverse_depth):
    return float(1 / np.median(inverse_depth[inverse_depth > 0].astype(np.float32)))
