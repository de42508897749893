#!/usr/bin/env python3
"""Depth networks in each runtime, on one CPU thread or the GPU: python -m benchmarks.runtimes [FILE|NAME ...]

FILE is an .onnx network (run by all that take those) or a file of weights, NAME a network of `python -m depth list`,
with random weights: these two are exported, and run by torch as well. By default the network that ships, and Laina's
up-projection. Milliseconds are medians, preprocessing of a made-up 640x480 image included, runtimes in turns.
Differences of depth, in %, are to torch in float32 on the CPU, or to ONNX Runtime where there are no weights: the 99th
percentile, as depth/runtimes/self_check.py measures it.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.base.errors import MissingPackageError, UnusableRuntimeError
from calib.geometry.camera import Camera
from depth.__main__ import main as depth
from depth.networks.registry import find, load_torch
from depth.runtimes import self_check
from depth.runtimes.default_network import default_weights
from depth.runtimes.nvidia_gpu import find_gpu
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.openvino_runtime import OpenVinoDepth
from depth.runtimes.tensorrt.runtime import TensorRtDepth
from depth.runtimes.torch_runtime import open_torch, open_weights

DEFAULT = (default_weights(), "laina_resnet_upproj")
ROUNDS, PATIENCE_S = 60, 30.0
"""Rounds end early where they would take longer than that."""
CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=DEFAULT, metavar="FILE|NAME")
    arguments = parser.parse_args()
    gpu = find_gpu()
    print(f"{machine()}; {f'{gpu.name}, CUDA {gpu.cuda_version[0]}.{gpu.cuda_version[1]}' if gpu else 'no NVIDIA GPU'}")
    with tempfile.TemporaryDirectory() as scratch:
        found = [rows(*files(named, Path(scratch))) for named in arguments.networks]
    table(["network", "runtime", "how", "median ms", "difference %"],
          [row for of_network, _ in found for row in of_network])
    for reason in dict.fromkeys(reason for _, reasons in found for reason in reasons):
        print(f"not run: {reason}")


def files(named: str | Path, scratch: Path) -> tuple[Path, Path | None]:
    """-> (path of an .onnx file, path of the weights that it was made from or None)"""
    path = Path(named)
    if path.suffix == ".onnx":
        return path, None
    if not path.suffix:
        from depth.networks.weights.checkpoint import save_network
        module = find(str(named)).build().eval()
        path = scratch / f"{named}.safetensors"
        save_network(path, str(named), module)
    exported = scratch / f"{path.stem}.onnx"
    if depth(["export", "--weights", str(path), "--output", str(exported)]):
        sys.exit(1)
    return exported, path


def openers(onnx: Path, weights: Path | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields (runtime, function that opens it)."""
    yield "ONNX Runtime", partial(OnnxDepth, onnx, device="cpu")
    for precision in ("fp32", "bf16"):
        yield "OpenVINO", partial(OpenVinoDepth, onnx, precision=precision)
    for precision in self_check.BOUNDS:
        yield "TensorRT", partial(TensorRtDepth, onnx, precision=precision)
    if weights:
        yield "torch", partial(open_torch, weights, device="cpu")
        yield "torch", partial(open_torch, weights, device="cuda")
        if load_torch("the benchmark").cuda.is_available():
            yield "torch, step by step", partial(open_weights, weights, device="cuda")


def rows(onnx: Path, weights: Path | None) -> tuple[list[list[str]], list[str]]:
    """-> (rows of the table, why some runtimes have none)"""
    opened, reasons = [], []
    for runtime, opener in openers(onnx, weights):
        try:
            opened.append((runtime, opener()))
        except (MissingPackageError, UnusableRuntimeError) as error:
            reasons.append(f"{runtime}: {error}")
    reference = open_weights(weights) if weights else OnnxDepth(onnx, device="cpu")
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    times, start = [], time.perf_counter()
    while len(times) < ROUNDS and time.perf_counter() - start < PATIENCE_S:
        times.append([estimator.predict(rgb, CAMERA).ms for _, estimator in opened])
    return [[onnx.name, runtime, estimator.details or "fp32, CPU", f"{statistics.median(column):.1f}",
             f"{100 * self_check.difference(estimator, reference):.2g}"]
            for (runtime, estimator), column in zip(opened, zip(*times))], reasons


if __name__ == "__main__":
    sys.exit(exit_code("runtimes", main))
