"""Keyframes: images with depth that others are aligned to, and their poses."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from calib.geometry import se3, sim3
from slam.kernels.alignment import POINT_FIELDS
from slam.kernels.pyramid import halve_inverse_depth
from slam.mapping.paged_memory import PagedMemory
from slam.tracking.image import Image
from slam.tracking.pyramid import Pyramid
from slam.tracking.tracker import TrackingResult

BORDER = 2
"""Pixels at the image edge without a full neighbourhood."""


@dataclass(frozen=True)
class KeyframeConfig:
    """When keyframes are made, and which of their pixels are aligned to."""

    min_gradient: float = 4 / 255
    """Intensity per pixel, in [0, 1]; pixels with less gradient do not constrain the pose."""
    max_points: tuple[int, ...] = (8000, 6000, 3000, 3000)
    """Points with gradient at most, per pyramid level, finest first."""
    grid_step: tuple[int, ...] = (4, 2, 2, 1)
    """Step of the grid of pixels that are aligned by measured depth, with gradient or not, per pyramid level."""
    min_points: int = 300
    """Points at the finest level that a keyframe needs; fewer mean a blank or covered image, or one without depth."""
    max_baseline: float = 0.12
    """Translation from the reference, in median depths, beyond which a new keyframe starts."""
    max_rotation_rad: float = 0.22
    """Rotation from the reference beyond which a new keyframe starts."""
    min_overlap: float = 0.72
    """Share of the reference's points in view below which a new keyframe starts."""


@dataclass
class Keyframe:
    """One keyframe; its pose is in Keyframes."""

    row: int
    """Row in the tables of Keyframes."""
    frame_index: int
    timestamp_s: float
    stored_points: tuple[np.ndarray, ...]
    """`points`, before they grow by `growth`."""
    stored_inverse_depth: np.ndarray
    """`inverse_depth`, before depth grows by `growth`: the same object as long as it is the same depth."""
    median_depth_m: float
    gray_u8: np.ndarray
    """(h, w) uint8 at the finest level: the image itself, for aligning it to other keyframes."""
    features: tuple = field(default=())
    """Positions and descriptors, see Relocaliser.describe."""
    usable: np.ndarray | None = None
    """(h, w) bool: where the image shows the static scene; None: everywhere."""
    growth: float = 1.0
    """Factor by which what is stored is still to grow: done when it is used, since most keyframes are not, for long.
    When that is must follow from the frames alone: twice a factor is rounded otherwise than both at once."""

    @property
    def points(self) -> tuple[np.ndarray, ...]:
        """Per pyramid level (POINT_FIELDS, N) float32, see slam.kernels.alignment."""
        self._grow()
        return self.stored_points

    @property
    def inverse_depth(self) -> np.ndarray:
        """(h, w) float32 at the finest level, 0 where unknown: the keyframe's own depth."""
        self._grow()
        return self.stored_inverse_depth

    def inverse_depth_aside(self) -> np.ndarray:
        """A copy of `inverse_depth` for somebody who looks at any time, as what is written of a map: nothing changes by
        that."""
        return self.stored_inverse_depth / np.float32(self.growth)

    def copy(self) -> "Keyframe":
        """The keyframe as it is now, for another thread."""
        return replace(self, stored_points=tuple(points.copy() for points in self.points),
                       stored_inverse_depth=self.inverse_depth.copy())

    def redraw(self, points: tuple[np.ndarray, ...], inverse_depth: np.ndarray) -> None:
        """Replace what is aligned to, and depth (h, w)."""
        self.stored_points, self.stored_inverse_depth, self.growth = points, inverse_depth, 1.0
        self.median_depth_m = _median_depth_m(inverse_depth)

    def rescale(self, factor: float) -> None:
        """Make everything in this keyframe's frame `factor` times as large."""
        self.growth *= float(factor)
        self.median_depth_m *= float(factor)

    def _grow(self):
        if self.growth != 1.0:
            for points in self.stored_points:
                points[:3] *= np.float32(self.growth)
            self.stored_inverse_depth /= np.float32(self.growth)
            self.growth = 1.0


class Keyframes:
    """All keyframes. Poses are in one table: correcting a keyframe moves all that is stored relative to it."""

    def __init__(self, config: KeyframeConfig):
        self.config = config
        self.memory = PagedMemory()
        """For what is kept of all keyframes."""
        self.items: list[Keyframe] = []
        self.T_world_key = np.zeros((0, 4, 4))
        self.scale = np.zeros(0)
        """(K,) size of everything in a keyframe's frame, over its size when the keyframe was made."""
        self.submap = np.zeros(0, np.int64)
        """(K,) number of each keyframe's submap, 0 for the first; loops join submaps."""
        self.anchored_count = 0
        """Keyframes, the first ones, of a saved map that this one extends: they hold its world and scale."""
        self.earlier_count = 0
        """Keyframes, the first ones, of earlier recordings than the one whose trajectory is shown."""
        self._reference: Keyframe | None = None

    @property
    def reference(self) -> Keyframe:
        """The keyframe that the camera is tracked against; there must be a keyframe."""
        assert self._reference is not None
        return self._reference

    @reference.setter
    def reference(self, keyframe: Keyframe) -> None:
        self._reference = keyframe

    def __len__(self) -> int:
        return len(self.items)

    def make(self, frame: Image, pyramid: Pyramid, inverse_depth: np.ndarray, depth_log_std: float | np.ndarray,
             with_grid: bool) -> Keyframe | None:
        """A Keyframe that is not yet part of the map; None if the image has too few points.

        depth_log_std: standard deviation of the logarithm of depth, one number or (h, w)."""
        keyframe = self.remade(frame, pyramid, inverse_depth, depth_log_std, with_grid)
        return keyframe if keyframe.points[0].shape[1] >= self.config.min_points else None

    def remade(self, frame: Image, pyramid: Pyramid, inverse_depth: np.ndarray, depth_log_std: float | np.ndarray,
               with_grid: bool) -> Keyframe:
        """As `make`, however few its points are: it was a keyframe when its map was saved."""
        points = self._points(pyramid, inverse_depth, depth_log_std, with_grid)
        gray_u8 = np.round(255 * pyramid.levels[0].texture[..., 0]).astype(np.uint8)
        return Keyframe(len(self), frame.index, frame.timestamp_s, points, self.memory.keep(inverse_depth),
                        _median_depth_m(inverse_depth), self.memory.keep(gray_u8), usable=frame.usable)

    def forget_points(self) -> None:
        """Give up what images are aligned to and found by, the largest part of a keyframe."""
        for keyframe in self.items:
            keyframe.stored_points, keyframe.features = (), ()

    def redraw(self, keyframe: Keyframe, pyramid: Pyramid, inverse_depth: np.ndarray,
               depth_log_std: float | np.ndarray) -> None:
        """Give a keyframe another (h, w) inverse depth, unless that leaves too few points."""
        points = self._points(pyramid, inverse_depth, depth_log_std, with_grid=False)
        if points[0].shape[1] >= self.config.min_points:
            keyframe.redraw(points, self.memory.keep(inverse_depth))

    def add(self, keyframe: Keyframe, T_world_key: np.ndarray, submap: int | None = None) -> None:
        """Make a keyframe part of the map and the reference of tracking, by default in the submap of the last one."""
        self.items.append(keyframe)
        self.T_world_key = np.concatenate([self.T_world_key, T_world_key[None]])
        self.scale = np.append(self.scale, 1.0)
        self.submap = np.append(self.submap, self.active_submap if submap is None else submap)
        self.reference = keyframe
        self.memory.let_go()

    @property
    def active_submap(self) -> int:
        """The submap of the reference keyframe; 0 before there is one."""
        return int(self.submap[self.reference.row]) if self._reference else 0

    @property
    def anchored_submaps(self) -> set[int]:
        """Submaps with keyframes of a saved map."""
        return {int(submap) for submap in self.submap[:self.anchored_count]}

    def S_world_key(self) -> np.ndarray:
        """(K, 4, 4) similarities that map keyframes, in the units they had when they were made, into the world."""
        return sim3.similarity(self.T_world_key, self.scale)

    def move(self, S_world_key: np.ndarray) -> np.ndarray:
        """Correct all poses and scales to S_world_key (K, 4, 4) -> (K,) factor by which each keyframe's scale grew"""
        factor = sim3.scale_of(S_world_key) / self.scale
        self.T_world_key = se3.orthonormalised(sim3.rigid_part(S_world_key))
        for keyframe, f in zip(self.items, factor):
            if abs(f - 1) > 1e-9:
                keyframe.rescale(f)
        self.scale = self.scale * factor
        return factor

    def distance_to(self, T_world_cam: np.ndarray) -> np.ndarray:
        """Camera pose (4, 4) -> (K,) how far each keyframe is from it: translation in the keyframe's median depths plus
        rotation in radians; infinite in other submaps than the active one"""
        T_cam_key = se3.inverse(T_world_cam) @ self.T_world_key
        depth_m = np.array([keyframe.median_depth_m for keyframe in self.items])
        cosine = np.clip((np.trace(T_cam_key[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1)
        distance = np.linalg.norm(T_cam_key[:, :3, 3], axis=1) / depth_m + np.arccos(cosine)
        return np.where(self.submap == self.active_submap, distance, np.inf)

    def needs_new(self, tracked: TrackingResult, patience: float = 1.0, keyframe: Keyframe | None = None) -> bool:
        """Whether the camera is far enough from a keyframe, by default the reference, for a new one: `patience` times
        as far as usual."""
        c = self.config
        baseline = np.linalg.norm(tracked.T_cam_key[:3, 3]) / (keyframe or self.reference).median_depth_m
        return bool(baseline > patience * c.max_baseline or 1 - tracked.overlap > patience * (1 - c.min_overlap)
                or se3.rotation_angle_rad(tracked.T_cam_key) > patience * c.max_rotation_rad)

    def _points(self, pyramid, inverse_depth, depth_log_std, with_grid):
        """-> points (POINT_FIELDS, N) of each level"""
        depth_log_std = np.broadcast_to(np.float32(depth_log_std), inverse_depth.shape)
        points = []
        for index, level in enumerate(pyramid.levels):
            if index:
                halved = np.empty(level.camera.size, np.float32)
                halve_inverse_depth(inverse_depth, level.edge_ratio, halved)
                inverse_depth = halved
                depth_log_std = cv2.resize(depth_log_std, halved.shape[::-1], interpolation=cv2.INTER_AREA)
            points.append(self.memory.keep(self._select(level, inverse_depth, depth_log_std, index, with_grid)))
        return tuple(points)

    def _select(self, level, inverse_depth, depth_log_std, index, with_grid):
        """-> (POINT_FIELDS, N) pixels to align, of one level"""
        height, width = level.camera.size
        known = inverse_depth > 0
        known[:BORDER], known[-BORDER:], known[:, :BORDER], known[:, -BORDER:] = False, False, False, False
        strong = np.hypot(level.texture[..., 1], level.texture[..., 2]) > self.config.min_gradient
        pixels = np.flatnonzero(known & strong)
        pixels = pixels[:: max(1, -(-len(pixels) // self.config.max_points[index]))]
        if with_grid:
            step = self.config.grid_step[index]
            grid = np.zeros((height, width), bool)
            grid[::step, ::step] = True
            pixels = np.union1d(pixels, np.flatnonzero(known & grid))
        v, u = np.divmod(pixels, width)
        z_m = 1 / inverse_depth.ravel()[pixels]
        points = np.empty((POINT_FIELDS, len(pixels)), np.float32)
        points[0] = (u - level.camera.cx) / level.camera.fx * z_m
        points[1] = (v - level.camera.cy) / level.camera.fy * z_m
        points[2] = z_m
        points[3:6] = level.texture.reshape(-1, 3)[pixels].T
        points[6] = depth_log_std.ravel()[pixels]
        return points


def _median_depth_m(inverse_depth):
    return float(1 / np.median(inverse_depth[inverse_depth > 0]))
