#!/usr/bin/env python3
"""Errors of keyframes' depth, and whether its predicted variance is true.

    python -m benchmarks.keyframe_depth SEQUENCE_DIR [--output DIR] [OPTION ...]

One run over a recording in TUM layout with measured depth; an OPTION is one of run_slam.py. Depth of each keyframe of
the main part, as it is in the end and as the network had it, against the sensor's at that moment: mean relative error
(AbsRel) and share of pixels within 25 % (delta1), after one scale for the recording (what its shape is worth), and
after one scale per image. Scales are medians of ratios.

The second table orders all pixels by the standard deviation that was predicted for the log of their depth, and tells
for each tenth what it was and what it should have been: 1.48 times the median of |error| (robust), and the root mean
square. With --output the figures are in DIR/keyframe_depth.json too, next to the results of the run.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.depth_errors import ComparedDepth, depth_errors, variance_table
from benchmarks.measured_views import MAX_DEPTH_M, MIN_DEPTH_M
from benchmarks.runs import OPTIONS, table
from calib.base.command_line import exit_code, path_of
from calib.base.errors import SourceError
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.interface.screen import Screen
from monofuse.run import run
from sequences.datasets.tum import TumSequence
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.system import SlamSystem
from slam.tracking.pyramid import inverse_depth_on

FILE = "keyframe_depth.json"
MIN_PIXELS = 100
"""Pixels of a keyframe with depth of both kinds, below which it is left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("sequence", type=Path, metavar="SEQUENCE_DIR")
    parser.add_argument("--output", type=path_of, metavar="DIR", help="keep the results of the run there")
    arguments, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(arguments.sequence, arguments.output or Path(scratch), [*OPTIONS, *options])
    print_tables(figures)


def measure(recording: Path, output: Path, options: Sequence[str]) -> dict[str, Any]:
    """Run over a recording, leave the results in `output`, and FILE with what is returned: {seconds, final, network,
    variance}, see depth_errors and variance_table."""
    start = time.perf_counter()
    session = run(parse_arguments([str(recording), "--output", str(output), *options]), Screen())
    assert session is not None
    figures: dict[str, Any] = {"seconds": round(time.perf_counter() - start, 1)}
    final, network = compared(session.slam, recording)
    figures |= {"final": depth_errors(final), "network": depth_errors(network), "variance": variance_table(final)}
    (output / FILE).write_text(json.dumps(figures, indent=1))
    return figures


def compared(slam: SlamSystem, recording: Path) -> tuple[list[ComparedDepth], list[ComparedDepth]]:
    """The main part's keyframes, as they are in the end, and as the network had them. Raises SourceError."""
    depth, keyframes = slam.depth, slam.keyframes
    if not isinstance(depth, PredictedDepth):
        raise SourceError("measured depth has no error: give --depth NAME|FILE")
    rows = {keyframe.frame_index: keyframe.row for keyframe in keyframes.items
            if keyframes.submap[keyframe.row] == slam.map.main_submap}
    final, network = [], []
    for index, measured in measured_depth(recording):
        if index in rows:
            row = rows[index]
            inverse_depth, log_std = keyframes.items[row].inverse_depth, None
            if depth.finisher.final is not None:
                inverse_depth, log_std = depth.finisher.final.depth[row]
            final.append(compare(slam, measured, inverse_depth, log_std))
            if row in depth.refiner.network_depth:
                network.append(compare(slam, measured, depth.refiner.network_depth[row].astype(np.float32)))
    final, network = ([one for one in many if len(one.log_error) >= MIN_PIXELS] for many in (final, network))
    if not final or not network:
        raise SourceError(f"{recording}: no keyframe has measured depth")
    return final, network


def measured_depth(recording: Path) -> Iterator[tuple[int, DepthImage]]:
    """Index and measured depth, of a camera without distortion, of the frames that have it."""
    sequence = TumSequence(recording, SourceOptions(depth_every=1))
    for frame in rectified(sequence, Rectifier(sequence.camera)):
        if frame.sensor_depth is not None:
            yield frame.index, frame.sensor_depth


def compare(slam: SlamSystem, measured: DepthImage, inverse_depth: np.ndarray,
            log_std: np.ndarray | None = None) -> ComparedDepth:
    """inverse_depth (h, w) of the system's image at any size, 0 where unknown; log_std (h, w) of it."""
    true = inverse_depth_on(slam.camera.resized(inverse_depth.shape), measured, is_measured=True)
    known = (inverse_depth > 0) & (true > 1 / MAX_DEPTH_M) & (true < 1 / MIN_DEPTH_M)
    std = np.full(inverse_depth.shape, np.nan) if log_std is None else log_std
    return ComparedDepth(np.log(true[known].astype(np.float64) / inverse_depth[known]), std[known])


def print_tables(figures: dict[str, Any]) -> None:
    names = {"scale": "scale", "absrel": "AbsRel", "delta1": "delta1", "absrel_per_image": "AbsRel, a scale per image",
             "delta1_per_image": "delta1, a scale per image", "keyframes": "keyframes"}
    table(["depth of keyframes", *names.values()],
          ([what, *(figures[what][name] for name in names)] for what in ("final", "network")))
    if figures["variance"]:
        print("\nstandard deviation of log depth, predicted and measured, by tenths of the pixels")
        table(["predicted", "robust", "root mean square", "robust, a scale per image"],
              (row.values() for row in figures["variance"]))


if __name__ == "__main__":
    sys.exit(exit_code("keyframe_depth", main))
