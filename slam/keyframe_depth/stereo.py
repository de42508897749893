"""Dense depth of a keyframe by stereo with other keyframes, as a smooth field of ratios to an assumed depth.

The assumed depth is the network's, aligned to the map. Textureless places take on the ratio of their surroundings, so
the network's shape fills them in. Semi-global matching (Hirschmueller 2008).
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from slam.kernels.stereo import aggregate, matching_costs
from slam.tracking.pyramid import Pyramid

UNIT = 2000
"""Cost, as an integer, of windows without correlation."""
MAX_PRIOR_COST = 4.0
"""Upper limit of the prior's cost, in squared standard deviations."""
MIN_INVERSE_DEPTH = 1e-4
"""Lower limit of inverse depth in logarithms, 1/m."""


@dataclass(frozen=True)
class StereoConfig:
    """Settings of refine_depth; costs are in units of that of windows without correlation."""

    level: int = 1
    """Pyramid level of the images; ratios need less detail than depth."""
    steps: int = 20
    """Ratios that are tried."""
    log_range: float = 0.5
    """Range of the log ratios, to either side of zero."""
    prior_weight: float = 0.03
    """Cost of a log ratio one standard deviation from zero."""
    prior_log_std: float = 0.3
    """Standard deviation of the log ratio beforehand."""
    small_step: float = 0.1
    """Cost of neighbouring pixels that differ by one ratio."""
    large_step: float = 1.5
    """Cost of neighbouring pixels that differ by more than one ratio."""
    edge_gradient: float = 8 / 255
    """Gradient, in intensity per pixel, at which steps cost half."""
    support_px: int = 7
    """Side of the square over which costs are averaged for the uncertainty by images alone, at `level`."""
    temperature: float = 0.05
    """Cost by which a ratio is e times less probable, for the same."""


class Measurement(NamedTuple):
    """What images say of a keyframe's depth, at the pyramid level of stereo."""

    log_depth: np.ndarray
    """(h, w) float32 logarithm of depth in metres, regularised."""
    log_std: np.ndarray
    """(h, w) float32 standard deviation of log depth by the images alone."""


class StereoDepth(NamedTuple):
    """Depth of a keyframe and its uncertainty."""

    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, 0 where none was assumed."""
    log_std: np.ndarray
    """(h, w) float32 standard deviation of log depth."""


def unrefined(inverse_depth: np.ndarray, log_std: float) -> StereoDepth:
    """An assumed (h, w) inverse depth that no other keyframe sees, with one log_std for all -> StereoDepth"""
    return StereoDepth(inverse_depth, np.full(inverse_depth.shape, log_std, np.float32))


def refine_depth(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                 config: StereoConfig) -> StereoDepth:
    """Refine a keyframe's assumed (h, w) inverse depth -> StereoDepth

    others: pyramids of S other keyframes; T_other_key (S, 4, 4): this keyframe's pose in their frames."""
    costs = _costs(pyramid, inverse_depth, others, T_other_key, config)[1]
    log_ratio, log_std = _regularised(costs, pyramid.levels[config.level], config)
    size = inverse_depth.shape[::-1]
    return StereoDepth(inverse_depth * np.exp(cv2.resize(log_ratio, size, interpolation=cv2.INTER_LINEAR)),
                       cv2.resize(log_std, size, interpolation=cv2.INTER_LINEAR))


def measure_depth(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                  config: StereoConfig) -> Measurement:
    """As refine_depth, with an uncertainty that owes nothing to the surroundings -> Measurement"""
    assumed, costs = _costs(pyramid, inverse_depth, others, T_other_key, config)
    log_std = _posterior_std(costs, config)
    log_ratio, _ = _regularised(costs, pyramid.levels[config.level], config)
    return Measurement(-(np.log(np.maximum(assumed, MIN_INVERSE_DEPTH)) + log_ratio), log_std)


def photometric_cost(pyramid: Pyramid, inverse_depth: np.ndarray, others: list[Pyramid], T_other_key: np.ndarray,
                     config: StereoConfig) -> float:
    """Mean of one minus the correlation of windows, for a known (h, w) inverse depth, over the half of the pixels with
    most gradient: how badly depth and poses together explain the images. Parameters as for refine_depth."""
    height, width = pyramid.levels[config.level].camera.size
    inverse_depth = cv2.resize(inverse_depth, (width, height), interpolation=cv2.INTER_AREA)
    costs = _costs_of(np.zeros(1, np.float32), pyramid, inverse_depth, others, T_other_key, config)[..., 0]
    gradient = _gradient(pyramid.levels[config.level])
    return float(costs[gradient > np.median(gradient)].mean())


def _costs(pyramid, inverse_depth, others, T_other_key, config):
    """-> (h, w) assumed inverse depth at the level of stereo, (h, w, D) float32 costs of its ratios by images"""
    height, width = pyramid.levels[config.level].camera.size
    assumed = cv2.resize(inverse_depth, (width, height), interpolation=cv2.INTER_AREA)
    return assumed, _costs_of(_log_ratios(config), pyramid, assumed, others, T_other_key, config)


def _costs_of(log_ratios, pyramid, assumed, others, T_other_key, config):
    level = pyramid.levels[config.level]
    costs = np.empty((*level.camera.size, len(log_ratios)), np.float32)
    matching_costs(_gray(level), assumed, np.exp(log_ratios), np.array(level.camera.pinhole, np.float32),
                   np.stack([_gray(other.levels[config.level]) for other in others]),
                   T_other_key[:, :3].astype(np.float32), costs)
    return costs


def _log_ratios(config):
    return np.linspace(-config.log_range, config.log_range, config.steps, dtype=np.float32)


def _regularised(costs, level, config):
    """Costs (h, w, D) by images, changed in place -> (h, w) log ratio and its std, by semi-global matching"""
    log_ratios = _log_ratios(config)
    costs += config.prior_weight * np.minimum((log_ratios / config.prior_log_std) ** 2, MAX_PRIOR_COST)
    total, path = np.empty((2, *costs.shape), np.uint16)
    aggregate((UNIT * costs).astype(np.uint16), _stiffness(level, config), np.float32(UNIT * config.small_step),
              np.float32(UNIT * config.large_step), path, total)
    return _minimum(total, log_ratios)


def _posterior_std(costs, config):
    """Costs (h, w, D) -> (h, w) standard deviation of the log ratio, as if the ratios had probabilities exp(-cost)"""
    window = (config.support_px, config.support_px)
    mean = np.stack([cv2.blur(np.ascontiguousarray(costs[..., k]), window) for k in range(costs.shape[-1])], -1)
    probability = np.exp((mean.min(-1, keepdims=True) - mean) / config.temperature)
    probability /= probability.sum(-1, keepdims=True)
    log_ratios = _log_ratios(config)
    centre = probability @ log_ratios
    return np.sqrt(np.maximum(probability @ log_ratios**2 - centre**2, 0)).astype(np.float32)


def _gray(level):
    return np.ascontiguousarray(level.texture[..., 0])


def _stiffness(level, config):
    return 1 / (1 + _gradient(level) / np.float32(config.edge_gradient))


def _gradient(level):
    return np.hypot(level.texture[..., 1], level.texture[..., 2])


def _minimum(total, log_ratios):
    """Costs (h, w, D) -> (h, w) log ratio of the minimum, between ratios by a parabola, and its standard deviation"""
    best = np.clip(total.argmin(-1), 1, len(log_ratios) - 2)
    left, least, right = (np.take_along_axis(total, (best + k)[..., None], -1)[..., 0].astype(np.float32)
                          for k in (-1, 0, 1))
    curvature = np.maximum(left - 2 * least + right, 1)
    step = log_ratios[1] - log_ratios[0]
    log_ratio = log_ratios[best] + step * np.clip(0.5 * (left - right) / curvature, -1, 1)
    return log_ratio, step * np.sqrt(UNIT / curvature)
