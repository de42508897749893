"""A caller's own depth network, or any function that predicts depth, as a depth estimator."""

import math
import os
import time
from collections.abc import Callable
from typing import cast

import numpy as np

from calib.base.errors import BadInputError, NetworkError
from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator, DepthPrediction, cleaned_depth, cleaned_log_error
from depth.hub.network import open_estimator
from depth.runtimes.default_network import NAME

DepthFunction = Callable[[np.ndarray], np.ndarray | DepthPrediction]
"""(H, W, 3) uint8 rectified image -> (h, w) depth in metres that covers the same field of view, 0 where unknown."""
DepthSource = str | os.PathLike[str] | DepthEstimator | DepthFunction
"""All that `Slam` takes for a network: a name, a file, a folder with a model of the hub, an estimator, a function."""


class OwnNetwork:
    """A depth.estimator.DepthEstimator around an object with `predict(rgb, camera)`, or a function of rgb.

    Whatever the network returns, an array or a DepthPrediction, is checked and cleaned.
    """

    def __init__(self, network: DepthEstimator | DepthFunction):
        self.name = str(getattr(network, "name", None) or getattr(network, "__name__", type(network).__name__))
        self._predict: Callable = getattr(network, "predict", None) or _of_rgb(cast(DepthFunction, network))

    def predict(self, rgb: np.ndarray, camera: Camera) -> DepthPrediction:
        """(H, W, 3) uint8 image of `camera` -> DepthPrediction. Raises NetworkError if nothing in it is a depth."""
        start_s = time.perf_counter()
        predicted = self._predict(rgb.copy(), camera)  # networks may write into their input
        if not isinstance(predicted, DepthPrediction):
            predicted = DepthPrediction(np.asarray(predicted), None, 1e3 * (time.perf_counter() - start_s))
        depth_m, log_error, ms = predicted
        if depth_m.ndim != 2 or not np.issubdtype(depth_m.dtype, np.number):
            raise NetworkError(f"{self.name} must predict an array (height, width) of depths in metres, not "
                               f"{depth_m.shape} of {depth_m.dtype}")
        if log_error is not None and log_error.shape != depth_m.shape:
            raise NetworkError(f"{self.name} predicts depth of {depth_m.shape} but errors of {log_error.shape}")
        return DepthPrediction(cleaned_depth(depth_m, math.inf, self.name),
                               None if log_error is None else cleaned_log_error(log_error), ms)


def _of_rgb(function):
    return lambda rgb, camera: function(rgb)


def network_of(depth: DepthSource) -> DepthEstimator:
    """The estimator behind what a caller names as source of depth. Raises BadInputError and its children."""
    if isinstance(depth, (str, os.PathLike)):
        return open_estimator(os.fspath(depth))
    if callable(depth) or hasattr(depth, "predict"):
        return OwnNetwork(depth)
    raise BadInputError(f"depth must be {NAME!r}, 'sensor', the file of a network, a model of the hub, a function "
                        f"of rgb or an object with predict(rgb, camera), not {type(depth).__name__}")
