"""Which network a command uses, and how: the same arguments for each."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import TaskProgressColumn

from calib.base.command_line import name_and_value, whole_number
from calib.base.progress import progress_bar
from depth.runtimes import catalogue as runtimes
from depth.runtimes.default_network import default_weights
from depth.runtimes.image_network import ImageNetwork


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=Path, default=default_weights(), metavar="FILE",
                        help=".safetensors or .pth of a registered network, or any .onnx depth network (default: the "
                             "one that ships)")
    parser.add_argument("--network", metavar="NAME", help="whose weights they are, where the file does not say")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images, as for `monofuse run`; may be repeated")
    parser.add_argument("--runtime", choices=runtimes.CHOICES, default="auto",
                        help="what runs the network (default: TensorRT on an NVIDIA GPU, else ONNX Runtime; the "
                             "program says which)")
    add_device_arguments(parser)


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")
    parser.add_argument("--threads", type=whole_number(1), default=os.cpu_count(), metavar="N",
                        help="threads (default: one per core)")


def open_estimator(arguments: argparse.Namespace) -> ImageNetwork:
    """-> network, with a bar where that takes long. Raises NetworkError, BadInputError."""
    with build_progress() as progress:
        return runtimes.open_estimator(arguments.weights, dict(arguments.depth_option), arguments.runtime,
                                       arguments.device, arguments.threads, arguments.network, progress)


@contextmanager
def build_progress() -> Iterator[Callable[[float], None]]:
    """A `with` block that yields a function to tell the share of an engine that is built, which a bar then shows."""
    with progress_bar(TaskProgressColumn()) as bar:
        task = bar.add_task("building the engine", total=1.0, visible=False)
        yield lambda share: bar.update(task, completed=share, visible=True)
