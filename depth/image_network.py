"""What is the same in every runtime: from an image to the network's input, and from its output to checked metres."""

import time

import numpy as np

from calib.errors import NetworkError
from depth.estimator import DepthPrediction, cleaned_depth, focal_scale
from depth.preprocessing import to_depth_m, to_input

MAX_DEPTH_M = 1000.0
LEAST_SIDE = 4
"""A smaller output than this is a vector, or a number per image, and not a depth map."""


class ImageNetwork:
    """A DepthEstimator but for what runs the network: a runtime derives from it and adds `infer`."""

    def __init__(self, name, spec, size):
        """`size`: (height, width) of the network's input."""
        self.name, self.spec, self.size = name, spec, size

    def infer(self, image):
        """(1, 3, h, w) or (1, h, w, 3) float32, as the spec's layout is -> array that holds one map."""
        raise NotImplementedError

    def try_out(self):
        """Predict for a black image, because what fails here would fail in mid-run. Raises NetworkError."""
        self.raw(np.zeros((*self.size, 3), np.uint8))

    def predict(self, rgb, camera):
        """See depth.estimator.DepthEstimator."""
        start = time.perf_counter()
        depth_m = to_depth_m(self.raw(rgb), self.spec)
        if self.spec.focal_px:
            depth_m = depth_m * np.float32(focal_scale(camera, self.size, self.spec.focal_px))
        depth_m = cleaned_depth(depth_m, MAX_DEPTH_M, self.name)
        return DepthPrediction(depth_m, 1e3 * (time.perf_counter() - start))

    def raw(self, rgb):
        """(H, W, 3) uint8 -> (h, w) float32, whatever the network means by it."""
        output = self.infer(to_input(rgb, self.size, self.spec))
        depth = np.squeeze(output)
        if depth.ndim != 2 or min(depth.shape) < LEAST_SIDE or depth.dtype.kind not in "fiu":
            raise NetworkError(f"{self.name} predicts an array of shape {np.shape(output)}, not one depth map")
        return depth.astype(np.float32, copy=False)
