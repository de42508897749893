"""`python -m depth evaluate`: a network's errors as the papers count them, and a picture of them."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.command_line import whole_number
from calib.base.errors import MonofuseError
from calib.base.progress import tracked
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_png
from depth.commands.data_arguments import add_data_arguments, open_data
from depth.commands.network_arguments import add_network_arguments, open_estimator
from depth.data.sample import DepthDataset
from depth.evaluation.contact_sheet import ContactSheet
from depth.evaluation.error_bins import ErrorBins
from depth.evaluation.evaluate import Evaluation, ImageResult, evaluated, evenly
from depth.evaluation.metrics import HIGHER_IS_BETTER
from depth.evaluation.protocol import Protocol
from depth.runtimes.image_network import ImageNetwork

HELP = "measure a network on images with depth, as the papers do, and draw image | ground truth | prediction | error"
COLUMNS = ("rel", "sqrel", "rms", "rms_log", "log10", "delta1", "delta2", "delta3", "si_rms", "rms_log10")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    add_data_arguments(parser)
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="where the picture goes (default: results/...)")
    parser.add_argument("--rows", type=whole_number(0), default=12, metavar="N",
                        help="images in the picture, 0 for none (default: 12)")
    parser.add_argument("--scaled", action="store_true",
                        help="draw predictions after giving each the median of the ground truth")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")


def run(arguments: argparse.Namespace) -> list[str]:
    """-> lines of the table, and of JSON where wanted. Ctrl-C ends it with the images measured so far."""
    dataset, protocol = open_data(arguments)
    estimator = open_estimator(arguments)
    evaluation, sheet, milliseconds = measured(arguments, estimator, dataset, protocol)
    if not evaluation.images:
        raise MonofuseError(f"no image of {arguments.data} was measured: interrupted, or without ground truth "
                            f"that counts ({protocol.note})")
    lines = [f"{estimator.name} on {dataset.name}, split {arguments.split}: {len(evaluation.images)} images, "
             f"{protocol.note}", *table(evaluation), *error_table(evaluation.errors),
             f"one image takes {np.median(milliseconds):.1f} ms (median), {estimator.note}"]
    if estimator.licence:
        lines.append(f"licence    {estimator.licence}")
    if arguments.rows > 0:
        lines.append(f"picture    {write_sheet(arguments, dataset, sheet)}")
    if arguments.json:
        lines.append(json.dumps({**evaluation.summary(), "per_pixel": evaluation.summary("pixel"),
                                 "ms": float(np.median(milliseconds)), **expected_error(evaluation.errors)}))
    return lines


def measured(arguments: argparse.Namespace, estimator: ImageNetwork, dataset: DepthDataset,
             protocol: Protocol) -> tuple[Evaluation, ContactSheet, list[float]]:
    """-> Evaluation, ContactSheet, milliseconds of each image"""
    indices = evenly(len(dataset), arguments.images)
    shown = {indices[k] for k in evenly(len(indices), arguments.rows)}
    evaluation, sheet, milliseconds = Evaluation(), ContactSheet(), []
    try:
        images = evaluated(estimator, dataset, protocol, indices, evaluation)
        for index, sample, prediction in tracked(images, len(indices), "evaluating"):
            milliseconds.append(prediction.ms)
            if index in shown:
                result = evaluation.result_of(dataset.names[index])
                scale = result.scale if result and arguments.scaled else 1.0
                sheet.add(sample.rgb, sample.depth_m, scale * prediction.depth_m, protocol.valid(sample.depth_m),
                          caption(dataset.names[index], result))
    except KeyboardInterrupt:
        pass
    return evaluation, sheet, milliseconds


def caption(name: str, result: ImageResult | None) -> str:
    if result is None:
        return f"{name}   no ground truth that counts"
    return f"{name}   rel {result.rel:.3f}   delta1 {result.delta1:.3f}   median scale {result.scale:.2f}"


def table(evaluation: Evaluation) -> Iterator[str]:
    """Lines: errors raw and median-scaled, each as the mean over images and over all pixels."""
    yield f"{'':27}" + "".join(f"{name:>10}" for name in COLUMNS)
    for per in ("image", "pixel"):
        summary = evaluation.summary(per)
        for title, values in (("raw", summary), ("median-scaled", summary["median_scaled"])):
            yield f"{title + ', per ' + per:27}" + "".join(f"{values[name]:10.3f}" for name in COLUMNS)
    yield f"lower is better, but for {', '.join(HIGHER_IS_BETTER)}; Laina 2016 calls rms(log) what is rms_log10 here"


def error_table(errors: ErrorBins | None) -> Iterator[str]:
    """Lines: what the network expects of its errors, and what they are, from ErrorBins, or none without these."""
    if errors is None:
        return
    tenths, summary = errors.tenths(), errors.summary()
    yield f"{'relative error':27}" + "".join(f"{'tenth ' + str(k + 1):>10}" for k in range(len(tenths)))
    yield f"{'expected by the network':27}" + "".join(f"{each.expected:10.3f}" for each in tenths)
    yield f"{'measured there':27}" + "".join(f"{each.measured:10.3f}" for each in tenths)
    yield f"what is measured is off by {summary['off']:.0%} on average, by {summary['off_worst']:.0%} at worst"


def expected_error(errors: ErrorBins | None) -> dict[str, Any]:
    return {"expected_error": errors.summary()} if errors else {}


def write_sheet(arguments: argparse.Namespace, dataset: DepthDataset, sheet: ContactSheet) -> Path:
    """-> path of the picture. Raises OutputError."""
    name = f"{Path(arguments.weights).stem}-{dataset.name.replace(':', '-')}.png"
    path = arguments.sheet or Path("results") / "evaluate" / name
    write_file(path, encode_png(sheet.image()))
    return path
