"""The interface of every depth network, and what all of them do to their raw outputs."""

import math
from typing import NamedTuple, Protocol

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera

MIN_LOG_ERROR, MAX_LOG_ERROR = math.log(1e-3), math.log(10.0)
"""Limits of log errors: no prediction is better than a thousandth, and one that is off tenfold says nothing."""


class DepthPrediction(NamedTuple):
    """Depth of one image."""

    depth_m: np.ndarray
    """(h, w) float32, z in metres at the network's own output size, 0 where nothing usable was predicted."""
    log_error: np.ndarray | None
    """(h, w) float32, natural logarithm of the absolute relative error of depth_m that the network expects, from
    MIN_LOG_ERROR to MAX_LOG_ERROR; None from networks that do not say."""
    ms: float
    """Wall time of preprocessing, network and conversion, in milliseconds."""


class DepthEstimator(Protocol):
    """Predicts depth from one image."""

    name: str
    """Name of the network, for messages and reports."""

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """(H, W, 3) uint8 image of `camera` -> DepthPrediction that covers the same field of view.

        Raises NetworkError if nothing in the prediction is a depth.
        """
        ...


def focal_scale(camera: Camera, input_size: tuple[int, int], train_focal_px: tuple[float, float],
                axes: str = "xy") -> float:
    """Factor on metric depth for a camera that the network was not trained with.

    An object looks as large at depth d with focal length f as at depth d f_cam / f_train with f_cam, so a network
    trained at `train_focal_px` (fx, fy at its input size) sees depths of its own camera (Facil 2019, CAM-Convs).
    axes: `xy`, or `x` where the focal length along rows alone counts.
    """
    seen = camera.resized(input_size)
    if axes == "x":
        return seen.fx / train_focal_px[0]
    return float(np.sqrt(seen.fx * abs(seen.fy) / (train_focal_px[0] * train_focal_px[1])))


def cleaned_depth(depth_m: np.ndarray, max_depth_m: float, name: str) -> np.ndarray:
    """(h, w) raw network depth -> float32 with 0 for NaN, infinite, negative and absurdly large values.

    Raises NetworkError where nothing is left.
    """
    depth_m = np.ascontiguousarray(depth_m, np.float32)
    usable = np.isfinite(depth_m) & (depth_m > 0) & (depth_m < max_depth_m)
    if not usable.any():
        what = "NaN" if np.isnan(depth_m).all() else "zero, negative, infinite or beyond any room"
        raise NetworkError(f"{name} predicts no usable depth (every value is {what}): check its preprocessing "
                           f"(mean, std, range), its output kind and its scale to metres")
    return np.where(usable, depth_m, np.float32(0))


def cleaned_log_error(log_error: np.ndarray) -> np.ndarray:
    """(h, w) raw output -> float32 within the limits of DepthPrediction. NaN is as bad as it gets."""
    known = np.nan_to_num(log_error, nan=MAX_LOG_ERROR, posinf=MAX_LOG_ERROR, neginf=MIN_LOG_ERROR)
    return np.clip(known, MIN_LOG_ERROR, MAX_LOG_ERROR).astype(np.float32, copy=False)
