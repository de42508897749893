"""Made-up modules tensorrt and tensorrt_rtx: an `engine` is the ONNX file that it was built from, run by ONNX Runtime
when its kernels are launched."""

import json
from enum import Enum, IntEnum
from types import ModuleType, SimpleNamespace

import numpy as np
import onnx
import onnxruntime

DataType = Enum("DataType", "FLOAT HALF INT32")
TensorIOMode = Enum("TensorIOMode", "INPUT OUTPUT")
TYPES = {"tensor(float)": DataType.FLOAT, "tensor(float16)": DataType.HALF}
KERNELS, TIMINGS = b"compiled", b"timed"


class Base:
    """Of what Python code derives from."""

    INTERNAL_ERROR, ERROR, WARNING = range(3)


def fake_tensorrt(name, gpu):
    """The module `name`; `gpu`: a tests.helpers.fake_gpu.FakeGpu."""
    trt = ModuleType(name)
    flags = ("TF32", "REFIT_INDIVIDUAL", "REQUIRE_USER_ALLOCATION") if name == "tensorrt_rtx" else \
        ("TF32", "REFIT_INDIVIDUAL")
    vars(trt).update(
        __version__="11.4.0" if name == "tensorrt" else "1.7.0", DataType=DataType, TensorIOMode=TensorIOMode,
        ILogger=Base, IProgressMonitor=Base, BuilderFlag=Enum("BuilderFlag", flags),
        NetworkDefinitionCreationFlag=IntEnum("NetworkDefinitionCreationFlag", {"STRONGLY_TYPED": 1}),
        Builder=lambda log: Builder(trt, gpu), OnnxParser=lambda network, log: Parser(network, log),
        Runtime=lambda log: SimpleNamespace(deserialize_cuda_engine=lambda data: gpu.engine(trt, log, data)),
        Refitter=lambda engine, log: Refitter(engine), OnnxParserRefitter=lambda refitter, log: refitter)
    if name == "tensorrt_rtx":
        trt.IRuntimeCache, trt.ComputeCapability = Base, SimpleNamespace(SM75="sm75")
    return trt


class Builder:
    """tensorrt.Builder and IBuilderConfig."""

    def __init__(self, trt, gpu):
        self.trt, self.gpu, self.flags, self.monitor = trt, gpu, {trt.BuilderFlag.TF32}, None

    def create_network(self, flags):
        assert flags == 1 << 1, "strongly typed"
        return Network()

    def create_builder_config(self):
        return self

    def set_flag(self, flag):
        self.flags.add(flag)

    def clear_flag(self, flag):
        self.flags.remove(flag)

    def create_timing_cache(self, data):
        assert self.trt.__name__ == "tensorrt" and data in (b"", TIMINGS)
        self.gpu.log.append("timings" if data else "no timings")
        return SimpleNamespace(serialize=lambda: TIMINGS)

    def set_timing_cache(self, cache, ignore_mismatch):
        pass

    def set_compute_capability(self, capability, index):
        self.gpu.log.append(capability)

    def build_serialized_network(self, network, config):
        self.gpu.building()
        self.gpu.log.append("build")
        refittable = self.trt.BuilderFlag.REFIT_INDIVIDUAL in self.flags
        assert self.trt.BuilderFlag.TF32 not in self.flags and bool(network.marked) == refittable
        header = {"by": self.trt.__name__, "refittable": network.marked}
        return None if "build" in self.gpu.fails else json.dumps(header).encode() + b"\n" + network.model


class Network:
    """tensorrt.INetworkDefinition"""

    def __init__(self):
        self.marked = []

    def read(self, model):
        session = open_session(model)
        self.model, self.tensors = model, (session.get_inputs(), session.get_outputs())
        self.num_inputs, self.num_outputs = map(len, self.tensors)
        self.weights = {each.name for each in onnx.ModelProto.FromString(model).graph.initializer if each.dims}

    def get_input(self, k):
        return self._tensor(self.tensors[0][k])

    def get_output(self, k):
        return self._tensor(self.tensors[1][k])

    def _tensor(self, each):
        return SimpleNamespace(name=each.name, dtype=TYPES[each.type], shape=each.shape)

    def mark_weights_refittable(self, name):
        self.marked += [name] if name in self.weights else []
        return name in self.weights


class Parser:
    """tensorrt.OnnxParser"""

    def __init__(self, network, log):
        self.network, self.log = network, log

    def parse(self, model):
        try:
            self.network.read(model)
        except Exception as error:  # ONNX Runtime's own types
            self.log.log(Base.ERROR, str(error))
            return False
        return True


class Refitter:
    """tensorrt.Refitter and OnnxParserRefitter"""

    def __init__(self, engine):
        if not engine.refittable:
            raise TypeError("pybind11::init(): factory function returned nullptr")
        self.engine, self.given = engine, {}

    def refit_from_bytes(self, model):
        self.given = {each.name: each for each in onnx.ModelProto.FromString(model).graph.initializer}
        return "refit" not in self.engine.gpu.fails

    def get_missing_weights(self):
        return [name for name in self.engine.refittable if name not in self.given]

    def refit_cuda_engine(self):
        model = onnx.ModelProto.FromString(self.engine.model)
        for each in model.graph.initializer:
            if each.name in self.engine.refittable:
                each.CopyFrom(self.given[each.name])
        self.engine.load(model.SerializeToString())
        self.engine.gpu.log.append("refit")
        return True


class Engine:
    """tensorrt.ICudaEngine, its IExecutionContext in one."""

    def __init__(self, trt, gpu, data):
        header, _, model = data.partition(b"\n")
        facts = json.loads(header)
        assert facts["by"] == trt.__name__, "an engine of the other package"
        self.gpu, self.refittable = gpu, facts["refittable"]
        self.load(model)
        self.inputs, self.outputs = self.session.get_inputs(), self.session.get_outputs()
        self.num_io_tensors, self.addresses = len(self.inputs) + len(self.outputs), {}

    def load(self, model):
        self.model, self.session, self.is_half = model, open_session(model), b"/half" in model

    def get_tensor_name(self, index):
        return [*self.inputs, *self.outputs][index].name

    def get_tensor_mode(self, name):
        return TensorIOMode.INPUT if name in [each.name for each in self.inputs] else TensorIOMode.OUTPUT

    def get_tensor_shape(self, name):
        return next(each.shape for each in (*self.inputs, *self.outputs) if each.name == name)

    def get_tensor_dtype(self, name):
        return TYPES[next(each.type for each in (*self.inputs, *self.outputs) if each.name == name)]

    def create_execution_context(self):
        return None if "context" in self.gpu.fails else self

    def set_tensor_address(self, name, address):
        self.addresses[name] = address
        return "address" not in self.gpu.fails

    def execute_async_v3(self, stream):
        assert self.gpu.cuda.is_current(), "TensorRT would use another context"
        recording = self.gpu.cuda.alive[stream]["recording"] is not None
        if "launch" in self.gpu.fails or (recording and not self.gpu.capturable):
            return False
        self.gpu.cuda.queue(stream, self.launch)
        return True

    def launch(self):
        fed = {each.name: self.memory(each) for each in self.inputs}
        for each, array in zip(self.outputs, self.session.run(None, fed)):
            self.memory(each)[...] = self.gpu.wrong(each.name, array, self.is_half)

    def memory(self, declared):
        kind = np.float16 if TYPES[declared.type] == DataType.HALF else np.float32
        return self.gpu.cuda.array(self.addresses[declared.name], declared.shape, kind)


class RtxEngine(Engine):
    """What tensorrt_rtx has besides."""

    def create_runtime_config(self):
        return SimpleNamespace(create_runtime_cache=lambda: self, set_runtime_cache=lambda kernels: None)

    def create_execution_context(self, runtime_config):
        return super().create_execution_context()

    def deserialize(self, kernels):
        assert kernels == KERNELS
        self.gpu.log.append("kernels")
        return True

    def serialize(self):
        return KERNELS

    def is_stream_capturable(self, stream):
        return self.gpu.capturable


def open_session(model):
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
