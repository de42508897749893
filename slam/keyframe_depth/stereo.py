"""Dense depth of a keyframe from the keyframes around it, where images decide, and as it was assumed elsewhere.

What is looked for is a field of ratios to the depth that is assumed: a network's shape, brought to the map's scale.
Textureless places take on the ratio of their surroundings, so the network's shape fills them in.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from slam.kernels.stereo import aggregate, matching_costs
from slam.tracking.pyramid import Pyramid

UNIT = 2000
"""Of costs as whole numbers: that of windows without any correlation."""
MAX_PRIOR_COST = 4.0
"""Cost of a ratio against the prior, in squared standard deviations, is cut off here."""


@dataclass(frozen=True)
class StereoConfig:
    level: int = 1
    """Of the pyramid; a ratio needs less detail than depth."""
    steps: int = 20
    """Ratios that are tried, ..."""
    log_range: float = 0.5
    """... within this factor (log) of the assumed depth."""
    prior_weight: float = 0.03
    """Cost of a ratio one standard deviation off; windows without correlation cost one."""
    prior_log_std: float = 0.3
    """Standard deviation of the logarithm of the assumed depth, for prior_weight."""
    small_step: float = 0.1
    """Cost of neighbours that differ by one ratio, ..."""
    large_step: float = 1.5
    """... and by more."""
    edge_gradient: float = 8 / 255
    """Where intensity changes by so much per pixel, steps cost half."""


class StereoDepth(NamedTuple):
    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where none was assumed."""
    log_std: np.ndarray
    """(h, w) float32, standard deviation of the logarithm of depth."""


def unrefined(inverse_depth: np.ndarray, log_std: float) -> StereoDepth:
    """An assumed (h, w) inverse depth that no other keyframe says anything of -> StereoDepth"""
    return StereoDepth(inverse_depth, np.full(inverse_depth.shape, log_std, np.float32))


def refine_depth(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                 config: StereoConfig) -> StereoDepth:
    """A keyframe's pyramid and its (h, w) inverse depth, pyramids of other keyframes and where they stand (S, 4, 4)
    -> StereoDepth"""
    level = pyramid.levels[config.level]
    height, width = level.camera.size
    assumed = cv2.resize(inverse_depth, (width, height), interpolation=cv2.INTER_AREA)
    log_ratios = np.linspace(-config.log_range, config.log_range, config.steps, dtype=np.float32)
    costs = np.empty((height, width, config.steps), np.float32)
    matching_costs(_gray(level), assumed, np.exp(log_ratios), np.array(level.camera.pinhole, np.float32),
                   np.stack([_gray(other.levels[config.level]) for other in others]),
                   T_other_key[:, :3].astype(np.float32), costs)
    costs += config.prior_weight * np.minimum((log_ratios / config.prior_log_std) ** 2, MAX_PRIOR_COST)
    total, path = np.empty((2, *costs.shape), np.uint16)
    aggregate((UNIT * costs).astype(np.uint16), _stiffness(level, config), np.float32(UNIT * config.small_step),
              np.float32(UNIT * config.large_step), path, total)
    log_ratio, log_std = _minimum(total, log_ratios)
    size = inverse_depth.shape[::-1]
    return StereoDepth(inverse_depth * np.exp(cv2.resize(log_ratio, size, interpolation=cv2.INTER_LINEAR)),
                       cv2.resize(log_std, size, interpolation=cv2.INTER_LINEAR))


def _gray(level):
    return np.ascontiguousarray(level.texture[..., 0])


def _stiffness(level, config):
    gradient = np.hypot(level.texture[..., 1], level.texture[..., 2])
    return 1 / (1 + gradient / np.float32(config.edge_gradient))


def _minimum(total, log_ratios):
    """Of (h, w, D) costs, between two ratios by a parabola -> (h, w) log ratio, and its standard deviation."""
    best = np.clip(total.argmin(-1), 1, len(log_ratios) - 2)
    left, least, right = (np.take_along_axis(total, (best + k)[..., None], -1)[..., 0].astype(np.float32)
                          for k in (-1, 0, 1))
    curvature = np.maximum(left - 2 * least + right, 1)
    step = log_ratios[1] - log_ratios[0]
    log_ratio = log_ratios[best] + step * np.clip(0.5 * (left - right) / curvature, -1, 1)
    return log_ratio, step * np.sqrt(UNIT / curvature)
