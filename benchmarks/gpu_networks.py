"""Every network by everything that runs it on a GPU: the rows of benchmarks/gpu.py."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.runtimes import CAMERA, files
from calib.base.errors import MissingPackageError, UnusableRuntimeError
from depth.onnx_files.model import load_onnx, unfold_casts
from depth.runtimes import self_check
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.openvino_runtime import OpenVinoDepth
from depth.runtimes.tensorrt.refitted import RefittedDepth
from depth.runtimes.tensorrt.runtime import TensorRtDepth
from depth.runtimes.torch_runtime import open_torch

ROUNDS, PATIENCE_S = 200, 2.0
"""Predictions that are timed: so many, or so long."""
MAX_EXPORTERS = 6
"""Processes that export networks meanwhile; each takes up to 2 GB."""
HEADER = ("network", "runtime", "how", "opened, s", "again, s", "median ms", "95 % ms", "difference %", "verdict")


class NetworkFiles(NamedTuple):
    """A network on disk."""

    onnx: Path
    weights: Path | None
    """What it was exported from, where torch can run it."""


def exported(names: Sequence[str], scratch: Path) -> Iterator[NetworkFiles]:
    """Names of the registry, or .onnx files -> their files, in this order; those to come are exported meanwhile."""
    ready = {name: NetworkFiles(Path(name), None) for name in names if name.endswith(".onnx")}
    rest = [name for name in names if name not in ready]
    if not rest:
        yield from ready.values()
        return
    with ProcessPoolExecutor(min(MAX_EXPORTERS, len(rest)), get_context("spawn")) as pool:
        waiting = {name: pool.submit(files, name, scratch) for name in rest}
        try:
            for name in names:
                yield ready[name] if name in ready else NetworkFiles(*waiting[name].result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def rows(network: NetworkFiles, is_time: Callable[[], bool]) -> Iterator[list[str]]:
    """Yields the rows of HEADER of one network, while there is time."""
    reference = OnnxDepth(network.onnx, device="cpu")
    for runtime, opener in _openers(network):
        if is_time():
            yield [network.onnx.stem, runtime, *_measured(opener, reference)]
        gc.collect()  # what the last one had on the GPU


def _openers(network):
    """Yields (runtime, function that opens it)."""
    onnx = network.onnx
    for precision in self_check.BOUNDS:
        yield f"TensorRT {precision}", partial(TensorRtDepth, onnx, precision=precision)
    if network.weights:
        yield "torch", partial(open_torch, network.weights, device="cuda")
    yield "ONNX Runtime, GPU", partial(OnnxDepth, onnx, device="cuda")
    yield "ONNX Runtime, one CPU thread", partial(OnnxDepth, onnx, device="cpu")
    yield "OpenVINO, one CPU thread", partial(OpenVinoDepth, onnx)


def _measured(opener, reference):
    """The columns of HEADER from `how` on."""
    start = time.perf_counter()
    try:
        estimator = opener()
        opened = time.perf_counter()
        opener()
    except (MissingPackageError, UnusableRuntimeError) as error:
        return ["", f"{time.perf_counter() - start:.1f}", "", "", "", "", f"not run: {error}"]
    again_s = time.perf_counter() - opened
    ms = times_ms(estimator)
    difference, precision = self_check.difference(estimator, reference), getattr(estimator, "precision", "")
    bound = self_check.BOUNDS["fp32" if precision == "fp32" else "fp16"]
    return [estimator.details, f"{opened - start:.1f}", f"{again_s:.1f}", f"{statistics.median(ms):.2f}",
            f"{np.percentile(ms, 95):.2f}", f"{100 * difference:.2g}", "right" if difference <= bound else "WRONG"]


def times_ms(estimator: Any) -> list[float]:
    """Milliseconds of predictions for a made-up 640x480 image, preprocessing included."""
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    estimator.predict(rgb, CAMERA)
    ms, start = [], time.perf_counter()
    while not ms or (len(ms) < ROUNDS and time.perf_counter() - start < PATIENCE_S):
        ms.append(estimator.predict(rgb, CAMERA).ms)
    return ms


def learnt_rows(path: Path, precisions: Iterable[str] = tuple(self_check.BOUNDS)) -> Iterator[list[str]]:
    """How new weights come into engines -> rows of (precision, first, s, again, s, ms, difference %, verdict)."""
    onnx, random = load_onnx("new weights"), np.random.default_rng(0)
    for precision in precisions:
        try:
            estimator = TensorRtDepth(path, precision=precision)
        except (MissingPackageError, UnusableRuntimeError) as error:
            yield [precision, "", "", "", "", f"not run: {error}"]
            continue
        model = estimator.stored_model()
        unfold_casts(model.graph, onnx)
        for tensor in model.graph.initializer:
            values = onnx.numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and values.ndim > 1:
                values = values * random.normal(1, 0.02, values.shape).astype(np.float32)
                tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            adapted = estimator.refitted(model)
            seconds.append(f"{time.perf_counter() - start:.2f}")
        if isinstance(adapted, RefittedDepth):
            yield [precision, *seconds, f"{statistics.median(times_ms(adapted)):.2f}",
                   f"{100 * adapted.difference:.2g}", "right"]
        else:
            yield [precision, *seconds, "", "", f"run by ONNX Runtime: {adapted.details}"]
