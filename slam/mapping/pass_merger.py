"""Merges the surfaces of two passes over one place into one, after a loop was closed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.merge import merge_overlap
from slam.mapping.render import BEHIND, render

if TYPE_CHECKING:
    from slam.loops.loop import Loop
    from slam.mapping.fusion import FusionConfig
    from slam.mapping.keyframes import Keyframes
    from slam.mapping.surfels import Surfels

MAX_WAITING = 40
"""Keyframes that wait at most; where two passes share a long way, its last part is merged."""


class PassMerger:
    """Renders the map from keyframes of the newer pass, one at a time, and merges the surfels of both passes."""

    def __init__(self, camera: Camera, fusion: FusionConfig, min_gap: int):
        """fusion: tolerances within which two surfels are one surface; min_gap: keyframes that separate two passes."""
        self.camera, self.fusion, self.min_gap = camera, fusion, min_gap
        self.waiting: deque[int] = deque(maxlen=MAX_WAITING)

    def add(self, keyframes: Keyframes, loop: Loop) -> None:
        """A loop was closed: the keyframes of its newer pass wait to be merged."""
        first = max(loop.old + self.min_gap, len(keyframes) - MAX_WAITING)
        self.waiting.extend(row for row in range(first, len(keyframes)) if row not in self.waiting)

    def next(self, keyframes: Keyframes) -> Callable[[Surfels], int] | None:
        """-> the work of merging surfels at one keyframe, as keyframes stand now, if any waits; it returns how many of
        them it merged into others"""
        if not self.waiting:
            return None
        row, T_world_key = self.waiting.popleft(), keyframes.T_world_key
        is_newer = np.arange(len(keyframes)) > row - self.min_gap
        is_here = keyframes.submap == keyframes.submap[row]
        return lambda surfels: merge_passes(surfels, self.camera, T_world_key[row], T_world_key, is_newer, is_here,
                                            self.fusion)


def merge_passes(surfels: Surfels, camera: Camera, T_world_cam: np.ndarray, T_world_key: np.ndarray,
                 is_newer: np.ndarray, is_here: np.ndarray, fusion: FusionConfig) -> int:
    """Merge surfels of newer keyframes, seen from T_world_cam (4, 4), into older ones of the same surface -> how many

    is_newer, is_here (K,) bool: keyframes of the newer pass, and those that take part; fusion: tolerances."""
    older = render(surfels, camera, T_world_cam, T_world_key, is_here & ~is_newer)
    newer = (se3.inverse(T_world_cam) @ T_world_key)[:, :3].astype(np.float32)
    newer[~(is_here & is_newer)] = BEHIND
    return merge_overlap(surfels.arrays, surfels.chunks, newer, older, camera.pinhole, fusion.tolerances)
