"""Depth networks in ONNX files, run by TensorRT on an NVIDIA GPU, once the engine is found to predict the same."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from calib.base.cache_folder import cache_folder
from calib.base.errors import NetworkError, OutputError, UnusableRuntimeError
from depth.networks.registry import load_torch
from depth.onnx_files.model import one_line
from depth.runtimes import self_check
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from depth.runtimes.self_check import BOUNDS
from depth.runtimes.tensorrt.engine import load_tensorrt
from depth.runtimes.tensorrt.engine_cache import read_bytes, write_bytes
from depth.runtimes.tensorrt.network import TensorRtNetwork
from depth.runtimes.tensorrt.session import EngineSession


class TensorRtDepth(TensorRtNetwork):
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network.

    Raises UnusableRuntimeError where there is no GPU, or no engine that predicts on it what ONNX Runtime does.
    `precision`: `fp16`, `fp32`, or `auto` for the first of these that is right. `progress`: called while an engine is
    built, see depth.runtimes.tensorrt.engine.build_engine. `folder`: of engines, by default the cache.
    """

    gpu: NvidiaGpu
    difference: float
    """Relative difference of its depth to that of ONNX Runtime; see depth.runtimes.self_check.difference."""

    def __init__(self, path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto",
                 threads: int = 1, precision: str = "auto", progress: Callable[[float], None] | None = None,
                 folder: str | Path | None = None) -> None:
        if precision not in ("auto", *BOUNDS):
            raise NetworkError(f"precision {precision}: choose auto, {' or '.join(BOUNDS)}")
        gpu = require_gpu(device)
        super().__init__(path, options, load_tensorrt(on_gpu=True), gpu, folder or cache_folder("tensorrt"))
        self.threads, reasons = threads, []
        for self.precision in BOUNDS if precision == "auto" else (precision,):
            try:
                self._open(progress)
                break
            except UnusableRuntimeError as error:
                reasons.append(str(error))
        else:
            raise UnusableRuntimeError("; ".join(dict.fromkeys(reasons)))
        self.details = ", ".join([self.precision, gpu.name, *reasons])
        self.model = None  # it is in the engine now
        self.try_out()

    def run(self, image: np.ndarray) -> list[np.ndarray]:
        """Run the engine once; see OnnxNetwork."""
        outputs = self.session.run(image)
        return [outputs[name] for name in self.output_names]

    def _open(self, progress):
        """Set `session` and `difference`, with an engine that is right. Raises UnusableRuntimeError."""
        engine = self.cached(self.precision).load() or self._built(progress)
        entry = self.cached(self.precision)
        known = entry.difference_on(self.gpu.key)
        if known is not None:
            self._require_right(known)
        try:
            self.session = EngineSession(self.trt, engine, read_bytes(entry.kernels(self.gpu.key)))
        except (RuntimeError, TypeError) as error:  # torch, of the GPU's memory; TensorRT, of objects it cannot make
            raise UnusableRuntimeError(f"the GPU cannot run its {self.precision} engine: {one_line(error)}") from error
        self.difference = self_check.difference(self, self.reference(self.threads)) if known is None else known
        with suppress(OutputError):  # a full disk makes the next start slower, no more
            entry.note_difference(self.gpu.key, self.difference)
            write_bytes(entry.kernels(self.gpu.key), self.session.new_kernels())
        self._require_right(self.difference)

    def _built(self, progress):
        """Bytes of an engine, built now, and cached if possible."""
        built = self.build(self.precision, progress)
        with suppress(OutputError):
            self.keep(self.precision, built)
        return built.engine

    def _require_right(self, difference):
        bound = BOUNDS[self.precision]
        if not difference <= bound:
            raise UnusableRuntimeError(
                f"its {self.precision} engine is wrong on this GPU: depth differs from ONNX Runtime's by "
                f"{100 * difference:.3g} % ({100 * bound:g} % are allowed)")


def require_gpu(device: str) -> NvidiaGpu:
    """The NvidiaGpu that torch can use. Raises UnusableRuntimeError, MissingPackageError."""
    if device == "cpu":
        raise UnusableRuntimeError("--device cpu: TensorRT needs an NVIDIA GPU; use another --runtime")
    gpu = find_gpu()
    if gpu is None:
        raise UnusableRuntimeError("TensorRT needs an NVIDIA GPU, and there is none here, or no driver for it")
    if not load_torch("TensorRT").cuda.is_available():
        raise UnusableRuntimeError(f"TensorRT needs a torch with CUDA, which the one here is not, or not for the "
                                   f"driver of the {gpu.name}")
    return gpu
