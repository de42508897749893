"""`python -m depth export`: weights of a registered network as an ONNX file, and what runtimes must know next to it."""

import argparse
from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError
from calib.files.atomic_file import replacing, write_file
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


def run(arguments: argparse.Namespace) -> list[str]:
    """-> lines. Raises NetworkError where the file does not predict what the weights do."""
    weights = weights_of(arguments.weights)
    check_output(arguments.output, ONNX, [weights])
    registry.load_torch("exporting a network")
    from depth.onnx_files.export import export_onnx
    from depth.runtimes.onnx_runtime import OnnxDepth
    from depth.runtimes.torch_runtime import open_weights
    source = open_weights(weights, arguments.network)
    size, multiple = source.size, source.spec.multiple
    with replacing(arguments.output) as partial:  # refuses at once what cannot be written
        data = export_onnx(source.module, size, registry.find(source.name).output_names, any_size=bool(multiple))
        partial.write_bytes(data)
    write_file(arguments.output.with_suffix(".yaml"), spec_text(source.spec).encode())
    exported, sizes = OnnxDepth(arguments.output), (size, size[::-1]) if multiple else (size,)
    worst = max(_difference(source, exported, each) for each in sizes)
    if not worst < TOLERANCE:
        raise NetworkError(f"{arguments.output} differs from {arguments.weights} by {100 * worst:.1f} %: do not use it")
    takes = f"{size[1]}x{size[0]}" + (f" and other multiples of {multiple}" if multiple else "")
    return [f"{arguments.output}: {len(data) / 1e6:.1f} MB, takes {takes}, depth within {100 * worst:.2f} % of the "
            f"weights"]


def _difference(source, exported, size):
    """Largest relative difference of depth on one random image; what is less than the mean is compared to the mean,
    since networks that have learned little predict values around zero."""
    rgb = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    (a, _), (b, _) = source.raw(rgb), exported.raw(rgb)
    if source.spec.output == "log_depth":
        return float(np.abs(np.expm1(a - b)).max())
    return float((np.abs(a - b) / np.maximum(np.abs(a), np.abs(a).mean())).max())
