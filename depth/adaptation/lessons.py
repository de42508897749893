"""Targets as the network sees them: inputs of its own size, and depths for its training camera."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from depth.adaptation.target import Target
from depth.estimator import focal_scale
from depth.runtimes.image_network import MAX_DEPTH_M, ImageNetwork
from depth.runtimes.preprocessing import resized, to_depth_m


class Known(NamedTuple):
    """A target at the sizes of the network."""

    image: np.ndarray
    """(h, w, 3) uint8 at the size of the input."""
    log_depth: np.ndarray
    """(h', w') float32 at the size of the output, for the training camera."""
    weight: np.ndarray
    """(h', w') float32, 0 where nothing is known to 1."""
    own: np.ndarray
    """(h', w') float32 log depth that the network predicts."""

    def error(self, log_depth: np.ndarray) -> float:
        """Mean error, weighted, of a (h', w') log depth."""
        return float((self.weight * np.abs(log_depth - self.log_depth)).sum() / self.weight.sum())


MIN_DEPTH_M = 0.01
"""Smallest depth that is told apart."""
EVERY_PX = 3
"""Every n-th pixel in both directions is enough for a median."""


def known(network: ImageNetwork, target: Target, trusted_log_std: float) -> Known:
    """A Target as this network sees it."""
    size = network.size_for(target.rgb.shape[:2])
    image = resized(target.rgb, size)
    own = np.log(np.clip(to_depth_m(network.raw(target.rgb)[0], network.spec), MIN_DEPTH_M, MAX_DEPTH_M))
    output = own.shape[::-1]
    inverse = cv2.resize(target.inverse_depth, output, interpolation=cv2.INTER_NEAREST)
    std = cv2.resize(target.log_std, output, interpolation=cv2.INTER_NEAREST)
    spec = network.spec
    scale = focal_scale(target.camera, size, spec.focal_px, spec.focal_axes) if spec.focal_px else 1.0
    is_known = inverse > 0
    log_depth = np.where(is_known, -np.log(np.maximum(inverse, 1e-6)) - np.float32(np.log(scale)), 0)
    weight = np.where(is_known, np.minimum(1, (trusted_log_std / np.maximum(std, 1e-6)) ** 2), 0)
    return Known(image, log_depth.astype(np.float32), weight.astype(np.float32), own)


def of_own_scale(lessons: Sequence[Known]) -> list[Known]:
    """The same with all targets scaled by one factor, which gives them the network's own scale by weighted median."""
    if not lessons:
        return []
    weight = np.concatenate([each.weight[::EVERY_PX, ::EVERY_PX].ravel() for each in lessons])
    log_ratio = np.concatenate([(each.log_depth - each.own)[::EVERY_PX, ::EVERY_PX].ravel() for each in lessons])
    order = np.argsort(log_ratio, kind="stable")
    cumulative = np.cumsum(weight[order], dtype=np.float64)
    common = log_ratio[order][np.searchsorted(cumulative, cumulative[-1] / 2)]
    return [each._replace(log_depth=each.log_depth - common) for each in lessons]
