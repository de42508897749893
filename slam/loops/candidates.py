"""Loop candidates: older keyframes that may show the same place as a new one, by appearance and by position."""

from dataclasses import dataclass, field

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.loops.appearance_index import AppearanceConfig, AppearanceIndex
from slam.mapping.keyframes import Keyframe, Keyframes

GRID = 5, 6
"""Rows and columns of the points that represent an image."""


@dataclass(frozen=True)
class CandidateConfig:
    """Settings of LoopCandidates."""

    min_gap: int = 8
    """Distance, in keyframes, between the two of a loop in one submap, at least; closer ones are neighbours."""
    by_appearance: int = 3
    """Candidates per keyframe that share most features with it."""
    by_position: int = 2
    """Candidates per keyframe that see most of its image by the estimated poses."""
    min_overlap: float = 0.4
    """Share of the new keyframe's image that a candidate by position must see."""
    appearance: AppearanceConfig = field(default_factory=AppearanceConfig)
    """The index for candidates by appearance."""


class LoopCandidates:
    """Proposes older keyframes for each new one; its appearance index is that of the whole system."""

    def __init__(self, camera: Camera, config: CandidateConfig):
        self.camera, self.config = camera, config
        self.index = AppearanceIndex(config.appearance)
        v, u = np.mgrid[0:GRID[0], 0:GRID[1]] + 0.5
        step_v, step_u = np.array(camera.size) / GRID
        self.rays = np.stack([(u * step_u - camera.cx) / camera.fx, (v * step_v - camera.cy) / camera.fy,
                              np.ones(GRID)], -1).reshape(-1, 3)

    def add(self, keyframe: Keyframe) -> None:
        """Make the newest keyframe a candidate for later ones."""
        self.index.add(keyframe.features[1])

    def of(self, new: Keyframe, keyframes: Keyframes) -> list[int]:
        """-> rows of candidates older than `new`, those by position first"""
        c, submap = self.config, keyframes.submap
        is_old = (np.arange(new.row) <= new.row - c.min_gap) | (submap[:new.row] != submap[new.row])
        scores = self.index.scores(new.features[1])[:new.row] * is_old
        overlap = self.overlap(new, keyframes, slice(new.row)) * is_old
        by_appearance = [row for row in np.argsort(-scores, kind="stable")[:c.by_appearance] if scores[row] > 0]
        by_position = [row for row in np.argsort(-overlap, kind="stable")[:c.by_position]
                       if overlap[row] >= c.min_overlap]
        return list(dict.fromkeys(int(row) for row in by_position + by_appearance))

    def prediction(self, new: Keyframe, old: Keyframe, keyframes: Keyframes) -> np.ndarray | None:
        """T_new_old (4, 4) by the map's poses, None where by these the two do not overlap."""
        if self.overlap(new, keyframes, slice(old.row, old.row + 1))[0] < self.config.min_overlap:
            return None
        return se3.inverse(keyframes.T_world_key[new.row]) @ keyframes.T_world_key[old.row]

    def overlap(self, new: Keyframe, keyframes: Keyframes, rows: slice) -> np.ndarray:
        """Share of the new keyframe's image, taken to be at its median depth, that the keyframes in these rows see
        -> (len(rows),), 0 in other submaps"""
        T_old_new = se3.inverse(keyframes.T_world_key[rows]) @ keyframes.T_world_key[new.row]
        seen = new.median_depth_m * self.rays @ np.swapaxes(T_old_new[:, :3, :3], 1, 2) + T_old_new[:, None, :3, 3]
        is_before = seen[..., 2] > 0.1
        u, v = np.moveaxis(self.camera.project(np.where(is_before[..., None], seen, 1.0)), -1, 0)
        inside = is_before & (u >= 0) & (v >= 0) & (u < self.camera.width) & (v < self.camera.height)
        return inside.mean(1) * (keyframes.submap[rows] == keyframes.submap[new.row])
