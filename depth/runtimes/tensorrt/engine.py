"""ONNX networks into TensorRT engines, by `tensorrt` (10 and 11) or `tensorrt_rtx`, which have the same interface.

tensorrt times kernels on the GPU that the engine is for, and keeps what it measured; tensorrt_rtx needs no GPU to
build, its engines run on several generations and compile their kernels when they are first used. Both are strongly
typed: each tensor has the type that the file gives it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from calib.base.errors import UnusableRuntimeError
from depth.runtimes.tensorrt.package import is_rtx

TURING = (7, 5)
LOOK_EVERY_S = 0.1


class Tensor(NamedTuple):
    """An input or output of an engine."""

    name: str
    type: str
    """Element type in TensorRT's words: FLOAT, HALF."""
    shape: tuple[int, ...]


class Built(NamedTuple):
    """An engine that was just built."""

    engine: bytes
    inputs: list[Tensor]
    outputs: list[Tensor]
    timings: bytes
    """Measured times of kernels, for building the next engine; empty from tensorrt_rtx."""
    seconds: float
    """Time that building took."""


@cache
def messages(trt: ModuleType) -> Any:
    """The one logger of this process, which prints nothing and keeps the `errors` of the last work begun."""
    class Messages(trt.ILogger):
        def __init__(self):
            trt.ILogger.__init__(self)
            self.errors = []

        def log(self, severity, text):
            if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
                self.errors.append(text)
    return Messages()


def failed(trt: ModuleType, what: str) -> UnusableRuntimeError:
    """The UnusableRuntimeError for what failed, with TensorRT's first message."""
    reason = " ".join((messages(trt).errors or ["it does not say why"])[0].split())[:300]
    return UnusableRuntimeError(f"TensorRT {what}: {reason}")


def build_engine(trt: ModuleType, model: bytes, capability: tuple[int, int] | None = None, timings: bytes = b"",
                 progress: Callable[[float], None] | None = None, replaceable: Sequence[str] = ()) -> Built:
    """Build an engine from the bytes of an ONNX file with fixed shapes. Raises UnusableRuntimeError.

    `capability`: compute capability of the GPU that it is for. `progress`: called ten times a second with the share of
    the work that is done; what it raises, or Ctrl-C, ends the work. `replaceable`: names of the weights that can be
    given anew to the engine.
    """
    start, log = time.perf_counter(), messages(trt)
    log.errors.clear()
    try:
        builder = trt.Builder(log)
    except TypeError:  # that is how it says that there is none
        raise failed(trt, "cannot build here") from None
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model):
        raise failed(trt, "cannot read this network")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # float32 is what was asked for
    kept = _settings(trt, config, capability, timings)
    if replaceable:
        _make_refittable(trt, network, config, replaceable)
    monitor = config.progress_monitor = _monitor(trt)
    engine = _watched(lambda: builder.build_serialized_network(network, config), monitor, progress)
    if engine is None:
        raise failed(trt, "cannot build this network")
    inputs = [_tensor(network.get_input(k)) for k in range(network.num_inputs)]
    outputs = [_tensor(network.get_output(k)) for k in range(network.num_outputs)]
    timings = bytes(kept.serialize()) if kept else b""
    return Built(bytes(engine), inputs, outputs, timings, time.perf_counter() - start)


def _settings(trt, config, capability, timings):
    """Set what only one of the packages knows; returns the ITimingCache, or None."""
    if is_rtx(trt):
        config.set_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)  # else a CUDA graph could not hold it
        if capability == TURING:  # engines for all later generations leave this one out
            config.num_compute_capabilities = 1
            config.set_compute_capability(trt.ComputeCapability.SM75, 0)
        return None
    kept = config.create_timing_cache(timings)
    config.set_timing_cache(kept, ignore_mismatch=False)
    return kept


def _make_refittable(trt, network, config, names):
    """Only what is named, since where all weights may change much less can be fused, and tensorrt_rtx needs a GPU."""
    if not hasattr(trt.BuilderFlag, "REFIT_INDIVIDUAL"):
        raise UnusableRuntimeError(f"TensorRT {trt.__version__} cannot give single weights anew")
    config.set_flag(trt.BuilderFlag.REFIT_INDIVIDUAL)
    marked = [name for name in names if network.mark_weights_refittable(name)]
    if not marked:  # it has folded some, and says so
        raise failed(trt, "finds no weights in this network")
    messages(trt).errors.clear()


def _tensor(tensor):
    return Tensor(tensor.name, tensor.dtype.name, tuple(tensor.shape))


def _watched(build, monitor, progress):
    """Call `build` in a thread of its own, since Ctrl-C reaches the main thread, and return its result."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(build)
        try:
            while True:
                try:
                    return future.result(LOOK_EVERY_S)
                except StillRunning:
                    if progress:
                        progress(monitor.share())
        except BaseException:
            monitor.is_cancelled = True
            raise


def _monitor(trt):
    """An IProgressMonitor with `share()` of the work that is done, and `is_cancelled` to set."""
    class Monitor(trt.IProgressMonitor):
        def __init__(self):
            trt.IProgressMonitor.__init__(self)
            self.phases, self.lock, self.most, self.is_cancelled = {}, threading.Lock(), 0.0, False

        def phase_start(self, name, parent, steps):
            with self.lock:
                self.phases[name] = [parent, max(steps, 1), 0]

        def step_complete(self, name, step):
            with self.lock:
                if name in self.phases:
                    self.phases[name][2] = step + 1
            return not self.is_cancelled

        def phase_finish(self, name):
            with self.lock:
                self.phases.pop(name, None)

        def share(self):
            with self.lock:
                self.most = max(self.most, min(self._share(None), 1.0))
                return self.most

        def _share(self, parent):
            """Share that is done of the phases within `parent`, which may run one after the other."""
            return max(((done + self._share(name)) / steps for name, (within, steps, done) in self.phases.items()
                        if within == parent), default=0.0)
    return Monitor()
