"""One surface where the map holds two: what remains of an earlier pass over a place, after a loop was closed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.merge import merge_overlap
from slam.mapping.render import BEHIND, render

if TYPE_CHECKING:
    from slam.loops.loop_closer import Loop
    from slam.mapping.fusion import FusionConfig
    from slam.mapping.keyframes import Keyframes
    from slam.mapping.surfels import Surfels

MAX_WAITING = 40
"""Views that wait to be looked at; a closed loop of a long common way asks for the last so many."""


class PassMerger:
    """Looks at the map through keyframes of the newer pass, one per call, and merges what both passes have seen."""

    def __init__(self, camera: Camera, fusion: FusionConfig, min_gap: int):
        """fusion: FusionConfig, whose tolerances say what is one surface; min_gap: keyframes that separate passes."""
        self.camera, self.fusion, self.min_gap = camera, fusion, min_gap
        self.waiting: deque[int] = deque(maxlen=MAX_WAITING)

    def add(self, keyframes: Keyframes, loop: Loop) -> None:
        """A loop was closed: the keyframes of its newer pass, latest first, are to be looked through."""
        first = max(loop.old + self.min_gap, len(keyframes) - MAX_WAITING)
        self.waiting.extend(row for row in range(first, len(keyframes)) if row not in self.waiting)

    def step(self, surfels: Surfels, keyframes: Keyframes) -> int:
        """One view, if any waits. Returns how many surfels went into others."""
        if not self.waiting:
            return 0
        row = self.waiting.popleft()
        rows = np.arange(len(keyframes))
        is_newer = rows > row - self.min_gap
        is_here = keyframes.submap == keyframes.submap[row]
        return merge_passes(surfels, self.camera, keyframes.T_world_key[row], keyframes.T_world_key, is_newer, is_here,
                            self.fusion)


def merge_passes(surfels: Surfels, camera: Camera, T_world_cam: np.ndarray, T_world_key: np.ndarray,
                 is_newer: np.ndarray, is_here: np.ndarray, fusion: FusionConfig) -> int:
    """Surfels of the keyframes that are `is_newer` (K,) bool, seen from T_world_cam, go into those of the others that
    show the same surface, by the tolerances of `fusion`; all of keyframes that are `is_here`. Returns how many went."""
    older = render(surfels, camera, T_world_cam, T_world_key, is_here & ~is_newer)
    newer = (se3.inverse(T_world_cam) @ T_world_key)[:, :3].astype(np.float32)
    newer[~(is_here & is_newer)] = BEHIND
    return merge_overlap(surfels.arrays, surfels.chunks, newer, older, camera.pinhole, fusion.tolerances)
