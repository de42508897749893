"""A network's depth brought to the map: one factor for its scale, and a smooth field for the bend of its shape.

A network errs smoothly: whole walls and corners come out too near or too far, and differently in the next image.
Averaged as they are, such maps give layered walls. So each is bent to what the map already knows, with as little
detail as that takes; what the network says about edges and small things stays. (Scale grids per keyframe as in
Zhang 2024, HI-SLAM2, are the same thought; there they are unknowns of a joint optimisation.)
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

SMALL_WIDTH = 80
"""Columns at which the field is computed; its smoothing is several of them wide."""


@dataclass(frozen=True)
class AlignmentConfig:
    min_confidence: float = 0.1
    """Map pixels below are not asked."""
    min_share: float = 0.05
    """Share of the image that map and prediction must have in common; below, the last scale is kept."""
    max_log_bend: float = 0.4
    """Log ratios further than this from the common scale are another surface, not a bend."""
    bend_width: float = 0.0625
    """Standard deviation of the smoothing of the field, in image widths."""
    bend_prior: float = 0.05
    """Share of known pixels around at which the field is half of what they say: without support it goes to zero."""


class AlignedDepth(NamedTuple):
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, in the scale of the map."""
    log_scale: float
    """Log of the factor that brought the prediction's depth to the map's."""
    log_spread: float
    """Robust standard deviation of the log ratios around it: how well the shapes agree."""


def align_depth(inverse_depth, view, last_log_scale, config):
    """Scale and bend a predicted (h, w) inverse depth so that its ratio to the rendered map is one almost everywhere.

    The scale is the median of log ratios: indifferent to a third of the image being wrong, symmetric in near and far.
    """
    common = (view.confidence >= config.min_confidence) & (view.depth_m > 0) & (inverse_depth > 0)
    if common.sum() < config.min_share * common.size:
        return AlignedDepth(inverse_depth * np.float32(np.exp(-last_log_scale)), last_log_scale, np.inf)
    log_ratio = np.zeros(inverse_depth.shape, np.float32)
    log_ratio[common] = np.log(view.depth_m[common] * inverse_depth[common])
    log_scale = float(np.median(log_ratio[common]))
    rest = log_ratio - np.float32(log_scale)
    log_spread = 1.4826 * float(np.median(np.abs(rest[common])))
    log_bend = _smoothed(rest, common & (np.abs(rest) < config.max_log_bend), config)
    return AlignedDepth(inverse_depth * np.exp(-np.float32(log_scale) - log_bend), log_scale, log_spread)


def _smoothed(values, known, config):
    """(h, w) values where known -> (h, w) field without detail, zero far from what is known."""
    height, width = values.shape
    small = max(1, width // SMALL_WIDTH)
    size = width // small, height // small
    sigma = config.bend_width * size[0]
    share = known.astype(np.float32)
    total = cv2.GaussianBlur(cv2.resize(values * share, size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
    share = cv2.GaussianBlur(cv2.resize(share, size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
    return cv2.resize(total / (share + config.bend_prior), (width, height), interpolation=cv2.INTER_LINEAR)
