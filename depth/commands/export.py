"""`python -m depth export`: weights of a registered network as an ONNX file, and what runtimes must know next to it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError
from calib.files.atomic_file import write_file
from depth.commands.output_file import ONNX, check_output
from depth.networks import registry
from depth.runtimes.default_network import weights_of
from depth.runtimes.network_spec import spec_text

HELP = "write a network as an .onnx file, checked against the weights it came from"
TOLERANCE = 0.02
"""Relative difference of depth, at the worst pixel, that half-precision weights may make."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", required=True, type=Path, metavar="FILE", help=".safetensors or .pth")
    parser.add_argument("--network", metavar="NAME", help="whose weights they are, where the file does not say")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.onnx")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Yields lines of text. Raises NetworkError where the file does not predict what the weights do."""
    weights = weights_of(arguments.weights)
    check_output(arguments.output, ONNX, [weights])
    registry.load_torch("exporting a network")
    from depth.onnx_files.export import export_onnx, smallest
    from depth.runtimes.onnx_runtime import OnnxDepth
    from depth.runtimes.torch_runtime import open_weights
    source = open_weights(weights, arguments.network)
    size, multiple = source.size, source.spec.multiple

    def export(half_weights: bool) -> bytes:
        return export_onnx(source.module, size, registry.find(source.name).output_names, bool(multiple), half_weights)

    def difference(data: bytes) -> float:
        exported = OnnxDepth(arguments.output, content=data, spec=source.spec)
        return max(_difference(source, exported, each) for each in ((size, size[::-1]) if multiple else (size,)))
    yield f"{source.name} at {size[1]}x{size[0]}: exporting it and comparing it with torch, which takes up to a minute"
    exported = smallest(export, difference, TOLERANCE)
    if not exported.difference < TOLERANCE:
        raise NetworkError(f"{weights}: what ONNX Runtime makes of it differs from torch's depth by "
                           f"{100 * exported.difference:.1f} %, so nothing was written")
    write_file(arguments.output, exported.data)
    write_file(arguments.output.with_suffix(".yaml"), spec_text(source.spec).encode())
    takes = f"{size[1]}x{size[0]}" + (f" and other multiples of {multiple}" if multiple else "")
    yield (f"{arguments.output}: {len(exported.data) / 1e6:.1f} MB, takes {takes}, depth within "
           f"{100 * exported.difference:.2f} % of the weights")
    if exported.half_difference is not None:
        yield f"weights stay in single precision: in half, depth would be off by {100 * exported.half_difference:.1f} %"


def _difference(source, exported, size):
    """Largest relative difference of depth on one random image; what is less than the mean is compared to the mean,
    since networks that have learned little predict values around zero."""
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    (a, _), (b, _) = source.raw(rgb), exported.raw(rgb)
    if source.spec.output == "log_depth":
        return float(np.abs(np.expm1(a - b)).max())
    return float((np.abs(a - b) / np.maximum(np.abs(a), np.abs(a).mean())).max())
