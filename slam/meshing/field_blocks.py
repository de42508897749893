"""Blocks of a distance field, and the whole numbers that kernels know them by."""

import numpy as np

from slam.kernels.tsdf import BITS, OFFSET, VOXELS, DistanceField

SHIFTS = BITS * np.array([2, 1, 0])


def empty_field(keys: np.ndarray) -> DistanceField:
    """Keys (M,) of blocks, in order -> DistanceField that knows nothing"""
    blocks = (keys[:, None] >> SHIFTS & (1 << BITS) - 1) - OFFSET
    return DistanceField(blocks.astype(np.int32), *np.zeros((2, len(blocks), VOXELS), np.float32))


def keys_of(blocks: np.ndarray) -> np.ndarray:
    """Coordinates (..., 3) of blocks -> (...,) int64, ordered as these are"""
    return (blocks.astype(np.int64) + OFFSET << SHIFTS).sum(-1)
