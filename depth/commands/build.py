"""`python -m depth build`: a network's TensorRT engine ahead of time, also where there is no GPU."""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from calib.base.cache_folder import cache_folder
from calib.base.command_line import name_and_value
from calib.base.errors import OutputError, UnusableRuntimeError
from depth.commands.network_arguments import build_progress
from depth.hub.network import network_file
from depth.runtimes import self_check
from depth.runtimes.default_network import NAME
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.self_check import BOUNDS
from depth.runtimes.tensorrt.network import TensorRtNetwork
from depth.runtimes.tensorrt.package import load_tensorrt, why

HELP = "build a network's TensorRT engine ahead of time, with or without a GPU"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", nargs="?", default=NAME, metavar="NETWORK",
                        help=f"an .onnx file, or a model of the Hugging Face hub as for --depth (default: `{NAME}`, "
                             f"the one that ships)")
    parser.add_argument("--precision", choices=tuple(BOUNDS), default="fp16", help="(default: fp16)")
    parser.add_argument("--size", metavar="H,W", help="of its images, for files that leave it open")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images, as for `monofuse run`; may be repeated")
    parser.add_argument("--output", type=Path, metavar="DIR",
                        help="where the engine goes (default: the cache, where --runtime tensorrt looks for it)")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Yields lines of text."""
    options = {**dict(arguments.depth_option), **({"size": arguments.size} if arguments.size else {})}
    gpu, precision = find_gpu(), arguments.precision
    trt = load_tensorrt(gpu)
    with build_progress() as progress:
        path, options = network_file(arguments.network, options, progress.tell)
    network = TensorRtNetwork(path, options, trt, gpu, folder(arguments.output))
    yield f"{network.name} at {network.size[1]}x{network.size[0]} in {precision} for {why(trt, gpu)}"
    yield form_checked(network, precision)
    with build_progress() as progress:
        built = network.build(precision, progress)
    entry = network.cached(precision)
    network.keep(built, entry)
    for title, tensors in (("input", built.inputs), ("output", built.outputs)):
        for tensor in tensors:
            yield f"{title:9}{tensor.name} {tensor.type} {'x'.join(map(str, tensor.shape))}"
    yield f"engine   {len(built.engine) / 1e6:.1f} MB in {built.seconds:.1f} s, for GPUs: {network.target()}"
    yield engine_checked(network, precision, gpu)
    yield f"file     {entry.path}"


def folder(output: Path | None) -> Path:
    """-> folder for engines, that of --output or of the cache. Raises OutputError."""
    if output is None:
        found = cache_folder("tensorrt")
        if found is None:
            raise OutputError("the cache cannot be written: give --output DIR, or set XDG_CACHE_HOME")
        return found
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output}: {error.strerror}") from error
    return output


def form_checked(network: TensorRtNetwork, precision: str) -> str:
    """Compare what TensorRT is given with the file itself, on the CPU -> line. Raises UnusableRuntimeError."""
    difference, bound = self_check.difference(form_on_cpu(network, precision), network.reference()), BOUNDS[precision]
    if not difference <= bound:
        raise UnusableRuntimeError(
            f"{network.name} is another network in {precision}: depth differs from the file's own by "
            f"{100 * difference:.3g} % ({100 * bound:g} % are allowed); nothing was built"
            f"{'; try --precision fp32' if precision == 'fp16' else ''}")
    return (f"checked  its {precision} form, run by ONNX Runtime on the CPU: depth within {100 * difference:.2g} % of "
            f"the file's own ({100 * bound:g} % are allowed)")


def engine_checked(network: TensorRtNetwork, precision: str, gpu: NvidiaGpu | None) -> str:
    """What the engine that was built predicts on this GPU, or that nobody knows -> line. Raises UnusableRuntimeError.
    """
    if gpu is None:
        return ("NOT checked, for there is no NVIDIA GPU here and TensorRT loads engines on one only: whether GPU and "
                "driver take this engine, what it predicts and how fast; the first start on a GPU compares its depth "
                "and refuses it where it is wrong")
    from depth.runtimes.tensorrt.runtime import TensorRtDepth
    found = TensorRtDepth(network.path, network.options, precision=precision, folder=network.cache.folder)
    return f"checked  the engine on this GPU ({found.details}): depth within {100 * found.difference:.2g} %"


def form_on_cpu(network: TensorRtNetwork, precision: str) -> OnnxDepth:
    """-> OnnxDepth of what TensorRT was given."""
    with tempfile.TemporaryDirectory() as scratch:
        path, facts = Path(scratch) / network.path.name, network.path.with_suffix(".yaml")
        path.write_bytes(network.form(precision))
        if facts.is_file():
            shutil.copy(facts, path.with_suffix(".yaml"))
        return OnnxDepth(path, network.options, "cpu")
