"""A made-up CUDA driver: memory that the host cannot reach, and streams whose work is done when it is waited for."""

import ctypes
import threading
from itertools import count

import numpy as np

CONTEXT = 77
NAMES = {2: b"out of memory", 900: b"operation not permitted when stream is capturing"}


class FakeCuda:
    """`codes`: {function: error code that it gives}. `alive`: {handle or address: what it stands for}."""

    def __init__(self):
        self.codes, self.alive, self.numbers, self.thread = {}, {}, count(1 << 40, 1 << 20), threading.local()

    def __getattr__(self, name):
        if not name.startswith("cu"):
            raise AttributeError(name)
        function = getattr(self, f"_{name}")

        def call(*arguments):
            plain = [getattr(each, "value", each) for each in arguments]
            if name not in ("cuInit", "cuDevicePrimaryCtxRetain", "cuCtxSetCurrent", "cuGetErrorString"):
                assert self.is_current(), f"{name} in a thread that has no context"
            return self.codes.get(name) or function(*plain) or 0
        return call

    def is_current(self):
        return getattr(self.thread, "context", None) == CONTEXT

    def queue(self, stream, work):
        """Do `work` when the stream is waited for, or whenever the graph is replayed that it records."""
        queue = self.alive[stream]
        (queue["work"] if queue["recording"] is None else queue["recording"]).append(work)

    def array(self, address, shape, kind):
        """What lies on the GPU, as an array."""
        return np.frombuffer(self.alive[address], kind, int(np.prod(shape))).reshape(shape)

    def _new(self, pointer, value):
        handle = next(self.numbers)
        self.alive[handle], pointer._obj.value = value, handle

    def _cuInit(self, flags):
        pass

    def _cuDevicePrimaryCtxRetain(self, pointer, device):
        assert device == 0
        pointer._obj.value = CONTEXT

    def _cuCtxSetCurrent(self, context):
        self.thread.context = context

    def _cuGetErrorString(self, code, pointer):
        pointer._obj.value = NAMES.get(code)

    def _cuStreamCreate(self, pointer, flags):
        assert flags == 1
        self._new(pointer, {"work": [], "recording": None})

    def _cuStreamSynchronize(self, stream):
        queue = self.alive[stream]
        assert queue["recording"] is None
        while queue["work"]:
            queue["work"].pop(0)()

    def _cuMemAlloc_v2(self, pointer, size):
        self._new(pointer, ctypes.create_string_buffer(b"\x7f" * size, size))

    def _cuMemAllocHost_v2(self, pointer, size):
        memory = ctypes.create_string_buffer(size)
        self.alive[ctypes.addressof(memory)], pointer._obj.value = memory, ctypes.addressof(memory)

    def _cuMemsetD8Async(self, address, value, size, stream):
        self.queue(stream, lambda: ctypes.memset(self.alive[address], value, size))

    def _cuMemcpyHtoDAsync_v2(self, address, source, size, stream):
        assert source in self.alive, "only page-locked memory can be copied while something else is done"
        self.queue(stream, lambda: ctypes.memmove(self.alive[address], source, size))

    def _cuMemcpyDtoHAsync_v2(self, target, address, size, stream):
        assert target in self.alive, "only page-locked memory can be copied while something else is done"
        self.queue(stream, lambda: ctypes.memmove(target, self.alive[address], size))

    def _cuStreamBeginCapture_v2(self, stream, mode):
        assert mode == 1
        self.alive[stream]["recording"] = []

    def _cuStreamEndCapture(self, stream, pointer):
        self._new(pointer, self.alive[stream]["recording"])
        self.alive[stream]["recording"] = None

    def _cuGraphInstantiateWithFlags(self, pointer, graph, flags):
        self._new(pointer, list(self.alive[graph]))

    def _cuGraphLaunch(self, graph, stream):
        for work in self.alive[graph]:
            self.queue(stream, work)

    def _gone(self, handle):
        del self.alive[handle]

    _cuStreamDestroy_v2 = _cuMemFree_v2 = _cuMemFreeHost = _cuGraphDestroy = _cuGraphExecDestroy = _gone
