"""An ONNX file as TensorRT wants it, and the engines made from it: all that needs no GPU."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from calib.base.errors import UnusableRuntimeError, one_line
from depth.onnx_files.endless import refuse_endless
from depth.onnx_files.half import FORM, half_precision
from depth.onnx_files.model import declared_inputs, fix_shape, load_onnx, read_model
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.nvidia_gpu import NvidiaGpu
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.engine import TURING, Built, build_engine
from depth.runtimes.tensorrt.engine_cache import CachedEngine, EngineCache, read_bytes, write_bytes
from depth.runtimes.tensorrt.package import is_rtx


class TensorRtNetwork(OnnxNetwork):
    """A file and its engines."""

    one_size = True

    def __init__(self, path: str | Path, options: Mapping[str, str] | None, trt: ModuleType, gpu: NvidiaGpu | None,
                 folder: str | Path | None, content: bytes | None = None, spec: NetworkSpec | None = None) -> None:
        """`trt`: tensorrt or tensorrt_rtx. `gpu`: the NvidiaGpu that is here, or None. `folder`: where engines are
        kept, or None. `content` and `spec`: of a network that is no file of its own; `path` then only gives it its
        name. Raises NetworkError if the file is not a depth network, MissingPackageError."""
        self.path, self.options, self.trt, self.gpu = Path(path), options, trt, gpu
        if content is None and Path(path).is_file():
            refuse_endless(Path(path))
        self.content, self.model = content, read_model(path if content is None else content, "TensorRT")
        super().__init__(path, options, declared_inputs(self.model), [each.name for each in self.model.graph.output],
                         spec)
        self.cache, self.digest = EngineCache(folder), hashlib.sha256(self.model.SerializeToString()).hexdigest()

    def cached(self, precision: str, refittable: bool = False) -> CachedEngine:
        """The CachedEngine of a precision, which need not have been built yet."""
        return self.cache.entry(self.path.stem, {
            "network": self.digest, "form": FORM, "precision": precision, "refittable": refittable,
            "size": self.size, "layout": self.spec.layout, "package": self.trt.__name__,
            "version": self.trt.__version__, "target": self.target()})

    def target(self) -> str:
        """Which GPUs an engine built here runs on."""
        if not is_rtx(self.trt):
            return self._gpu_key()
        return "sm75" if self._capability() == TURING else "sm80 and later"

    def build(self, precision: str, progress: Callable[[float], None] | None = None,
              refittable: bool = False) -> Built:
        """Build an engine now; `progress` as in build_engine. Raises UnusableRuntimeError."""
        form = self.form(precision)
        return build_engine(self.trt, form, self._capability(), read_bytes(self._timings()), progress,
                            weight_names(form) if refittable else ())

    def keep(self, built: Built, entry: CachedEngine) -> None:
        """Write an engine into the cache. Raises OutputError."""
        entry.save(built)
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
        return OnnxDepth(self.path, {**(self.options or {}), **size}, "cpu", threads, self.content,
                         self.spec if self.content else None)

    def _timings(self):
        if is_rtx(self.trt):
            return None
        return self.cache.timings(f"tensorrt{self.trt.__version__}", self._gpu_key())

    def _gpu_key(self):
        assert self.gpu is not None, "only tensorrt_rtx is loaded where there is no GPU"
        return self.gpu.key

    def _capability(self):
        return self.gpu.compute_capability if self.gpu else None


def weight_names(form: bytes) -> list[str]:
    """Names of the constants of an ONNX file that are floating-point numbers."""
    onnx = load_onnx("TensorRT")
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    return [tensor.name for tensor in read_model(form, "TensorRT").graph.initializer if tensor.data_type in floats]
