"""Slope of a network's log depth against true log depth, learnt while a sequence runs.

Networks regress towards the depths they were trained on: what is near comes out too far and what is far too near, in
some scenes much more than in others. Refined keyframes show how much.
"""

from dataclasses import dataclass

import numpy as np

MIN_VARIANCE = 1e-6
"""Of two log depths together; with less they are flat, and show no shape that could agree."""


@dataclass(frozen=True)
class ResponseConfig:
    """Settings of NetworkResponse."""

    max_log_std: float = 0.05
    """Standard deviation of refined log depth up to which a pixel is used."""
    min_pixels: int = 1000
    """Pixels that a keyframe needs to be used."""
    little_variance: float = 0.075**2
    """Variance of log depth in one image that weighs as much as the prior of slope one."""
    share: float = 0.3
    """Weight of a new keyframe's slope in the running mean."""
    limits: tuple[float, float] = (1.0, 2.5)
    """Limits of the slope. Noise in the prediction makes it look less than one."""


class NetworkResponse:
    """Learns the slope from keyframes, and corrects predictions by it."""

    def __init__(self, config: ResponseConfig):
        self.config = config
        self.slope = 1.0
        """d log(true depth) / d log(predicted depth)"""

    def corrected(self, inverse_depth: np.ndarray) -> np.ndarray:
        """A network's (h, w) inverse depth stretched by the slope about its median -> (h, w) float32; 0 stays 0"""
        known = inverse_depth > 0
        median = np.median(inverse_depth[known]) if known.any() else 1
        relative = np.where(known, inverse_depth, median) / median
        return np.where(known, median * relative**self.slope, 0).astype(np.float32)

    def learn(self, predicted: np.ndarray, inverse_depth: np.ndarray, log_std: np.ndarray) -> float | None:
        """Compare a network's (h, w) inverse depth with the refined one -> how well their shapes agree, None where
        too little could be refined; log_std (h, w): of the refined one.

        That is twice the covariance of their logs over the sum of the variances: 1 for the same shape, 0 for nothing in
        common. Unlike a correlation it falls where the slope is not one (Lin 1989)."""
        sure = (log_std < self.config.max_log_std) & (predicted > 0) & (inverse_depth > 0)
        if sure.sum() < self.config.min_pixels:
            return None
        x, y = np.log(predicted[sure]), np.log(inverse_depth[sure])
        x, y = x - np.median(x), y - np.median(y)
        little = self.config.little_variance
        slope = (np.mean(x * y) + little) / (np.mean(x * x) + little)
        self.slope += self.config.share * (float(np.clip(slope, *self.config.limits)) - self.slope)
        return float(2 * np.cov(x, y, bias=True)[0, 1] / max(np.var(x) + np.var(y), MIN_VARIANCE))
