"""A made-up GPU with driver and TensorRT, for what goes on around a real one."""

import sys

from depth.runtimes.nvidia_gpu import NvidiaGpu
from tests.helpers.fake_cuda import FakeCuda
from tests.helpers.fake_tensorrt import Engine, RtxEngine, fake_tensorrt

GPU = NvidiaGpu("Made-up GPU", (8, 9), (13, 0))
USERS = ("depth.runtimes.tensorrt.runtime", "depth.runtimes.catalogue", "depth.commands.build")
"""Modules that ask for the GPU."""


class FakeGpu:
    """`wrong(name of the output, array, is_half)` -> what an engine gives in its place. `log`: what was done.

    `installed`: modules of TensorRT. `fails`: steps that fail: build, load, context, address, launch, refit.
    `building`: called while an engine is built.
    """

    def __init__(self, monkeypatch, wrong=None, capturable=True, gpu=GPU, installed=("tensorrt_rtx",)):
        self.log, self.capturable, self.fails, self.cuda = [], capturable, set(), FakeCuda()
        self.building = lambda: None
        self.wrong = wrong or (lambda name, array, is_half: array)
        for name in ("tensorrt", "tensorrt_rtx"):
            module = fake_tensorrt(name, self) if name in installed else None
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr("depth.runtimes.tensorrt.cuda.load_driver", lambda: self.cuda)
        monkeypatch.setattr("depth.runtimes.tensorrt.engine.LOOK_EVERY_S", 0.004)
        for module in USERS:
            monkeypatch.setattr(f"{module}.find_gpu", lambda: gpu)

    def engine(self, trt, log, data):
        self.log.append("load")
        kind = RtxEngine if trt.__name__ == "tensorrt_rtx" else Engine
        return None if "load" in self.fails else kind(trt, self, data)
