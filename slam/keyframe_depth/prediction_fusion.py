"""A network's predictions of neighbouring keyframes in one: it does not make the same errors in every image.

Each is warped into the keyframe by the poses, brought to the scale of the keyframe's own prediction, and averaged.
"""

from dataclasses import dataclass

import numpy as np

from calib.geometry.camera import Camera
from slam.kernels.depth_warp import warp_depth


@dataclass(frozen=True)
class PredictionFusionConfig:
    """Settings of mean_log_ratio."""

    max_log_ratio: float = 0.4
    """Log ratio to the keyframe's own prediction beyond which another one shows a different surface."""
    min_share: float = 0.25
    """Share of the keyframe's pixels that another prediction must show to be used."""


def mean_log_ratio(own: np.ndarray, others: list[np.ndarray], T_other_key: np.ndarray, camera: Camera,
                   config: PredictionFusionConfig) -> np.ndarray:
    """A keyframe's predicted inverse depth and that of S others -> (h, w) float32 log ratio of their mean to `own`

    All (h, w) float32, 1/m in the units of the poses T_other_key (S, 4, 4), 0 where unknown; camera: of these pixels.
    The mean is that of log depth, in the scale of `own`, which takes part in it.
    """
    total, count = np.zeros(own.shape, np.float32), np.ones(own.shape, np.float32)
    warped = np.empty(own.shape, np.float32)
    for other, T in zip(others, T_other_key[:, :3].astype(np.float32)):
        warp_depth(own, other, camera.pinhole, T, warped)
        log_ratio, known = _log_ratio(warped, own)
        if known.mean() < config.min_share:
            continue
        log_ratio -= np.median(log_ratio[known])
        known &= np.abs(log_ratio) < config.max_log_ratio
        total[known] += log_ratio[known]
        count += known
    return total / count


def _log_ratio(inverse_depth, own):
    """-> (h, w) float32 log of one inverse depth over the other, and where both are known"""
    known = (inverse_depth > 0) & (own > 0)
    ratio = np.ones(own.shape, np.float32)
    np.divide(inverse_depth, own, out=ratio, where=known)
    return np.log(ratio), known
