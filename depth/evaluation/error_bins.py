"""Calibration of expected errors: how far they agree with measured ones, and the line that makes them agree."""

from typing import Any, NamedTuple

import numpy as np

from depth.estimator import MAX_LOG_ERROR, MIN_LOG_ERROR

FINE_COUNT = 400
"""Number of steps, of 2.3 % each, that expected errors are counted in."""
TENTHS = 10


class Bin(NamedTuple):
    """Pixels of which the network expects similar errors."""

    share: float
    """Share of all pixels that are in the bin."""
    expected: float
    """Mean of the expected absolute relative errors."""
    measured: float
    """Mean of the measured absolute relative errors."""

    @property
    def off(self) -> float:
        """Relative deviation of the measured from the expected error."""
        return self.measured / self.expected - 1


class ErrorBins:
    """Counts pixels by the error that is expected of them. Memory does not grow with the images."""

    def __init__(self) -> None:
        self.pixels, self.expected, self.measured = np.zeros((3, FINE_COUNT))

    def add(self, log_error: np.ndarray, error: np.ndarray) -> None:
        """Add pixels: natural log of the expected, and the measured absolute relative error, both (N,)."""
        share = (np.asarray(log_error, np.float64) - MIN_LOG_ERROR) / (MAX_LOG_ERROR - MIN_LOG_ERROR)
        fine = np.clip((FINE_COUNT * share).astype(int), 0, FINE_COUNT - 1)
        self.pixels += np.bincount(fine, minlength=FINE_COUNT)
        self.expected += np.bincount(fine, np.exp(log_error), FINE_COUNT)
        self.measured += np.bincount(fine, error, FINE_COUNT)

    def tenths(self) -> list[Bin]:
        """Bins from the least to the largest expected error, of about a tenth of the pixels each."""
        middle = (np.cumsum(self.pixels) - self.pixels / 2) / self.pixels.sum()
        tenth = np.minimum((TENTHS * middle).astype(int), TENTHS - 1)
        sums = (np.bincount(tenth, values, TENTHS) for values in (self.pixels, self.expected, self.measured))
        return [Bin(count / self.pixels.sum(), expected / count, measured / count)
                for count, expected, measured in zip(*sums) if count]

    def summary(self) -> dict[str, Any]:
        """{"off": mean over the pixels of |Bin.off|, "off_worst": the largest, "bins": [...]}"""
        tenths = self.tenths()
        return {"off": sum(each.share * abs(each.off) for each in tenths),
                "off_worst": max(abs(each.off) for each in tenths), "bins": [each._asdict() for each in tenths]}

    def fit(self) -> tuple[float, float]:
        """Slope and offset so that exp(slope * log_error + offset) is the mean error measured.

        Regression of gamma-distributed errors with a logarithmic link (McCullagh 1989, section 8.3): at the optimum the
        relative deviations add up to zero, also when weighted by log_error, however the errors are distributed.
        """
        from scipy.optimize import minimize  # takes a while to load, and measuring needs none of it
        known = self.pixels > 0
        n, x = self.pixels[known] / self.pixels.sum(), np.log(self.expected[known] / self.pixels[known])
        mean = self.measured[known] / self.pixels[known]

        def cost(line):
            relative = mean * np.exp(-(line[0] * x + line[1]))
            gradient = n * (1 - relative)
            return n @ (line[0] * x + line[1] + relative), np.array([gradient @ x, gradient.sum()])
        slope, offset = minimize(cost, (1.0, 0.0), jac=True, method="BFGS").x
        return float(slope), float(offset)
