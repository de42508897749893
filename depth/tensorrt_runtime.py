"""Depth networks in ONNX files, run by TensorRT on NVIDIA GPUs: the fastest, once its engine is built and found right."""

import hashlib
import time
from contextlib import suppress
from pathlib import Path

from calib.cache_folder import cache_folder
from calib.errors import OutputError, UnusableRuntimeError
from depth import self_check
from depth.engine_cache import EngineCache, read_bytes, write_bytes
from depth.nvidia_gpu import find_gpu
from depth.onnx_half import FORM, half_precision
from depth.onnx_model import declared_inputs, fix_shape, read_model
from depth.onnx_network import OnnxNetwork
from depth.onnx_runtime import OnnxDepth
from depth.tensorrt_engine import TURING, build_engine, is_rtx, load_tensorrt
from depth.tensorrt_session import EngineSession

PRECISIONS = {"fp16": 0.03, "fp32": 0.001}
"""And by how much depth may differ from float32 (see depth.self_check), in order of speed."""


class TensorRtNetwork(OnnxNetwork):
    """A file, and the engines made from it. What runs one derives from it."""

    def __init__(self, path, options, trt, gpu, folder):
        """`gpu`: NvidiaGpu that the engines are for, or None. `folder`: where they are kept, or None."""
        self.path, self.options, self.trt, self.gpu = Path(path), options, trt, gpu
        self.model = read_model(path, "--runtime tensorrt")
        super().__init__(path, options, declared_inputs(self.model), [each.name for each in self.model.graph.output])
        self.cache = EngineCache(folder)

    def cached(self, precision):
        """-> CachedEngine of this file, which may not be built yet."""
        target = "sm80 and later" if is_rtx(self.trt) else self.gpu.key
        if is_rtx(self.trt) and self.gpu and self.gpu.compute_capability == TURING:
            target = "sm75"
        return self.cache.entry(self.path.stem, {
            "network": hashlib.sha256(self.model.SerializeToString()).hexdigest(), "precision": precision, "form": FORM,
            "size": self.size, "package": self.trt.__name__, "version": self.trt.__version__, "target": target})

    def build(self, precision, progress=None):
        """-> CachedEngine and bytes, built now. Raises UnusableRuntimeError, OutputError."""
        start = time.perf_counter()
        entry = self.cached(precision)
        timings = self.gpu and not is_rtx(self.trt) and self.cache.timings(f"tensorrt {self.trt.__version__}", self.gpu.key)
        built = build_engine(self.trt, self.model_in(precision), self.gpu and self.gpu.compute_capability,
                             read_bytes(timings), progress)
