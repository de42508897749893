"""Which network a command uses, and how: the same arguments for each."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, TaskProgressColumn

from calib.base.command_line import name_and_value, whole_number
from calib.base.progress import progress_bar
from depth.hub import network as hub
from depth.runtimes import catalogue as runtimes
from depth.runtimes.default_network import NAME
from depth.runtimes.image_network import ImageNetwork


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--depth", "--weights", dest="weights", default=NAME, metavar="NAME|FILE|ORG/MODEL",
                        help="the network: weights of a registered one (.safetensors, .pth), any .onnx depth network, "
                             "or a model of the Hugging Face hub, as for `monofuse run` (default: the one that ships)")
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
        return hub.open_estimator(arguments.weights, dict(arguments.depth_option), arguments.runtime, arguments.device,
                            arguments.threads, arguments.network, progress, progress.tell)


class BuildProgress:
    """Shows the share of an engine that is built, and lines on what else takes long."""

    def __init__(self, bar: Progress) -> None:
        self.bar, self.task = bar, bar.add_task("", total=1.0, visible=False)

    def __call__(self, share: float) -> None:
        """Show the share."""
        self.bar.update(self.task, description="building the engine", completed=share, visible=True)

    def tell(self, line: str) -> None:
        """Show a line on something of which no share is known."""
        self.bar.update(self.task, description=line, completed=0, visible=True)


@contextmanager
def build_progress() -> Iterator[BuildProgress]:
    """A `with` block that yields a BuildProgress, to be called with the share of an engine that is built."""
    with progress_bar(TaskProgressColumn()) as bar:
        yield BuildProgress(bar)
