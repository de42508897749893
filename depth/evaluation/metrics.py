"""Error metrics of depth, as the papers define them. NumPy only.

Every metric takes the valid pixels of one image, prediction and ground truth in metres, both (N,) and positive, N > 0.
`Scores` joins images in both ways that papers use, which differ: the mean of the images' values, and the value over
all pixels of all images (Laina 2016, section 4.1: "T is the number of valid pixels in all images").
"""

import numpy as np


def rel(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Mean |y - y*| / y*. Eigen 2014, section 4.3 (abs relative difference); Laina 2016, section 4.1."""
    return np.mean(np.abs(predicted_m - ground_truth_m) / ground_truth_m)


def sqrel(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Mean |y - y*|^2 / y*, in metres. Eigen 2014, section 4.3 (sqr relative difference)."""
    return np.mean((predicted_m - ground_truth_m) ** 2 / ground_truth_m)


def rms(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Root of the mean squared error, in metres. Eigen 2014, section 4.3 (RMSE linear)."""
    return np.sqrt(np.mean((predicted_m - ground_truth_m) ** 2))


def rms_log(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Root of the mean squared error of natural logarithms. Eigen 2014, section 4.3 (RMSE log)."""
    return np.sqrt(np.mean(np.log(predicted_m / ground_truth_m) ** 2))


def rms_log10(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Root of the mean squared error of logarithms to base 10. Laina 2016, section 4.1, where it is rms(log)."""
    return np.sqrt(np.mean(np.log10(predicted_m / ground_truth_m) ** 2))


def log10(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Mean |log10 y - log10 y*|. Laina 2016, section 4.1."""
    return np.mean(np.abs(np.log10(predicted_m / ground_truth_m)))


def si_rms(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> np.floating:
    """Root of the scale-invariant error, in natural logarithms. Eigen 2014, eq. 1, as in its tables."""
    d = np.log(predicted_m / ground_truth_m)
    return np.sqrt(np.mean((d - np.mean(d)) ** 2))


def delta(predicted_m: np.ndarray, ground_truth_m: np.ndarray, power: int = 1) -> np.floating:
    """Share of pixels with max(y / y*, y* / y) < 1.25^power. Eigen 2014, section 4.3 (threshold)."""
    return np.mean(np.maximum(predicted_m / ground_truth_m, ground_truth_m / predicted_m) < 1.25**power)


METRICS = {
    "rel": rel, "sqrel": sqrel, "rms": rms, "rms_log": rms_log, "log10": log10,
    "delta1": lambda predicted_m, ground_truth_m: delta(predicted_m, ground_truth_m, 1),
    "delta2": lambda predicted_m, ground_truth_m: delta(predicted_m, ground_truth_m, 2),
    "delta3": lambda predicted_m, ground_truth_m: delta(predicted_m, ground_truth_m, 3),
    "si_rms": si_rms, "rms_log10": rms_log10,
}
ROOTS = ("rms", "rms_log", "rms_log10", "si_rms")
"""Metrics that are roots of a mean: over all pixels, their squares are averaged."""
HIGHER_IS_BETTER = ("delta1", "delta2", "delta3")


def median_scale(predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> float:
    """The factor that gives the prediction the ground truth's median. Zhou 2017, section 4.2."""
    return float(np.median(ground_truth_m) / np.median(predicted_m))


class Scores:
    """Metrics of a set of images."""

    def __init__(self) -> None:
        self.pixels = []
        self.images = {name: [] for name in METRICS}

    def add(self, predicted_m: np.ndarray, ground_truth_m: np.ndarray) -> None:
        """Add the valid pixels of one image: two (N,) arrays, N > 0."""
        predicted_m, ground_truth_m = np.asarray(predicted_m, np.float64), np.asarray(ground_truth_m, np.float64)
        self.pixels.append(ground_truth_m.size)
        for name, metric in METRICS.items():
            self.images[name].append(float(metric(predicted_m, ground_truth_m)))

    def per_image(self) -> dict[str, float]:
        """{metric: mean of the images' values}"""
        return {name: float(np.mean(values)) for name, values in self.images.items()}

    def per_pixel(self) -> dict[str, float]:
        """{metric: its value over the pixels of all images together}; the scale of si_rms stays that of each image."""
        return {name: self._over_pixels(name, np.array(values)) for name, values in self.images.items()}

    def _over_pixels(self, name, values):
        if name in ROOTS:
            return float(np.sqrt(np.average(values**2, weights=self.pixels)))
        return float(np.average(values, weights=self.pixels))
