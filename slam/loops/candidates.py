"""Which older keyframes may show what a new one shows: by what they look like, and by where they stand."""

from dataclasses import dataclass, field

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.loops.appearance_index import AppearanceConfig, AppearanceIndex
from slam.mapping.keyframes import Keyframe, Keyframes

GRID = 5, 6
"""Rows and columns of the points that stand for an image."""


@dataclass(frozen=True)
class CandidateConfig:
    min_gap: int = 8
    """Keyframes of one submap within so many of each other are neighbours, not a loop."""
    by_appearance: int = 3
    """Candidates per keyframe that share most features with it, ..."""
    by_position: int = 2
    """... and those that should see the same by what is known of the path, ..."""
    min_overlap: float = 0.4
    """... by this share of the image."""
    appearance: AppearanceConfig = field(default_factory=AppearanceConfig)
    """Index of binary features that finds keyframes of similar appearance."""


class LoopCandidates:
    def __init__(self, camera: Camera, config: CandidateConfig):
        self.camera, self.config = camera, config
        self.index = AppearanceIndex(config.appearance)
        v, u = np.mgrid[0:GRID[0], 0:GRID[1]] + 0.5
        step_v, step_u = np.array(camera.size) / GRID
        self.rays = np.stack([(u * step_u - camera.cx) / camera.fx, (v * step_v - camera.cy) / camera.fy,
                              np.ones(GRID)], -1).reshape(-1, 3)

    def add(self, keyframe: Keyframe) -> None:
        """The newest keyframe can be a candidate from now on."""
        self.index.add(keyframe.features[1])

    def of(self, new: Keyframe, keyframes: Keyframes) -> list[int]:
        """-> rows of keyframes older than `new`, the most promising first"""
        c, submap = self.config, keyframes.submap
        is_old = (np.arange(new.row) <= new.row - c.min_gap) | (submap[:new.row] != submap[new.row])
        scores = self.index.scores(new.features[1])[:new.row] * is_old
        overlap = self.overlap(new, keyframes, slice(new.row)) * is_old
        by_appearance = [row for row in np.argsort(-scores, kind="stable")[:c.by_appearance] if scores[row] > 0]
        by_position = [row for row in np.argsort(-overlap, kind="stable")[:c.by_position]
                       if overlap[row] >= c.min_overlap]
        return list(dict.fromkeys(int(row) for row in by_position + by_appearance))

    def prediction(self, new: Keyframe, old: Keyframe, keyframes: Keyframes) -> np.ndarray | None:
        """T_new_old as the map has it, where by that the two see the same; else None."""
        if self.overlap(new, keyframes, slice(old.row, old.row + 1))[0] < self.config.min_overlap:
            return None
        return se3.inverse(keyframes.T_world_key[new.row]) @ keyframes.T_world_key[old.row]

    def overlap(self, new: Keyframe, keyframes: Keyframes, rows: slice) -> np.ndarray:
        """Share of the new keyframe's image, as if all of it were at its median depth, that the keyframes in these
        rows see; those of other submaps see nothing -> (len(rows),)"""
        T_old_new = se3.inverse(keyframes.T_world_key[rows]) @ keyframes.T_world_key[new.row]
        seen = new.median_depth_m * self.rays @ np.swapaxes(T_old_new[:, :3, :3], 1, 2) + T_old_new[:, None, :3, 3]
        is_before = seen[..., 2] > 0.1
        u, v = np.moveaxis(self.camera.project(np.where(is_before[..., None], seen, 1.0)), -1, 0)
        inside = is_before & (u >= 0) & (v >= 0) & (u < self.camera.width) & (v < self.camera.height)
        return inside.mean(1) * (keyframes.submap[rows] == keyframes.submap[new.row])
