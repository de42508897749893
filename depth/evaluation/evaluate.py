"""Measuring an estimator on a dataset, as the papers do: predictions are compared at the pixels of the ground truth."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from calib.geometry.camera import Camera
from depth.data.sample import DepthDataset, Sample
from depth.estimator import DepthEstimator, DepthPrediction
from depth.evaluation.error_bins import ErrorBins
from depth.evaluation.metrics import Scores, median_scale
from depth.evaluation.protocol import PROTOCOLS, Protocol

WHOLE = PROTOCOLS["all"]


@dataclass
class ImageResult:
    """Errors of one image."""

    name: str
    rel: float
    delta1: float
    scale: float
    """Factor that gives the prediction the median of the ground truth."""


@dataclass
class Evaluation:
    """Errors of all images, raw and after giving each prediction the median of the ground truth."""

    raw: Scores = field(default_factory=Scores)
    scaled: Scores = field(default_factory=Scores)
    images: list[ImageResult] = field(default_factory=list)
    errors: ErrorBins | None = None
    """Expected and measured errors, of networks that predict their own."""
    without_ground_truth: list[str] = field(default_factory=list)
    """Images in which no pixel counts."""

    def add(self, name: str, predicted_m: np.ndarray, ground_truth_m: np.ndarray, protocol: Protocol,
            log_error: np.ndarray | None = None) -> None:
        """Add an image: prediction, ground truth (0 where unknown), log of the expected error if any, all (h, w)."""
        valid = protocol.valid(ground_truth_m)
        if not valid.any():
            self.without_ground_truth.append(name)
            return
        predicted_m = predicted_m[valid].astype(np.float64)
        ground_truth_m = ground_truth_m[valid].astype(np.float64)
        scale = median_scale(protocol.clipped(predicted_m), ground_truth_m)
        self.raw.add(protocol.clipped(predicted_m), ground_truth_m)
        if log_error is not None:
            self.errors = self.errors or ErrorBins()
            self.errors.add(log_error[valid], np.abs(protocol.clipped(predicted_m) / ground_truth_m - 1))
        self.scaled.add(protocol.clipped(scale * predicted_m), ground_truth_m)
        self.images.append(ImageResult(name, self.raw.images["rel"][-1], self.raw.images["delta1"][-1], scale))

    def result_of(self, name: str) -> ImageResult | None:
        """The ImageResult of the image just added, or None if it had no ground truth."""
        return self.images[-1] if self.images and self.images[-1].name == name else None

    def summary(self, per: str = "image") -> dict[str, Any]:
        """{metric: value, "images": count, "median_scaled": {metric: value}}, means over images or over pixels."""
        raw, scaled = ((s.per_pixel() if per == "pixel" else s.per_image()) for s in (self.raw, self.scaled))
        return {**raw, "images": len(self.images), "median_scaled": scaled}


def predicted_at_ground_truth(estimator: DepthEstimator, sample: Sample, protocol: Protocol = WHOLE
                              ) -> DepthPrediction:
    """DepthEstimator and Sample -> DepthPrediction at the pixels of the sample's ground truth.

    `protocol`: what the estimator is shown of the image.
    """
    shown = middle(sample, protocol.shown)
    prediction = estimator.predict(shown.rgb, shown.camera)
    seen_by = (sample if protocol.is_stretched else shown).camera.resized(prediction.depth_m.shape)
    depth_m = at_pixels_of(prediction.depth_m, seen_by, sample.depth_camera)
    if prediction.log_error is None:
        return prediction._replace(depth_m=depth_m)
    return prediction._replace(depth_m=depth_m,
                               log_error=at_pixels_of(prediction.log_error, seen_by, sample.depth_camera))


def middle(sample: Sample, shares: tuple[float, float]) -> Sample:
    """The middle of the image, in shares of height and width; the depth map stays as it is."""
    edges = [round((1 - share) * side / 2) for share, side in zip(shares, sample.rgb.shape)]
    (top, left), (height, width) = edges, sample.rgb.shape[:2]
    camera = sample.camera
    return sample._replace(rgb=sample.rgb[top:height - top, left:width - left], camera=replace(
        camera, width=width - 2 * left, height=height - 2 * top, cx=camera.cx - left, cy=camera.cy - top))


def at_pixels_of(depth_m: np.ndarray, seen_by: Camera, wanted: Camera) -> np.ndarray:
    """(h, w) depth of one camera -> bilinear samples (H, W) at the pixels of another with the same centre and axes.

    Laina 2016, section 4.2: "up-sampled back to the original size using bilinear interpolation". Beyond the outermost
    pixel centres the edge goes on.
    """
    across, down = seen_by.fx / wanted.fx, seen_by.fy / wanted.fy
    matrix = np.array([[across, 0, seen_by.cx - across * wanted.cx], [0, down, seen_by.cy - down * wanted.cy]])
    return cv2.warpAffine(depth_m, matrix, (wanted.width, wanted.height), borderMode=cv2.BORDER_REPLICATE,
                          flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def evaluated(estimator: DepthEstimator, dataset: DepthDataset, protocol: Protocol, indices: Iterable[int],
              evaluation: Evaluation) -> Iterator[tuple[int, Sample, DepthPrediction]]:
    """Measure a DepthEstimator on images of a DepthDataset into `evaluation`; yields index, sample and prediction."""
    for index in indices:
        sample = dataset[index]
        prediction = predicted_at_ground_truth(estimator, sample, protocol)
        evaluation.add(dataset.names[index], prediction.depth_m, sample.depth_m, protocol, prediction.log_error)
        yield index, sample, prediction


def evenly(count: int, wanted: int | None) -> list[int]:
    """`wanted` numbers spread evenly over range(count), or all of them."""
    return list(range(count)) if wanted is None or wanted >= count else \
        np.linspace(0, count - 1, wanted).round().astype(int).tolist()
