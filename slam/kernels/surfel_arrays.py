"""How surfels lie in memory."""

from typing import NamedTuple

import numpy as np


class SurfelArrays(NamedTuple):
    """Row i is one surfel; confidence 0 marks an unused row. Vectors are in the frame of the surfel's keyframe."""

    position: np.ndarray
    """(3, N) float32, metres. One line per axis: rendering reads all of it, with vector instructions."""
    normal: np.ndarray
    """(N, 3) float32, unit, towards the camera that saw it."""
    colour: np.ndarray
    """(N, 3) float32, RGB in 0..255."""
    radius: np.ndarray
    """(N,) float32, metres."""
    confidence: np.ndarray
    """(N,) float32, sum of observation weights."""
    keyframe: np.ndarray
    """(N,) int32, row of the keyframe that position and normal refer to."""
    created: np.ndarray
    """(N,) int32, index of the frame that made it."""
    seen: np.ndarray
    """(N,) int32, index of the last frame merged into it."""

    @classmethod
    def empty(cls, capacity):
        # np.zeros reserves address space only: memory is taken as rows are first written.
        return cls(np.zeros((3, capacity), np.float32), np.zeros((capacity, 3), np.float32),
                   np.zeros((capacity, 3), np.float32), np.zeros(capacity, np.float32), np.zeros(capacity, np.float32),
                   np.zeros(capacity, np.int32), np.zeros(capacity, np.int32), np.zeros(capacity, np.int32))
