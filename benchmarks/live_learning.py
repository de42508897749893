#!/usr/bin/env python3
"""What --adapt live brings while a camera runs: python -m benchmarks.live_learning RECORDING ... [--rate 30]

RECORDING as SOURCE of run_slam.py, with a sensor's depth beside the images. It is shown as a camera would: a frame each
1/RATE s, newer frames in place of those that wait. The network stays as it is or learns, in turns. Depth is that of the
network in use when a frame of the recording's second half was processed, predicted again after the run, against the
sensor's with one scale for all frames (AbsRel, delta1). Speed is frames that became poses over the time from the first
to the last. ATE after Sim(3).
"""

import argparse
import bisect
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

from benchmarks.adaptation import Measured, add_network_options, errors_of, measured
from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry.rectification import Rectifier, rectified
from depth.estimator import DepthEstimator
from monofuse.adapt_command import run_arguments
from monofuse.depth_stage import NetworkDepth
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoViewer
from monofuse.live_learning import live_learning
from monofuse.opening import configuration, open_depth, open_source
from monofuse.session import Session
from monofuse.warm_up import prepare
from sequences.frame import Frame
from sequences.prefetch import ahead
from sequences.sequence import LiveSequence, Sequence
from slam.system import FrameResult, SlamSystem


class Shown(LiveSequence):
    """A recording as a camera shows it: its frames come when they are due."""

    frame_count = None
    depth_scale = 1000.0

    def __init__(self, recording: Sequence, rate_hz: float) -> None:
        self.recording, self.rate_hz, self.is_stopped = recording, rate_hz, False
        self.name, self.camera, self.skipped = recording.name, recording.camera, recording.skipped
        self.ground_truth, self.ground_truth_name = recording.ground_truth, recording.ground_truth_name

    def __iter__(self) -> Iterator[Frame]:
        frames = list(self.recording)  # a camera does not read files
        begun_s = time.monotonic()
        for number, frame in enumerate(frames):
            time.sleep(max(0.0, begun_s + number / self.rate_hz - time.monotonic()))
            if self.is_stopped:
                return
            yield replace(frame, arrived_s=time.monotonic())

    def stop(self) -> None:
        """See LiveSequence."""
        self.is_stopped = True


class Moment(NamedTuple):
    """When a frame has become a pose."""

    time_s: float
    index: int
    """The frame's."""
    timestamp_s: float
    """The frame's."""
    estimator: DepthEstimator
    """In use by then."""


class Watcher(NoViewer):
    """A viewer that shows nothing and keeps a Moment of each frame."""

    def __init__(self, depth: NetworkDepth) -> None:
        self.depth, self.log = depth, list[Moment]()

    def show(self, frame: Frame, result: FrameResult) -> None:
        """See monofuse.interface.viewer.live.Viewer."""
        estimator = self.depth.estimator
        self.log.append(Moment(time.monotonic(), frame.index, frame.timestamp_s,
                               getattr(estimator, "current", estimator)))


class Outcome(NamedTuple):
    """What one run came to."""

    swaps: int
    frames_per_s: float
    share: float
    """Frames that became poses, over those that came."""
    latency_ms: float
    """95 % of frames became poses within."""
    ate_m: float
    second_half: list[float]
    """AbsRel, delta1."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="RECORDING")
    add_network_options(parser)
    parser.add_argument("--rate", type=float, default=30, metavar="HZ", help="frames per second (default: 30)")
    parser.add_argument("--runs", type=whole_number(1), default=3, metavar="N", help="of each, in turns (default: 3)")
    arguments = parser.parse_args()
    print(machine())
    table(["recording", "network", "swaps", "AbsRel", "delta1", "frames/s", "frames", "latency, 95 % ms", "ATE, m"],
          (row for source in arguments.sources for row in rows(arguments, source)))


def rows(arguments: argparse.Namespace, source: str) -> Iterator[list[str]]:
    """Rows of the table for one recording: medians over runs."""
    frames = measured(arguments, source)
    outcomes = {learns: [] for learns in (False, True)}
    for _ in range(arguments.runs):
        for learns, found in outcomes.items():
            found.append(run(arguments, source, learns, frames))
    for learns, found in outcomes.items():
        def middle(name: str, found: list[Outcome] = found) -> float:
            return statistics.median(getattr(each, name) for each in found)
        errors = [f"{statistics.median(values):.3f}" for values in zip(*(each.second_half for each in found))]
        yield [source.rstrip("/").rsplit("/", 1)[-1], "learns" if learns else "stays", f"{middle('swaps'):.0f}",
               *errors, f"{middle('frames_per_s'):.1f}", f"{100 * middle('share'):.0f} %",
               f"{middle('latency_ms'):.0f}", f"{middle('ate_m'):.4f}"]


def run(arguments: argparse.Namespace, source: str, learns: bool, frames: list[Measured]) -> Outcome:
    """What `monofuse run` does with a camera, up to the last frame; no results are written."""
    asked, screen = run_arguments(arguments, source), Screen()
    config = configuration(asked)
    depth = open_depth(asked, screen, config)
    assert isinstance(depth, NetworkDepth), "a network is asked for"
    recording, _ = open_source(asked, depth, screen)
    shown, rectifier = Shown(recording, arguments.rate), Rectifier(recording.camera)
    slam = SlamSystem(rectifier.camera, config)
    prepare(config, screen)
    watcher = Watcher(depth)
    session = Session(shown, slam, viewer=watcher)
    with live_learning(depth, slam, screen) if learns else nullcontext():
        live = depth.estimator
        added = depth.added(rectified(shown, rectifier), shown, rectifier.camera, slam.stage_times)
        session.track(ahead(added, shown), screen)
    session.raise_first_failure()
    log = watcher.log
    count = log[-1].index - log[0].index + 1
    return Outcome(getattr(live, "swaps", 0), (len(log) - 1) / (log[-1].time_s - log[0].time_s), len(log) / count,
                   slam.stage_times.summary()["latency"]["p95_ms"], session.scores().get("ate_sim3_m", float("nan")),
                   [float(value) for value in errors_of(in_use(log, frames))[:2]])


def in_use(log: list[Moment], frames: list[Measured]) -> Iterator[tuple[DepthEstimator, Measured]]:
    """The measured frames of the second half of a run, each with the network that was in use when it was processed."""
    times_s = [moment.timestamp_s for moment in log]
    for frame in frames:
        if frame.time_s > (times_s[0] + times_s[-1]) / 2:
            yield log[bisect.bisect_right(times_s, frame.time_s) - 1].estimator, frame


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks.live_learning", main))
