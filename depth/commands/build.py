"""`python -m depth build`: a network's TensorRT engine ahead of time, also where there is no GPU."""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from calib.base.cache_folder import cache_folder
from calib.base.command_line import name_and_value
from calib.base.errors import OutputError
from depth.commands.network_arguments import build_progress
from depth.hub.network import network_file
from depth.runtimes import self_check
from depth.runtimes.default_network import NAME
from depth.runtimes.nvidia_gpu import NvidiaGpu, find_gpu
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.engine import load_tensorrt
from depth.runtimes.tensorrt.network import TensorRtNetwork

HELP = "build a network's TensorRT engine ahead of time, with or without a GPU"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", nargs="?", default=NAME, metavar="NETWORK",
                        help=f"an .onnx file, or a model of the Hugging Face hub as for --depth (default: `{NAME}`, "
                             f"the one that ships)")
    parser.add_argument("--precision", choices=tuple(self_check.BOUNDS), default="fp16", help="(default: fp16)")
    parser.add_argument("--size", metavar="H,W", help="of its images, for files that leave it open")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images, as for `monofuse run`; may be repeated")
    parser.add_argument("--output", type=Path, metavar="DIR",
                        help="where the engine goes (default: the cache, where --runtime tensorrt looks for it)")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Yields lines of text."""
    options = {**dict(arguments.depth_option), **({"size": arguments.size} if arguments.size else {})}
    gpu, precision = find_gpu(), arguments.precision
    trt = load_tensorrt(on_gpu=gpu is not None)
    with build_progress() as progress:
        path, options = network_file(arguments.network, options, progress.tell)
    network = TensorRtNetwork(path, options, trt, gpu, folder(arguments.output))
    yield f"{network.name} at {network.size[1]}x{network.size[0]} in {precision} for {trt.__name__} {trt.__version__}"
    with build_progress() as progress:
        built = network.build(precision, progress)
    network.keep(precision, built)
    for title, tensors in (("input", built.inputs), ("output", built.outputs)):
        for tensor in tensors:
            yield f"{title:9}{tensor.name} {tensor.type} {'x'.join(map(str, tensor.shape))}"
    yield f"engine   {len(built.engine) / 1e6:.1f} MB in {built.seconds:.1f} s, for GPUs: {network.target()}"
    yield f"file     {network.cached(precision).path}"
    yield from checks(network, arguments, gpu)


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


def checks(network: TensorRtNetwork, arguments: argparse.Namespace, gpu: NvidiaGpu | None) -> Iterator[str]:
    """Yields what is known of the engine's numbers, and what is not."""
    precision, bound = arguments.precision, 100 * self_check.BOUNDS[arguments.precision]
    difference = self_check.difference(form_on_cpu(network, precision), network.reference())
    yield (f"checked  its {precision} form, run by ONNX Runtime on the CPU: depth within {100 * difference:.2g} % of "
           f"the file's own ({bound:g} % are allowed)")
    if gpu is None:
        yield ("NOT checked, for there is no NVIDIA GPU here and TensorRT loads engines on one only: whether GPU and "
               "driver take this engine, what it predicts and how fast; the first start on a GPU compares its depth "
               "and refuses it where it is wrong")
        return
    from depth.runtimes.tensorrt.runtime import TensorRtDepth
    found = TensorRtDepth(network.path, network.options, precision=precision, folder=network.cache.folder)
    yield f"checked  the engine on this GPU ({found.details}): depth within {100 * found.difference:.2g} %"


def form_on_cpu(network: TensorRtNetwork, precision: str) -> OnnxDepth:
    """-> OnnxDepth of what TensorRT was given."""
    with tempfile.TemporaryDirectory() as scratch:
        path, facts = Path(scratch) / network.path.name, network.path.with_suffix(".yaml")
        path.write_bytes(network.form(precision))
        if facts.is_file():
            shutil.copy(facts, path.with_suffix(".yaml"))
        return OnnxDepth(path, network.options, "cpu")
