"""A TensorRT engine on the GPU: buffers that stay, and one CUDA graph around its kernels."""

from types import ModuleType

import numpy as np

from calib.base.errors import UnusableRuntimeError
from depth.runtimes.tensorrt.cuda import CudaBuffer, CudaStream
from depth.runtimes.tensorrt.engine import failed, messages

WARM_UP = 3
"""Runs before the graph is recorded: the first ones allocate and compile, which a graph cannot hold."""


class EngineSession:
    """Runs an engine."""

    def __init__(self, trt: ModuleType, engine: bytes, kernels: bytes = b"", use_graph: bool = True,
                 weights: bytes = b"") -> None:
        """Load the bytes of an engine, and of the kernels that tensorrt_rtx compiled for it before, if any.

        `weights`: bytes of the ONNX file whose weights a refittable engine gets. Raises UnusableRuntimeError where GPU,
        driver or version of TensorRT are not those that the engine is for, or it does not take the weights.
        """
        self.trt, self.stream = trt, CudaStream()  # first, since compiled kernels are checked against its context
        messages(trt).errors.clear()
        self.runtime = trt.Runtime(messages(trt))
        self.engine = self.runtime.deserialize_cuda_engine(engine)
        if self.engine is None:
            raise failed(trt, "cannot load this engine")
        if weights:
            self._refit(weights)
        self.kernels = None  # IRuntimeCache where it compiles anew
        self.context = self._context(kernels)
        if self.context is None:
            raise failed(trt, "cannot prepare this engine")
        self.inputs, self.outputs = self._buffers(trt.TensorIOMode.INPUT), self._buffers(trt.TensorIOMode.OUTPUT)
        for _ in range(WARM_UP):
            self._launch()
        self.stream.synchronize()
        self.graph = self._recorded() if use_graph else None

    def run(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Input of the engine's own type and shape -> {name: array} of its outputs."""
        self.stream.enter()
        buffer, = self.inputs.values()
        buffer.host[...] = image
        if self.graph:
            self.stream.replay(self.graph)
        else:
            self._work()
        self.stream.synchronize()
        return {name: buffer.host.copy() for name, buffer in self.outputs.items()}

    def new_kernels(self) -> bytes:
        """Bytes of kernels to hand over at the next start.

        Empty where those handed over were used, and from tensorrt, whose engines are compiled when they are built.
        """
        return bytes(self.kernels.serialize()) if self.kernels else b""

    def _refit(self, weights):
        """Give the engine the weights of an ONNX file, before anything runs it."""
        log = messages(self.trt)
        refitter = self.trt.Refitter(self.engine, log)
        parser = self.trt.OnnxParserRefitter(refitter, log)
        if not parser.refit_from_bytes(weights) or refitter.get_missing_weights() or not refitter.refit_cuda_engine():
            raise failed(self.trt, "cannot give this engine new weights")

    def _context(self, kernels):
        if not hasattr(self.trt, "IRuntimeCache"):
            return self.engine.create_execution_context()
        config = self.engine.create_runtime_config()
        cache = config.create_runtime_cache()
        if not (kernels and cache.deserialize(kernels)):  # which refuses what is of another GPU, driver or version
            self.kernels = cache
        config.set_runtime_cache(cache)
        return self.engine.create_execution_context(runtime_config=config)

    def _buffers(self, mode) -> dict[str, CudaBuffer]:
        """Allocate {name: CudaBuffer}, and tell the engine where they are."""
        trt, buffers = self.trt, {}
        types = {trt.DataType.FLOAT: np.float32, trt.DataType.HALF: np.float16}
        for name in map(self.engine.get_tensor_name, range(self.engine.num_io_tensors)):
            if self.engine.get_tensor_mode(name) != mode:
                continue
            shape, kind = tuple(self.engine.get_tensor_shape(name)), self.engine.get_tensor_dtype(name)
            if kind not in types or min(shape, default=1) < 1:
                raise UnusableRuntimeError(f"TensorRT gives {name} the type {kind.name} and the shape {shape}, which "
                                           f"this program does not take")
            buffers[name] = self.stream.buffer(shape, types[kind])
            if not self.context.set_tensor_address(name, buffers[name].address):
                raise failed(trt, f"does not take the memory for {name}")
        return buffers

    def _launch(self):
        if not self.context.execute_async_v3(self.stream.handle):
            raise failed(self.trt, "cannot run this engine")

    def _work(self):
        """Queue all that is to be done for one image."""
        for buffer in self.inputs.values():
            self.stream.to_gpu(buffer)
        self._launch()
        for buffer in self.outputs.values():
            self.stream.to_host(buffer)

    def _recorded(self):
        """The CudaGraph of one image's work, or None where this engine cannot be recorded."""
        stream = self.stream.handle
        if hasattr(self.context, "is_stream_capturable") and not self.context.is_stream_capturable(stream):
            return None
        return self.stream.recorded(self._work)
