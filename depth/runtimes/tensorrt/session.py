"""A TensorRT engine on the GPU: buffers that stay, and one CUDA graph around its kernels."""

from types import ModuleType

import numpy as np

from calib.base.errors import UnusableRuntimeError
from depth.runtimes.tensorrt.engine import failed, messages

WARM_UP = 3
"""Runs before the graph is recorded: the first ones allocate and compile, which a graph cannot hold."""


class EngineSession:
    """Runs an engine. Needs torch with CUDA, whose tensors hold what goes in and out."""

    def __init__(self, trt: ModuleType, engine: bytes, kernels: bytes = b"", use_graph: bool = True) -> None:
        """Load the bytes of an engine, and of the kernels that tensorrt_rtx compiled for it before, if any.

        Raises UnusableRuntimeError where GPU, driver or version of TensorRT are not those that the engine is for.
        """
        import torch
        self.torch, self.trt = torch, trt
        self.stream = torch.cuda.Stream()  # also makes the CUDA context, which compiled kernels are checked against
        messages(trt).errors.clear()
        self.runtime = trt.Runtime(messages(trt))
        self.engine = self.runtime.deserialize_cuda_engine(engine)
        if self.engine is None:
            raise failed(trt, "cannot load this engine")
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
        (on_host, on_gpu), = self.inputs.values()
        on_host.copy_(self.torch.from_numpy(image))
        with self.torch.cuda.stream(self.stream):
            on_gpu.copy_(on_host, non_blocking=True)
            if self.graph:
                self.graph.replay()
            else:
                self._launch()
            for on_host, on_gpu in self.outputs.values():
                on_host.copy_(on_gpu, non_blocking=True)
        self.stream.synchronize()
        return {name: on_host.numpy().copy() for name, (on_host, _) in self.outputs.items()}

    def new_kernels(self) -> bytes:
        """Bytes of kernels to hand over at the next start.

        Empty where those handed over were used, and from tensorrt, whose engines are compiled when they are built.
        """
        return bytes(self.kernels.serialize()) if self.kernels else b""

    def _context(self, kernels):
        if not hasattr(self.trt, "IRuntimeCache"):
            return self.engine.create_execution_context()
        config = self.engine.create_runtime_config()
        cache = config.create_runtime_cache()
        if not (kernels and cache.deserialize(kernels)):  # which refuses what is of another GPU, driver or version
            self.kernels = cache
        config.set_runtime_cache(cache)
        return self.engine.create_execution_context(runtime_config=config)

    def _buffers(self, mode):
        """Allocate {name: (tensor in page-locked memory, tensor on the GPU)}, and tell the engine where they are."""
        torch, trt, buffers = self.torch, self.trt, {}
        types = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}
        for name in map(self.engine.get_tensor_name, range(self.engine.num_io_tensors)):
            if self.engine.get_tensor_mode(name) != mode:
                continue
            shape, kind = tuple(self.engine.get_tensor_shape(name)), self.engine.get_tensor_dtype(name)
            if kind not in types or min(shape, default=1) < 1:
                raise UnusableRuntimeError(f"TensorRT gives {name} the type {kind.name} and the shape {shape}, which "
                                           f"this program does not take")
            on_gpu = torch.zeros(shape, dtype=types[kind], device="cuda")
            buffers[name] = torch.zeros(shape, dtype=types[kind], pin_memory=True), on_gpu
            self.context.set_tensor_address(name, on_gpu.data_ptr())
        torch.cuda.synchronize()  # the zeros were written on another stream
        return buffers

    def _launch(self):
        if not self.context.execute_async_v3(self.stream.cuda_stream):
            raise failed(self.trt, "cannot run this engine")

    def _recorded(self):
        """A torch.cuda.CUDAGraph of one run, or None where this engine cannot be recorded."""
        stream = self.stream.cuda_stream
        if hasattr(self.context, "is_stream_capturable") and not self.context.is_stream_capturable(stream):
            return None
        cuda, graph = self.torch.cuda, self.torch.cuda.CUDAGraph()
        try:  # thread_local: what other threads do on the GPU meanwhile is their business
            with (cuda.stream(self.stream),  # a recording that fails would leave it the current one
                  cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local")):
                self._launch()
        except (RuntimeError, UnusableRuntimeError):
            return None
        return graph
