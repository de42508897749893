#!/usr/bin/env python3
"""What a network gains by learning a recording: python -m benchmarks.adaptation SOURCE ... [--steps 10 50 100]

SOURCE as for run_slam.py, with a sensor's depth beside the images. SLAM runs on the images alone, the network learns
its keyframes' final depth, and predicts every n-th frame of the recording: errors against the sensor with one scale for
all frames (AbsRel, delta1), with a scale for each image, and the error that the network expects over the true one. The
last row is of the second half of the frames where the network learnt the keyframes of the first half.
"""

import argparse
import math
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, path_of, whole_number
from calib.base.errors import SourceError
from calib.geometry.camera import Camera
from depth.adaptation.adapter import Adapter
from depth.adaptation.config import AdaptationConfig
from depth.adaptation.target import Target
from depth.estimator import DepthEstimator
from depth.runtimes.default_network import NAME
from monofuse.adapt_command import run_arguments, slam_over
from monofuse.depth_stage import NetworkDepth
from monofuse.interface.screen import Screen
from monofuse.learning import targets
from monofuse.opening import configuration, open_depth
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

MIN_M, MAX_M = 0.1, 8.0
"""What a depth camera measures."""


class Measured(NamedTuple):
    """A frame with a sensor's depth."""

    time_s: float
    rgb: np.ndarray
    depth_m: np.ndarray
    camera: Camera


def add_network_options(parser: argparse.ArgumentParser, every: int = 5) -> None:
    """The network, the recording's camera and length, and on which frames depth is measured."""
    parser.add_argument("--depth", default=NAME, metavar="NAME|FILE", help="the network to begin with")
    parser.add_argument("--calibration", type=path_of, metavar="FILE")
    parser.add_argument("--max-frames", type=whole_number(1), metavar="N")
    parser.add_argument("--every", type=whole_number(1), default=every, metavar="N",
                        help="frames whose depth is measured")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    add_network_options(parser, every=10)
    parser.add_argument("--steps", type=whole_number(1), nargs="+", default=[10, 50, 100], metavar="N")
    arguments = parser.parse_args()
    print(machine())
    table(["recording", "learnt", "AbsRel", "delta1", "per image", "delta1 per image", "expected / true error",
           "training s", "peak MB"],
          (row for source in arguments.sources for row in rows(arguments, source)))


def rows(arguments: argparse.Namespace, source: str) -> Iterator[list[str]]:
    """Rows of the table for one recording."""
    screen = Screen()
    asked = run_arguments(arguments, source)
    depth = open_depth(asked, screen, configuration(asked))
    assert isinstance(depth, NetworkDepth), "a network is asked for"
    slam = slam_over(asked, depth, screen)
    known, times_s = targets(slam), [keyframe.timestamp_s for keyframe in slam.keyframes.items]
    frames = measured(arguments, source)
    name = f"{Path(source).name}, {len(known)} keyframes"
    yield [name, "nothing", *errors(depth.estimator, frames), "", ""]
    for steps in arguments.steps:
        adapted, seconds = learnt(depth.estimator, known, steps)
        yield [name, f"{steps} steps", *errors(adapted, frames), f"{seconds:.0f}", peak_mb()]
    middle_s = (frames[0].time_s + frames[-1].time_s) / 2
    second = [frame for frame in frames if frame.time_s > middle_s]
    first = [target for target, time_s in zip(known, times_s) if time_s <= middle_s]
    yield [name, "second half: nothing", *errors(depth.estimator, second), "", ""]
    adapted, seconds = learnt(depth.estimator, first, max(arguments.steps))
    yield [name, f"second half: {max(arguments.steps)} steps on the first", *errors(adapted, second), f"{seconds:.0f}",
           peak_mb()]


def learnt(estimator: DepthEstimator, known: list[Target], steps: int) -> tuple[DepthEstimator, float]:
    """-> the adapted estimator, seconds"""
    start = time.perf_counter()
    adapter = Adapter(estimator, AdaptationConfig(steps=steps))
    for _ in adapter.steps(known):
        pass
    return adapter.estimator(), time.perf_counter() - start


def measured(arguments: argparse.Namespace, source: str) -> list[Measured]:
    """Every n-th frame that has depth. Raises SourceError where there is none."""
    options = SourceOptions(arguments.calibration, arguments.every, arguments.max_frames)
    sequence = open_sequence(source, options)
    frames = [Measured(frame.timestamp_s, frame.rgb, frame.sensor_depth.depth_m, sequence.camera)
              for frame in sequence if frame.sensor_depth is not None]
    if not frames:
        raise SourceError(f"{source} has no depth to compare with")
    return frames


def errors(estimator: DepthEstimator, frames: list[Measured]) -> list[str]:
    """AbsRel, delta1 with one scale; both with a scale for each image; expected over true error."""
    return errors_of((estimator, frame) for frame in frames)


def errors_of(pairs: Iterable[tuple[DepthEstimator, Measured]]) -> list[str]:
    """The same, each frame's depth by an estimator of its own."""
    found, expected = [], []
    for estimator, frame in pairs:
        prediction = estimator.predict(frame.rgb, frame.camera)
        size = frame.depth_m.shape[::-1]
        depth_m = cv2.resize(prediction.depth_m, size, interpolation=cv2.INTER_LINEAR)
        valid = (frame.depth_m > MIN_M) & (frame.depth_m < MAX_M) & (depth_m > 0)
        if valid.any():
            found.append(np.log(frame.depth_m[valid] / depth_m[valid].astype(np.float64)))
            if prediction.log_error is not None:
                expected.append(np.exp(cv2.resize(prediction.log_error, size)[valid]))
    log_ratio = np.concatenate(found)
    residual = log_ratio - np.median(log_ratio)
    each = np.array([scores(image - np.median(image)) for image in found])
    honesty = f"{np.concatenate(expected).mean() / np.abs(residual).mean():.2f}" if expected else ""
    return [*(f"{value:.3f}" for value in (*scores(residual), *each.mean(0))), honesty]


def scores(residual: np.ndarray) -> tuple[float, float]:
    """Logarithms of true over predicted depth -> AbsRel, delta1"""
    return float(np.abs(np.exp(-residual) - 1).mean()), float((np.abs(residual) < math.log(1.25)).mean())


def peak_mb() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}"


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks.adaptation", main))
