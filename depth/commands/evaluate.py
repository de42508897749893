"""`python -m depth evaluate`: a network's errors as the papers count them, and a picture of them."""

import json
from pathlib import Path

import cv2
import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calib.errors import MonofuseError, OutputError
from depth.commands.network_arguments import add_network_arguments, open_estimator
from depth.contact_sheet import ContactSheet
from depth.data.catalogue import open_dataset
from depth.evaluation import Evaluation, evaluated, evenly
from depth.metrics import HIGHER_IS_BETTER
from depth.protocol import PROTOCOLS, protocol_named

HELP = "measure a network on images with depth, as the papers do, and draw image | truth | prediction | error"
COLUMNS = ("rel", "sqrel", "rms", "rms_log", "log10", "delta1", "delta2", "delta3", "si_rms", "rms_log10")


def add_arguments(parser):
    add_network_arguments(parser)
    parser.add_argument("--data", required=True, metavar="DIR", help="a folder recognised by its layout, or NAME:DIR")
    parser.add_argument("--split", default="all", metavar="NAME",
                        help="images to measure on: train, val, test, all (default), or a file of names")
    parser.add_argument("--images", type=_positive, metavar="N", help="measure on so many of them, evenly chosen")
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="crop and depth range (default: the dataset's)")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="where the picture goes (default: results/...)")
    parser.add_argument("--rows", type=_count, default=12, metavar="N",
                        help="images in the picture, 0 for none (default: 12)")
    parser.add_argument("--scaled", action="store_true", help="draw predictions after giving each the truth's median")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")


def run(arguments):
    """-> lines of the table, and of JSON where wanted. Ctrl-C ends it with the images measured so far."""
    dataset = open_dataset(arguments.data, arguments.split)
    protocol = protocol_named(arguments.protocol or dataset.protocol)
    estimator = open_estimator(arguments)
    evaluation, sheet, milliseconds = measured(arguments, estimator, dataset, protocol)
    if not evaluation.images:
        raise MonofuseError(f"no image of {arguments.data} was measured: interrupted, or without truth that counts "
                            f"({protocol.note})")
    lines = [f"{estimator.name} on {dataset.name}, split {arguments.split}: {len(evaluation.images)} images, "
             f"{protocol.note}", *table(evaluation),
             f"one image takes {np.median(milliseconds):.1f} ms (median), {estimator.note}"]
    if arguments.rows > 0:
        lines.append(f"picture    {write_sheet(arguments, dataset, sheet)}")
    if arguments.json:
        lines.append(json.dumps({**evaluation.summary(), "per_pixel": evaluation.summary("pixel"),
                                 "ms": float(np.median(milliseconds))}))
    return lines


def measured(arguments, estimator, dataset, protocol):
    """-> Evaluation, ContactSheet, milliseconds of each image"""
    indices = evenly(len(dataset), arguments.images)
    shown = {indices[k] for k in evenly(len(indices), arguments.rows)}
    evaluation, sheet, milliseconds = Evaluation(), ContactSheet(), []
    try:
        images = evaluated(estimator, dataset, protocol, indices, evaluation)
        for index, sample, prediction in progress(images, len(indices)):
            milliseconds.append(prediction.ms)
            if index in shown:
                result = evaluation.result_of(dataset.names[index])
                scale = result.scale if result and arguments.scaled else 1.0
                sheet.add(sample.rgb, sample.depth_m, scale * prediction.depth_m, protocol.valid(sample.depth_m),
                          caption(dataset.names[index], result))
    except KeyboardInterrupt:
        pass
    return evaluation, sheet, milliseconds


def progress(items, count):
    """The `count` items, with a bar while they come."""
    with Progress(TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                  transient=True) as bar:
        yield from bar.track(items, total=count)


def caption(name, result):
    if result is None:
        return f"{name}   no truth that counts"
    return f"{name}   rel {result.rel:.3f}   delta1 {result.delta1:.3f}   median scale {result.scale:.2f}"


def table(evaluation):
    """Lines: errors raw and median-scaled, each as the mean over images and over all pixels."""
    yield f"{'':27}" + "".join(f"{name:>10}" for name in COLUMNS)
    for per in ("image", "pixel"):
        summary = evaluation.summary(per)
        for title, values in (("raw", summary), ("median-scaled", summary["median_scaled"])):
            yield f"{title + ', per ' + per:27}" + "".join(f"{values[name]:10.3f}" for name in COLUMNS)
    yield f"lower is better, but for {', '.join(HIGHER_IS_BETTER)}; Laina 2016 calls rms(log) what is rms_log10 here"


def write_sheet(arguments, dataset, sheet):
    """-> path of the picture. Raises OutputError."""
    name = f"{arguments.weights.stem}-{dataset.name.replace(':', '-')}.png"
    path = arguments.sheet or Path("results") / "evaluate" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", sheet.image()[..., ::-1])[1].tobytes())
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    return path


def _positive(text):
    return _at_least(1, text)


def _count(text):
    return _at_least(0, text)


def _at_least(least, text):
    number = int(text)
    if number < least:
        raise ValueError
    return number
