"""A network's depth brought to the map's scale."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class AlignmentConfig:
    min_confidence: float = 1.0
    """Map pixels below are not asked."""
    min_share: float = 0.05
    """Share of the image that map and prediction must have in common; below, the last scale is kept."""


class AlignedDepth(NamedTuple):
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, in the scale of the map."""
    log_scale: float
    """Log of the factor that brought the prediction's depth to the map's."""
    log_spread: float
    """Robust standard deviation of the log ratios around it: how well the shapes agree."""


def align_depth(inverse_depth, view, last_log_scale, config):
    """Scale a predicted (h, w) inverse depth so that its median ratio to the rendered map is one.

    The median of log ratios is indifferent to a third of the image being wrong, and symmetric in near and far.
    """
    common = (view.confidence >= config.min_confidence) & (view.depth_m > 0) & (inverse_depth > 0)
    if common.sum() < config.min_share * common.size:
        return AlignedDepth(inverse_depth * np.float32(np.exp(-last_log_scale)), last_log_scale, np.inf)
    log_ratio = np.log(view.depth_m[common] * inverse_depth[common])
    log_scale = float(np.median(log_ratio))
    log_spread = 1.4826 * float(np.median(np.abs(log_ratio - log_scale)))
    return AlignedDepth(inverse_depth * np.float32(np.exp(-log_scale)), log_scale, log_spread)
