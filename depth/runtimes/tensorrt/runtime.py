"""Depth networks in ONNX files, run by TensorRT on an NVIDIA GPU, once the engine is found to predict the same."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from calib.base.cache_folder import cache_folder
from calib.base.errors import NetworkError, OutputError, UnusableRuntimeError
from depth.onnx_files.model import read_model
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.self_check import BOUNDS
from depth.runtimes.tensorrt.engine_depth import EngineDepth
from depth.runtimes.tensorrt.package import load_tensorrt, why
from depth.runtimes.tensorrt.refitted import RefittedDepth

if TYPE_CHECKING:
    import onnx


class TensorRtDepth(EngineDepth):
    """A DepthEstimator from a file. Raises NetworkError if the file is not a depth network.

    Raises UnusableRuntimeError where there is no GPU, or no engine that predicts on it what ONNX Runtime does.
    `precision`: `fp16`, `fp32`, or `auto` for the first of these that is right. `progress`: called while an engine is
    built, see depth.runtimes.tensorrt.engine.build_engine. `folder`: of engines, by default the cache.
    """

    def __init__(self, path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto",
                 threads: int = 1, precision: str = "auto", progress: Callable[[float], None] | None = None,
                 folder: str | Path | None = None) -> None:
        if precision not in ("auto", *BOUNDS):
            raise NetworkError(f"precision {precision}: choose auto, {' or '.join(BOUNDS)}")
        gpu = require_gpu(device)
        super().__init__(path, options, load_tensorrt(gpu), gpu, folder or cache_folder("tensorrt"))
        self.threads, reasons = threads, []
        for self.precision in BOUNDS if precision == "auto" else (precision,):
            try:
                self._open(progress)
                break
            except UnusableRuntimeError as error:
                reasons.append(str(error))
        else:
            raise UnusableRuntimeError("; ".join(dict.fromkeys(reasons)))
        self.details = "; ".join([f"{self.precision}, {gpu.name}, {why(self.trt, gpu)}", *reasons])
        self.model = None  # it is in the engine now
        self.try_out()

    def stored_model(self) -> "onnx.ModelProto":
        """What the file holds; see OnnxNetwork."""
        return read_model(self.path, "changing a network")

    def refitted(self, model: "onnx.ModelProto") -> OnnxNetwork:
        """The same network with other weights; see OnnxNetwork. Where no engine takes them, ONNX Runtime runs it."""
        try:
            return RefittedDepth(self, model)
        except UnusableRuntimeError as error:
            portable = OnnxDepth(self.path, None, "auto", self.threads, model.SerializeToString(), self.spec)
            portable.details = str(error)
            return portable

    def _open(self, progress):
        """Set `session` and `difference`, with an engine that is right. Raises UnusableRuntimeError."""
        entry = self.cached(self.precision)
        known = entry.difference_on(self.gpu.key)
        if known is not None:
            self._require_right(known)
        self._start(entry.load() or self._built(entry, progress), entry)
        known = entry.difference_on(self.gpu.key)  # not of an engine that was built anew
        self.difference = self._measured() if known is None else known
        with suppress(OutputError):  # a full disk makes the next start slower, no more
            entry.note_difference(self.gpu.key, self.difference)
        try:
            self._require_right(self.difference)
        except UnusableRuntimeError:
            entry.discard(self.gpu.key)
            raise

    def _built(self, entry, progress):
        """Bytes of an engine, built now, and cached if possible."""
        built = self.build(self.precision, progress)
        with suppress(OutputError):
            self.keep(built, entry)
        return built.engine


def require_gpu(device: str) -> NvidiaGpu:
    """The NvidiaGpu that is here. Raises UnusableRuntimeError."""
    if device == "cpu":
        raise UnusableRuntimeError("--device cpu: TensorRT needs an NVIDIA GPU; use another --runtime")
    gpu = find_gpu()
    if gpu is None:
        raise UnusableRuntimeError("TensorRT needs an NVIDIA GPU, and there is none here, or no driver for it")
    return gpu
