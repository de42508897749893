"""A keyframe as the mesh sees it: its final depth, how sure that is, its image and where it stands."""

from typing import NamedTuple

import numpy as np


class DepthView(NamedTuple):
    """One keyframe of predicted depth, final."""

    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where unknown."""
    log_std: np.ndarray
    """(h, w) float32 standard deviation of log depth."""
    rgb: np.ndarray
    """(h, w, 3) uint8."""
    T_world_key: np.ndarray
    """(4, 4) float64."""
