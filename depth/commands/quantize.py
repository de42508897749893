"""`python -m depth quantize`: an .onnx network in 8-bit integers, kept only if it measures as well as before."""

import argparse
import os
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.command_line import name_and_value, whole_number
from calib.base.errors import BadInputError, MonofuseError
from calib.base.progress import tracked
from calib.files.atomic_file import write_file
from depth.commands.output_file import ONNX, check_output
from depth.data.catalogue import open_dataset
from depth.data.sample import DepthDataset
from depth.evaluation.evaluate import Evaluation, evaluated, evenly
from depth.evaluation.protocol import PROTOCOLS, Protocol, protocol_named
from depth.onnx_files.int8 import int8_forms
from depth.runtimes.default_network import NAME, weights_of
from depth.runtimes.network_spec import spec_text
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.preprocessing import to_input

HELP = "make an .onnx network compute in 8-bit integers, kept only if it measures as well as before"
ALLOWED_LOSS = 0.01
"""Of delta1."""
COLUMNS = ("rel", "rms", "delta1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", type=weights_of, default=weights_of(NAME), metavar="FILE.onnx",
                        help="a network in float (default: the one that ships)")
    parser.add_argument("--depth-option", type=name_and_value, action="append", default=[], metavar="NAME=VALUE",
                        help="how the network wants its images, as for `monofuse run`; may be repeated")
    parser.add_argument("--data", required=True, metavar="DIR", help="a folder recognised by its layout, or NAME:DIR: "
                        "its split train gives the range of every layer, its split val the errors")
    parser.add_argument("--images", type=whole_number(1), default=64, metavar="N",
                        help="training images to take, evenly chosen (default: 64)")
    parser.add_argument("--val-images", type=whole_number(1), metavar="N",
                        help="validation images to measure on, evenly chosen (default: all)")
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="crop and depth range (default: the dataset's)")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.onnx", help="with a .yaml next to it")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Yields lines. Raises MonofuseError, and writes nothing, where int8 costs ALLOWED_LOSS of delta1 or more."""
    check_paths(arguments.weights, arguments.output)
    network = open_network(arguments.weights, dict(arguments.depth_option))
    training, validation = (open_dataset(arguments.data, split) for split in ("train", "val"))
    protocol = protocol_named(arguments.protocol or validation.protocol)

    def measure(candidate, title):
        return measured(candidate, validation, protocol, evenly(len(validation), arguments.val_images), title)
    before = measure(network, "measuring float")
    yield f"{network.name} on {validation.name}, split val: {before['images']} images, {protocol.note}"
    yield f"{'':13}" + "".join(f"{name:>10}" for name in COLUMNS)
    yield row("float", before)
    with tempfile.TemporaryDirectory() as scratch:
        images = inputs(network, training, evenly(len(training), arguments.images))
        for form, layers, in_all in int8_forms(network, arguments.weights, images, Path(scratch)):
            form.with_suffix(".yaml").write_text(spec_text(network.spec))
            after = measure(open_network(form, {}), "measuring int8")
            yield row(f"int8 {layers}/{in_all}", after)
            if after["delta1"] > before["delta1"] - ALLOWED_LOSS:
                yield keep(form, arguments.output, f"{layers} of {in_all} layers in int8")
                return
    raise MonofuseError(f"int8 costs {network.name} {before['delta1'] - after['delta1']:.4f} of delta1, and less than "
                        f"{ALLOWED_LOSS} is allowed: {arguments.output} is not written")


def check_paths(weights: Path, output: Path) -> None:
    """Raises BadInputError."""
    if weights.suffix not in ONNX:
        raise BadInputError(f"{weights}: int8 is for .onnx files; `monofuse depth export` makes them of weights")
    check_output(output, ONNX, [weights])


def open_network(path: Path, options: Mapping[str, str]) -> OnnxDepth:
    """-> OnnxDepth. Raises NetworkError."""
    return OnnxDepth(path, options, "cpu", os.cpu_count() or 1)


def measured(network: OnnxDepth, dataset: DepthDataset, protocol: Protocol, indices: Sequence[int],
             title: str) -> dict[str, Any]:
    """-> {metric: mean over images, "images": count}. Raises MonofuseError where no pixel has ground truth."""
    evaluation = Evaluation()
    deque(tracked(evaluated(network, dataset, protocol, indices, evaluation), len(indices), title), maxlen=0)
    if not evaluation.images:
        raise MonofuseError(f"no image of {dataset.name} has ground truth that counts ({protocol.note})")
    return evaluation.summary()


def inputs(network: OnnxDepth, dataset: DepthDataset, indices: Sequence[int]) -> Iterator[np.ndarray]:
    """Yields what the network takes, for images of a DepthDataset."""
    for index in tracked(indices, len(indices), "calibrating"):
        yield to_input(dataset[index].rgb, network.size, network.spec)


def row(title: str, summary: Mapping[str, Any]) -> str:
    return f"{title:13}" + "".join(f"{summary[name]:10.4f}" for name in COLUMNS)


def keep(form: Path, output: Path, note: str) -> str:
    """Copy a file and its .yaml -> line. Raises OutputError."""
    data = form.read_bytes()
    for suffix, content in ((".yaml", form.with_suffix(".yaml").read_bytes()), (".onnx", data)):
        write_file(output.with_suffix(suffix), content)
    return f"{output}: {len(data) / 1e6:.1f} MB, {note}"
