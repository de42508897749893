"""A network's depth aligned to the map: one factor for its scale, and a smooth field that bends its shape.

A network errs smoothly: whole walls and corners come out too near or too far, and differently in the next image.
Averaged as they are, such depth maps give layered walls. So each is bent to the map's depth by a smooth field, which
leaves the network's edges and small details. (Zhang 2024, HI-SLAM2, has scale grids per keyframe for the same purpose,
as unknowns of a joint optimisation.)
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from slam.mapping.render import View
from slam.robust import robust_std

SMALL_WIDTH = 80
"""Columns of the grid that the field is computed on; its smoothing is several of them wide."""


@dataclass(frozen=True)
class AlignmentConfig:
    """Settings of align_depth, bend_to_points and bend_to_depth."""

    min_confidence: float = 0.1
    """Confidence, in observations, below which pixels of the rendered map are not used."""
    min_share: float = 0.05
    """Share of the image that map and prediction must both cover; below, the last scale is kept."""
    max_log_bend: float = 0.4
    """Log ratio to the common scale beyond which map and prediction show different surfaces."""
    bend_width: float = 0.0625
    """Standard deviation of the smoothing of the field, in image widths."""
    point_share: float = 0.3
    """Weight of one point in the scale, against an independent one: a network misjudges neighbours alike."""
    bend_prior: float = 0.05
    """Share of known pixels around at which the field is half of their mean; with fewer it goes to zero."""


class AlignedDepth(NamedTuple):
    """A prediction in the scale of the map."""

    inverse_depth: np.ndarray
    """(h, w) float32, 1/m, in the scale of the map."""
    log_scale: float
    """Log of the factor that brought the prediction's depth to the map's."""
    log_spread: float
    """Robust standard deviation of the log ratios around log_scale: how well the shapes agree."""


def align_depth(inverse_depth: np.ndarray, view: View, last_log_scale: float, config: AlignmentConfig) -> AlignedDepth:
    """Scale and bend a predicted (h, w) inverse depth to the rendered map -> AlignedDepth

    The scale is the median of log ratios: robust to a third of the image being wrong, symmetric in near and far.
    last_log_scale: used where the two have too little in common.
    """
    common = (view.confidence >= config.min_confidence) & (view.depth_m > 0) & (inverse_depth > 0)
    if common.sum() < config.min_share * common.size:
        return scaled(inverse_depth, last_log_scale)
    log_ratio = np.zeros(inverse_depth.shape, np.float32)
    log_ratio[common] = np.log(view.depth_m[common] * inverse_depth[common])
    log_scale = float(np.median(log_ratio[common]))
    rest = log_ratio - np.float32(log_scale)
    log_spread = robust_std(rest[common])
    known = (common & (np.abs(rest) < config.max_log_bend)).astype(np.float32)
    log_bend = _smoothed(rest * known, known, config.bend_width, config.bend_prior)
    return AlignedDepth(inverse_depth * np.exp(-np.float32(log_scale) - log_bend), log_scale, log_spread)


def scaled(inverse_depth: np.ndarray, log_scale: float) -> AlignedDepth:
    """A predicted (h, w) inverse depth with a given log scale, not bent -> AlignedDepth"""
    return AlignedDepth(inverse_depth * np.float32(np.exp(-log_scale)), log_scale, np.inf)


def bend_to_points(inverse_depth: np.ndarray, u: np.ndarray, v: np.ndarray, rho: np.ndarray, config: AlignmentConfig,
                   usual: tuple[float, float] | None = None) -> AlignedDepth:
    """Scale and bend a predicted (h, w) inverse depth to points, of inverse depth rho (n,) at u, v -> AlignedDepth

    As `align_depth`, for sparse points: `bend_prior` is in units of their mean density. The prediction needs a value at
    each. usual: expected log scale and its standard deviation, a prior against few or inconsistent points.
    """
    log_ratio = np.log(inverse_depth[v, u] / rho).astype(np.float32)
    log_scale = float(np.median(log_ratio))
    rest = log_ratio - np.float32(log_scale)
    log_spread = robust_std(rest)
    if usual is not None:
        variance = log_spread**2 / (config.point_share * len(rho))
        log_scale += variance / (variance + usual[1] ** 2) * (usual[0] - log_scale)
    kept = np.abs(rest) < config.max_log_bend
    total, known = np.zeros(inverse_depth.shape, np.float32), np.zeros(inverse_depth.shape, np.float32)
    np.add.at(total, (v[kept], u[kept]), rest[kept])
    np.add.at(known, (v[kept], u[kept]), 1)
    log_bend = _smoothed(total, known, config.bend_width, config.bend_prior * float(known.mean()))
    return AlignedDepth(inverse_depth * np.exp(-np.float32(log_scale) - log_bend), log_scale, log_spread)


def bend_to_depth(log_depth: np.ndarray, measured: np.ndarray, weight: np.ndarray, config: AlignmentConfig
                  ) -> np.ndarray:
    """Scale and bend a predicted (h, w) log depth to a measured one, of weight (h, w) >= 0 -> (h, w) float32

    As `align_depth`; `bend_prior` is a weight. The scale is the median over that half of the weighted pixels which
    weighs most."""
    difference, known = (measured - log_depth).astype(np.float32), weight > 0
    shift = np.median(difference[known & (weight >= np.median(weight[known]))]) if known.any() else np.float32(0)
    rest = difference - shift
    kept = (weight * (np.abs(rest) < config.max_log_bend)).astype(np.float32)
    return (log_depth + shift + _smoothed(rest * kept, kept, config.bend_width, config.bend_prior)).astype(np.float32)


def averaged_with_map(inverse_depth: np.ndarray, view: View, depth_tolerance: float,
                      stable_confidence: float) -> np.ndarray:
    """A frame's (h, w) inverse depth merged with the rendered map's -> (h, w) float32, 1/m

    Their average where the two agree within a relative difference; the stable map's where the frame has none."""
    known = view.depth_m > 0
    from_map = np.where(known, 1 / np.where(known, view.depth_m, 1), 0).astype(np.float32)
    tolerance = 1 + depth_tolerance
    agree = known & (from_map < inverse_depth * tolerance) & (inverse_depth < from_map * tolerance)
    share = view.confidence / (view.confidence + 1)
    merged = np.where(agree, inverse_depth + share * (from_map - inverse_depth), inverse_depth)
    return np.where((inverse_depth == 0) & (view.confidence >= stable_confidence), from_map, merged)


def _smoothed(total, weight, width, prior_weight):
    """Sums of values and their weights (h, w) float32 -> (h, w) field, smoothed over `width` image widths, towards zero
    where the weight around is much less than the prior's."""
    height, columns = total.shape
    small = max(1, columns // SMALL_WIDTH)
    size = columns // small, height // small
    sigma = width * size[0]
    total = cv2.GaussianBlur(cv2.resize(total, size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
    weight = cv2.GaussianBlur(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), (0, 0), sigma)
    return cv2.resize(total / (weight + prior_weight), (columns, height), interpolation=cv2.INTER_LINEAR)
