"""A made-up GPU, for what goes on around a real one: torch's CUDA tensors lie in main memory, and an `engine` is the
ONNX file that it was built from, run by ONNX Runtime when its kernels are launched or a recorded graph is replayed."""

import ctypes
from contextlib import contextmanager, nullcontext
from enum import Enum
from types import SimpleNamespace

import numpy as np
import onnxruntime
import torch

from depth.runtimes.nvidia_gpu import NvidiaGpu
from depth.runtimes.tensorrt.engine import Built

GPU = NvidiaGpu("Made-up GPU", (8, 9), (13, 0))
DataType = Enum("DataType", "FLOAT HALF INT32")
TensorIOMode = Enum("TensorIOMode", "INPUT OUTPUT")
TYPES = {"tensor(float)": DataType.FLOAT, "tensor(float16)": DataType.HALF}
KERNELS = b"compiled"


class FakeGpu:
    """`wrong(name of the output, array, is_half)` -> what an engine gives in its place. `log`: what was done."""

    def __init__(self, monkeypatch, wrong=None, capturable=True):
        self.log, self.capturable, self.recording = [], capturable, None
        self.wrong = wrong or (lambda name, array, is_half: array)
        trt = SimpleNamespace(DataType=DataType, TensorIOMode=TensorIOMode, ILogger=Logger, IRuntimeCache=object,
                              Runtime=lambda log: SimpleNamespace(deserialize_cuda_engine=self.engine))
        self.trt = type("Module", (), {**vars(trt), "__name__": "tensorrt_rtx", "__version__": "0.0"})
        monkeypatch.setattr("depth.runtimes.tensorrt.runtime.load_tensorrt", lambda on_gpu: self.trt)
        monkeypatch.setattr("depth.runtimes.tensorrt.network.build_engine", self.build)
        monkeypatch.setitem(__import__("sys").modules, "torch", self.torch())
        for module in ("depth.runtimes.tensorrt.runtime", "depth.runtimes.catalogue"):
            monkeypatch.setattr(f"{module}.find_gpu", lambda: GPU)

    def build(self, trt, model, capability, timings, progress):
        self.log.append("build")
        if progress:
            progress(0.5)
        return Built(model, [], [], b"", 0.1)

    def engine(self, data):
        self.log.append("load")
        return Engine(self, data)

    def torch(self):
        def zeros(shape, dtype=torch.float32, device="cpu", pin_memory=False):
            assert device == "cpu" or not pin_memory
            return torch.zeros(shape, dtype=dtype)

        @contextmanager
        def graph(recorded, stream, capture_error_mode):
            self.recording = recorded
            yield
            self.recording = None
        cuda = SimpleNamespace(is_available=lambda: True, synchronize=lambda: None, stream=lambda stream: nullcontext(),
                               Stream=lambda: SimpleNamespace(cuda_stream=7, synchronize=lambda: None),
                               CUDAGraph=Graph, graph=graph)
        return SimpleNamespace(zeros=zeros, from_numpy=torch.from_numpy, float32=torch.float32, float16=torch.float16,
                               cuda=cuda)


class Logger:
    INTERNAL_ERROR, ERROR = range(2)


class Graph:
    def __init__(self):
        self.launches = []

    def replay(self):
        for launch in self.launches:
            launch()


class Engine:
    """tensorrt.ICudaEngine, its IExecutionContext and IRuntimeConfig in one."""

    def __init__(self, gpu, model):
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 4
        self.gpu, self.session = gpu, onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        self.is_half = b"/half" in model
        self.inputs, self.outputs = self.session.get_inputs(), self.session.get_outputs()
        self.num_io_tensors, self.addresses = len(self.inputs) + len(self.outputs), {}

    def get_tensor_name(self, index):
        return [*self.inputs, *self.outputs][index].name

    def get_tensor_mode(self, name):
        return TensorIOMode.INPUT if name in [each.name for each in self.inputs] else TensorIOMode.OUTPUT

    def get_tensor_shape(self, name):
        return next(each.shape for each in (*self.inputs, *self.outputs) if each.name == name)

    def get_tensor_dtype(self, name):
        return TYPES[next(each.type for each in (*self.inputs, *self.outputs) if each.name == name)]

    def create_runtime_config(self):
        return SimpleNamespace(create_runtime_cache=lambda: self, set_runtime_cache=lambda kernels: None)

    def create_execution_context(self, runtime_config):
        return self

    def deserialize(self, kernels):
        assert kernels == KERNELS
        self.gpu.log.append("kernels")
        return True

    def serialize(self):
        return KERNELS

    def set_tensor_address(self, name, address):
        self.addresses[name] = address

    def is_stream_capturable(self, stream):
        return self.gpu.capturable

    def execute_async_v3(self, stream):
        assert stream == 7
        if self.gpu.recording:
            self.gpu.recording.launches.append(self.launch)
        else:
            self.launch()
        return True

    def launch(self):
        fed = {each.name: self.memory(each) for each in self.inputs}
        for each, array in zip(self.outputs, self.session.run(None, fed)):
            self.memory(each)[...] = self.gpu.wrong(each.name, array, self.is_half)

    def memory(self, declared):
        kind = np.float16 if TYPES[declared.type] == DataType.HALF else np.float32
        size = int(np.prod(declared.shape)) * np.dtype(kind).itemsize
        data = (ctypes.c_char * size).from_address(self.addresses[declared.name])
        return np.frombuffer(data, kind).reshape(declared.shape)
