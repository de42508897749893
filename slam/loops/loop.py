"""A verified pair of keyframes that show one place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from calib.geometry import sim3


class Loop(NamedTuple):
    """A verified pair of keyframes."""

    new: int
    """Row of the newer keyframe."""
    old: int
    """Row of the older keyframe."""
    S_new_old: np.ndarray
    """(4, 4) in the units that both keyframes had when they were made."""

    @classmethod
    def measured(cls, new: int, old: int, S_new_old: np.ndarray, scale: tuple[float, float]) -> Loop:
        """S_new_old: in the units in which the two keyframes have these scales."""
        return cls(new, old, sim3.inverse(sim3.scaling(scale[0])) @ S_new_old @ sim3.scaling(scale[1]))

    def correction(self, S_world_key: np.ndarray) -> np.ndarray:
        """-> S_new_corrected (4, 4): the new keyframe as the loop would correct it, in its frame of S_world_key (K, 4,
        4)"""
        return sim3.inverse(S_world_key[self.new]) @ S_world_key[self.old] @ sim3.inverse(self.S_new_old)

    def joined(self, S_world_key: np.ndarray, submap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Move the younger of the two submaps that the loop joins into the older one's world -> (S_world_key (K, 4, 4),
        submap (K,))"""
        older, younger = sorted((submap[self.new], submap[self.old]))
        S_old_new_world = S_world_key[self.old] @ sim3.inverse(self.S_new_old) @ sim3.inverse(S_world_key[self.new])
        S_move = S_old_new_world if submap[self.new] == younger else sim3.inverse(S_old_new_world)
        is_younger = submap == younger
        return (np.where(is_younger[:, None, None], S_move @ S_world_key, S_world_key),
                np.where(is_younger, older, submap))
