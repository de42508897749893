#!/usr/bin/env python3
"""What --adapt live brings where learning has a core for itself: python -m benchmarks.live_replay RECORDING ...

RECORDING as SOURCE of run_slam.py, with a sensor's depth beside the images. SLAM runs over it and notes when each
keyframe's depth was final, in the recording's own time. Then the process that learns is given these keyframes at these
times, its clock being the CPU time that it takes, from START_S on; so what else the machine does hardly matters. Depth
is that of the network which would be in use when a frame of the recording's second half comes, against the sensor's:
AbsRel and delta1 with one scale for all frames, and with a scale for each. On speed see benchmarks.live_learning.
"""

import argparse
import bisect
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, cast

from benchmarks.adaptation import Measured, add_network_options, errors_of, measured
from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.geometry.rectification import Rectifier, rectified
from depth.adaptation.config import LiveConfig
from depth.adaptation.live import Beginning
from depth.adaptation.live_process import learn
from depth.adaptation.target import Target
from depth.estimator import DepthEstimator
from depth.onnx_files.model import read_model
from depth.runtimes.onnx_network import OnnxNetwork
from monofuse.adapt_command import run_arguments
from monofuse.depth_stage import NetworkDepth
from monofuse.interface.screen import Screen
from monofuse.learning import refined_depth
from monofuse.opening import configuration, open_depth, open_source
from monofuse.session import Session
from monofuse.warm_up import prepare
from sequences.frame import Frame
from sequences.prefetch import ahead
from slam.system import SlamSystem

START_S = 3.0
"""Until the process has loaded torch and opened the network."""


class Told(NamedTuple):
    """A keyframe whose depth became final."""

    time_s: float
    """After the first frame."""
    target: Target


class InUse(NamedTuple):
    """A network, and from when on it is in use."""

    time_s: float
    estimator: DepthEstimator


class OverError(Exception):
    """The recording has ended."""


class Replay:
    """Stands in for live_process.Arrivals: gives targets when they came, by a clock that is the thread's CPU time."""

    def __init__(self, told: list[Told], end_s: float) -> None:
        self.told, self.end_s = told, end_s
        self.ahead_s = START_S - time.thread_time()
        """What the clock is ahead of the CPU time."""

    @property
    def now_s(self) -> float:
        """After the first frame."""
        return time.thread_time() + self.ahead_s

    def taken(self, wait: bool) -> list[Target]:
        """See Arrivals. Raises OverError."""
        if wait and self.told and self.told[0].time_s > self.now_s:
            self.ahead_s += self.told[0].time_s - self.now_s
        if self.now_s > self.end_s or (wait and not self.told):
            raise OverError
        count = bisect.bisect_right([told.time_s for told in self.told], self.now_s)
        new, self.told = self.told[:count], self.told[count:]
        return [told.target for told in new]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="RECORDING")
    add_network_options(parser)
    arguments = parser.parse_args()
    print(machine())
    table(["recording", "network", "swaps", "first after s", "AbsRel", "delta1", "per image", "delta1 per image"],
          (row for source in arguments.sources for row in rows(arguments, source)))


def rows(arguments: argparse.Namespace, source: str) -> Iterator[list[str]]:
    """Rows of the table for one recording."""
    estimator, told, times_s = noted(arguments, source)
    middle_s, frames = (times_s[0] + times_s[-1]) / 2, measured(arguments, source)
    second = [frame for frame in frames if frame.time_s > middle_s]
    name = source.rstrip("/").rsplit("/", 1)[-1]
    yield [name, "stays", "0", "", *errors_of((estimator, frame) for frame in second)[:4]]
    swaps = learnt(estimator, told, times_s[-1] - times_s[0])
    first = f"{swaps[1].time_s:.1f}" if len(swaps) > 1 else ""
    yield [name, "learns", str(len(swaps) - 1), first, *errors_of(with_networks(swaps, second, times_s[0]))[:4]]


def noted(arguments: argparse.Namespace, source: str) -> tuple[OnnxNetwork, list[Told], list[float]]:
    """Run SLAM -> the network, what it is told of when, and the times of all frames."""
    asked, screen = run_arguments(arguments, source), Screen()
    config = configuration(asked)
    depth = open_depth(asked, screen, config)
    assert isinstance(depth, NetworkDepth) and isinstance(depth.estimator, OnnxNetwork), "only such networks learn live"
    recording, _ = open_source(asked, depth, screen)
    rectifier, told, times_s = Rectifier(recording.camera), list[Told](), list[float]()
    slam = SlamSystem(rectifier.camera, config)
    prepare(config, screen)
    refined_depth(slam).told = lambda rgb, stereo: told.append(
        Told(times_s[-1] - times_s[0], Target(rgb, slam.camera, stereo.inverse_depth, stereo.log_std)))

    def with_times(frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            times_s.append(frame.timestamp_s)
            yield frame
    added = depth.added(rectified(recording, rectifier), recording, rectifier.camera, slam.stage_times)
    session = Session(recording, slam)
    session.track(with_times(ahead(added, recording)), screen)
    session.raise_first_failure()
    return depth.estimator, told, times_s


def learnt(estimator: OnnxNetwork, told: list[Told], end_s: float) -> list[InUse]:
    """Let the network learn what it is told -> the networks that come into use, the first one among them"""
    replay, swaps = Replay(told, end_s), [InUse(0.0, estimator)]

    def swap(model: bytes) -> None:
        now_s = replay.now_s
        network = estimator.refitted(read_model(model, "adapting a network"))
        opening_s = replay.now_s - now_s
        replay.ahead_s -= opening_s  # another process does it
        swaps.append(InUse(now_s + opening_s, network))
    content = estimator.stored_model().SerializeToString()
    with suppress(OverError):
        learn(Beginning(estimator.name, content, estimator.spec, LiveConfig()), cast(Any, replay), swap)
    return swaps


def with_networks(swaps: list[InUse], frames: list[Measured], begin_s: float
                  ) -> Iterator[tuple[DepthEstimator, Measured]]:
    """Each frame with the network in use when it comes."""
    for frame in frames:
        yield swaps[bisect.bisect_right([swap.time_s for swap in swaps], frame.time_s - begin_s) - 1].estimator, frame


if __name__ == "__main__":
    sys.exit(exit_code("benchmarks.live_replay", main))
