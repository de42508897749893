"""An ONNX file as TensorRT wants it, and the engines made from it: all that needs no GPU."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from calib.base.errors import UnusableRuntimeError
from depth.onnx_files.half import FORM, half_precision
from depth.onnx_files.model import declared_inputs, fix_shape, one_line, read_model
from depth.runtimes.nvidia_gpu import NvidiaGpu
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.engine import TURING, Built, build_engine, is_rtx
from depth.runtimes.tensorrt.engine_cache import CachedEngine, EngineCache, read_bytes, write_bytes


class TensorRtNetwork(OnnxNetwork):
    """A file and its engines."""

    one_size = True

    def __init__(self, path: str | Path, options: Mapping[str, str] | None, trt: ModuleType, gpu: NvidiaGpu | None,
                 folder: str | Path | None) -> None:
        """`trt`: tensorrt or tensorrt_rtx. `gpu`: the NvidiaGpu that is here, or None. `folder`: where engines are
        kept, or None. Raises NetworkError if the file is not a depth network, MissingPackageError."""
        self.path, self.options, self.trt, self.gpu = Path(path), options, trt, gpu
        self.model = read_model(path, "TensorRT")
        super().__init__(path, options, declared_inputs(self.model), [each.name for each in self.model.graph.output])
        self.cache = EngineCache(folder)

    def cached(self, precision: str) -> CachedEngine:
        """The CachedEngine of a precision, which need not have been built yet."""
        return self.cache.entry(self.path.stem, {
            "network": hashlib.sha256(self.model.SerializeToString()).hexdigest(), "form": FORM, "precision": precision,
            "size": self.size, "layout": self.spec.layout, "package": self.trt.__name__,
            "version": self.trt.__version__, "target": self.target()})

    def target(self) -> str:
        """Which GPUs an engine built here runs on."""
        if not is_rtx(self.trt):
            return self._gpu_key()
        return "sm75" if self._capability() == TURING else "sm80 and later"

    def build(self, precision: str, progress: Callable[[float], None] | None = None) -> Built:
        """Build an engine now; `progress` as in build_engine. Raises UnusableRuntimeError."""
        return build_engine(self.trt, self.form(precision), self._capability(), read_bytes(self._timings()), progress)

    def keep(self, precision: str, built: Built) -> None:
        """Write an engine into the cache. Raises OutputError."""
        self.cached(precision).save(built)
        write_bytes(self._timings(), built.timings)

    def form(self, precision: str) -> bytes:
        """Bytes of the ONNX file that TensorRT gets. Raises UnusableRuntimeError."""
        model = copy.deepcopy(self.model)
        fix_shape(model, self.input.name, (1, 3, *self.size) if self.spec.layout == "nchw" else (1, *self.size, 3))
        try:
            if precision == "fp16":
                half_precision(model)
            return model.SerializeToString()
        except Exception as error:  # onnx and protobuf raise their own types
            raise UnusableRuntimeError(f"{self.name} has no {precision} form: {one_line(error)}") from error

    def reference(self, threads: int = 1) -> OnnxDepth:
        """The same network run by ONNX Runtime on the CPU, which is known to be right."""
        size = {"size": f"{self.size[0]},{self.size[1]}"}
        return OnnxDepth(self.path, {**(self.options or {}), **size}, "cpu", threads)

    def _timings(self):
        if is_rtx(self.trt):
            return None
        return self.cache.timings(f"tensorrt{self.trt.__version__}", self._gpu_key())

    def _gpu_key(self):
        assert self.gpu is not None, "only tensorrt_rtx is loaded where there is no GPU"
        return self.gpu.key

    def _capability(self):
        return self.gpu.compute_capability if self.gpu else None
