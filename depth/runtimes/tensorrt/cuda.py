"""What an engine needs of CUDA besides TensorRT: memory, a stream, a graph; asked of the driver itself.

So neither torch nor any other package is needed. The names are those of cuda.h, CUDA 11.4 and later; everything happens
in the primary context of the first GPU, which TensorRT uses as well.
"""

import ctypes
import weakref
from collections.abc import Callable
from ctypes import byref, c_char, c_char_p, c_int, c_size_t, c_ubyte, c_uint, c_uint64, c_void_p
from typing import Any

import numpy as np

from calib.base.errors import UnusableRuntimeError
from depth.runtimes.nvidia_gpu import load_driver

NON_BLOCKING = 1
"""CU_STREAM_NON_BLOCKING: what others do on the default stream is not waited for."""
THREAD_LOCAL = 1
"""CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: what other threads do on the GPU during a recording is their business."""
FIRST_GPU = 0


class CudaStream:
    """Work in order on the GPU, in the thread that called `enter` last. Raises UnusableRuntimeError where it fails."""

    def __init__(self) -> None:
        self._driver = load_driver()
        self._call("cuInit", c_uint(0))
        self._context = self._made("cuDevicePrimaryCtxRetain", c_void_p, c_int(FIRST_GPU))
        self.enter()
        self.handle: int = self._made("cuStreamCreate", c_void_p, c_uint(NON_BLOCKING))
        self._freed_with(self, "cuStreamDestroy_v2", c_void_p(self.handle))

    def enter(self) -> None:
        """Make the GPU's context the one of this thread, as every thread must before it uses the stream or TensorRT."""
        self._call("cuCtxSetCurrent", c_void_p(self._context))

    def synchronize(self) -> None:
        """Wait until all is done."""
        self._call("cuStreamSynchronize", c_void_p(self.handle))

    def buffer(self, shape: tuple[int, ...], kind: type) -> "CudaBuffer":
        """A CudaBuffer of zeros, for arrays of this shape and NumPy type."""
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        address = self._made("cuMemAlloc_v2", c_uint64, c_size_t(size))
        buffer = CudaBuffer(self, address)
        self._freed_with(buffer, "cuMemFree_v2", c_uint64(address))
        host = self._made("cuMemAllocHost_v2", c_void_p, c_size_t(size))
        self._freed_with(buffer, "cuMemFreeHost", c_void_p(host))
        buffer.host = np.frombuffer(memoryview((c_char * size).from_address(host)), kind).reshape(shape)
        buffer.host[...] = 0
        self._call("cuMemsetD8Async", c_uint64(address), c_ubyte(0), c_size_t(size), c_void_p(self.handle))
        return buffer

    def to_gpu(self, buffer: "CudaBuffer") -> None:
        """Queue the copy of its host side to the GPU."""
        self._call("cuMemcpyHtoDAsync_v2", c_uint64(buffer.address), c_void_p(buffer.host.ctypes.data),
                   c_size_t(buffer.host.nbytes), c_void_p(self.handle))

    def to_host(self, buffer: "CudaBuffer") -> None:
        """Queue the copy of its GPU side to the host."""
        self._call("cuMemcpyDtoHAsync_v2", c_void_p(buffer.host.ctypes.data), c_uint64(buffer.address),
                   c_size_t(buffer.host.nbytes), c_void_p(self.handle))

    def recorded(self, work: Callable[[], None]) -> "CudaGraph | None":
        """What `work` queues, recorded and not done, or None where it cannot be recorded."""
        graph = c_void_p()
        try:
            self._call("cuStreamBeginCapture_v2", c_void_p(self.handle), c_int(THREAD_LOCAL))
            try:
                work()
            finally:
                self._call("cuStreamEndCapture", c_void_p(self.handle), byref(graph))
            executable = self._made("cuGraphInstantiateWithFlags", c_void_p, graph, c_uint64(0))
        except UnusableRuntimeError:
            return None
        finally:
            if graph.value:
                self._call("cuGraphDestroy", graph)
        recording = CudaGraph(executable)
        self._freed_with(recording, "cuGraphExecDestroy", c_void_p(executable))
        return recording

    def replay(self, graph: "CudaGraph") -> None:
        """Queue what was recorded."""
        self._call("cuGraphLaunch", c_void_p(graph.handle), c_void_p(self.handle))

    def _made(self, function, kind, *arguments) -> int:
        """The handle or address that a function writes where its first argument points."""
        value = kind()
        self._call(function, byref(value), *arguments)
        return value.value

    def _call(self, function, *arguments):
        code = getattr(self._driver, function)(*arguments)
        if code != 0:
            text = c_char_p()
            self._driver.cuGetErrorString(c_int(code), byref(text))
            reason = (text.value or b"unknown error").decode()
            raise UnusableRuntimeError(f"CUDA: {reason} ({function}, error {code})")

    def _freed_with(self, owner, function, handle):
        weakref.finalize(owner, _free, self._driver, self._context, function, handle)


class CudaBuffer:
    """One array, in page-locked memory of the host and on the GPU."""

    host: np.ndarray

    def __init__(self, stream: CudaStream, address: int) -> None:
        self.stream, self.address = stream, address  # the stream's work may still use it, so it lives at least as long


class CudaGraph:
    """Recorded work; see CudaStream.recorded."""

    def __init__(self, handle: int) -> None:
        self.handle = handle


def _free(driver: Any, context, function, handle):
    """In whichever thread it happens; at the end of the process the driver may be gone before, which is as good."""
    driver.cuCtxSetCurrent(ctypes.c_void_p(context))
    getattr(driver, function)(handle)
