"""`python -m depth calibrate-error`: the error that a network expects, brought to the one that it has."""

import argparse
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from calib.base.errors import BadInputError, MonofuseError
from calib.base.progress import tracked
from calib.files.atomic_file import write_file
from depth.commands.data_arguments import add_data_arguments, open_data
from depth.commands.evaluate import error_table
from depth.commands.network_arguments import add_device_arguments
from depth.commands.output_file import WEIGHTS, check_output
from depth.data.sample import DepthDataset
from depth.evaluation.error_bins import ErrorBins
from depth.evaluation.evaluate import Evaluation, evaluated, evenly
from depth.evaluation.protocol import Protocol
from depth.networks import registry
from depth.runtimes.default_network import weights_of
from depth.runtimes.image_network import ImageNetwork

if TYPE_CHECKING:
    from depth.runtimes.torch_graph import GraphedDepth
    from depth.runtimes.torch_runtime import TorchDepth

HELP = "scale the error that a network expects until it is the one that it has on images with depth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", required=True, type=Path, metavar="FILE", help=".safetensors or .pth")
    parser.add_argument("--network", metavar="NAME", help="whose weights they are, where the file does not say")
    add_data_arguments(parser, split="val")
    add_device_arguments(parser)
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="weights to write, with their .yaml")


def run(arguments: argparse.Namespace) -> list[str]:
    """-> lines: how well expected and measured errors agreed before, and agree now. Depth stays as it was."""
    weights = weights_of(arguments.weights)
    check_output(arguments.output, WEIGHTS, [weights])
    registry.load_torch("calibrating a network")
    from depth.runtimes.torch_runtime import open_torch
    dataset, protocol = open_data(arguments)
    estimator = open_torch(weights, {}, arguments.device, arguments.threads, arguments.network)
    if not estimator.spec.predicts_error:
        raise BadInputError(f"{arguments.weights}: {estimator.name} does not say how wrong it expects to be")
    before = errors_on(estimator, dataset, protocol, arguments.images)
    slope, offset = before.fit()
    if not slope > 0:
        raise MonofuseError(f"{arguments.weights} is not less wrong where it expects to be: no scale makes that good")
    estimator.module.scale_log_error(slope, offset)
    after = errors_on(estimator, dataset, protocol, arguments.images)
    save(weights, arguments.output, estimator,
         {"log_error": f"{slope:.4f} * that of {weights.name} + {offset:.4f}"})
    return [f"before, on {dataset.name}, split {arguments.split}", *error_table(before),
            f"after log_error = {slope:.3f} * log_error + {offset:.3f}", *error_table(after), f"{arguments.output}"]


def errors_on(estimator: ImageNetwork, dataset: DepthDataset, protocol: Protocol, images: int | None) -> ErrorBins:
    """-> ErrorBins of a DepthEstimator. Raises MonofuseError where no pixel has ground truth."""
    indices, evaluation = evenly(len(dataset), images), Evaluation()
    measured = evaluated(estimator, dataset, protocol, indices, evaluation)
    deque(tracked(measured, len(indices), "measuring"), maxlen=0)
    if evaluation.errors is None:
        raise MonofuseError(f"no image of {dataset.name} has ground truth that counts ({protocol.note})")
    return evaluation.errors


def save(weights: Path, output: Path, estimator: "TorchDepth | GraphedDepth", facts: Mapping[str, str]) -> None:
    """The weights, and how they want their images. Raises OutputError."""
    from depth.networks.weights.checkpoint import read_tensors, save_network
    known = {name: text for name, text in read_tensors(weights)[1].items() if isinstance(text, str)}
    spec = estimator.spec
    options = {name: list(value) for name, value in (("size", spec.size), ("focal_px", spec.focal_px)) if value}
    save_network(output, estimator.name, estimator.module, {**known, **facts})
    write_file(output.with_suffix(".yaml"), yaml.safe_dump(options).encode())
