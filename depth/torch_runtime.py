"""Registered networks run by torch: from files of weights, and while they are being trained."""

import time
from dataclasses import replace

import numpy as np

from calib.errors import NetworkError
from depth.estimator import DepthPrediction, cleaned_depth, focal_scale
from depth.network_spec import read_spec
from depth.networks import registry
from depth.preprocessing import to_depth_m, to_input

MAX_DEPTH_M = 1000.0


class TorchDepth:
    """A DepthEstimator around a torch module that takes RGB in [0, 1]. `spec.size` must be set."""

    def __init__(self, module, spec, name):
        self.module, self.spec, self.name = module, spec, name

    def predict(self, rgb, camera):
        """See depth.estimator.DepthEstimator."""
        start = time.perf_counter()
        depth_m = to_depth_m(self._raw(rgb), self.spec)
        if self.spec.focal_px:
            depth_m = depth_m * np.float32(focal_scale(camera, self.spec.size, self.spec.focal_px))
        depth_m = cleaned_depth(depth_m, MAX_DEPTH_M, self.name)
        return DepthPrediction(depth_m, 1e3 * (time.perf_counter() - start))

    def _raw(self, rgb):
        """(H, W, 3) uint8 -> (h, w) float32, depth or its logarithm."""
        import torch
        image = torch.from_numpy(to_input(rgb, self.spec.size, self.spec))
        with torch.inference_mode():
            output = self.module(image.to(next(self.module.parameters()).device))
        value = output[0] if isinstance(output, tuple) else output
        return value[0, 0].float().cpu().numpy()


def open_weights(path, network=None, options=None, device="cpu"):
    """File of weights -> TorchDepth. `network`: name in the registry, for files that do not say whose they are.

    Beside FILE.safetensors, FILE.yaml may say `size` and `focal_px` of the training, as beside ONNX files; `options`
    go before it. Raises NetworkError.
    """
    registry.load_torch(f"running {path}")
    from depth.networks.checkpoint import fill, read_tensors
    tensors, facts = read_tensors(path)
    name = network or facts.get("network")
    if name is None:
        raise NetworkError(f"{path} does not say which network its weights are for: add --network NAME")
    entry = registry.find(name)
    module = entry.build()
    fill(module, tensors, path)
    spec = read_spec(path, options or {}, "", entry.predicts)
    estimator = TorchDepth(module.eval().to(device), replace(spec, size=spec.size or entry.input_size), name)
    estimator._raw(np.zeros((*estimator.spec.size, 3), np.uint8))  # what fails here would fail in mid-run
    return estimator
