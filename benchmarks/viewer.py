#!/usr/bin/env python3
"""What the live view costs a run: python -m benchmarks.viewer RECORDING [--rounds 3] [--browser]

RECORDING as SOURCE of run_slam.py, with our network and nothing after the last frame. Without the viewer, with it but
nobody looking, and with one who looks: a client that takes all that a browser takes, or with --browser headless
Chromium (packages playwright and chromium), which draws in software and so takes the cores from SLAM that a graphics
card would spare. Rounds take turns. CPU time is that of the whole process per frame, and of the thread of the pipeline;
on a machine with other work it tells more than frames/s.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoViewer
from monofuse.interface.viewer.live import Viewer
from monofuse.opening import configuration, open_depth, open_source
from monofuse.session import Session
from monofuse.warm_up import prepare
from sequences.prefetch import ahead
from slam.system import SlamSystem

KINDS = ("without", "nobody looks", "one looks")
READER = """
import sys, viser
from websockets.sync.client import connect
with connect(sys.argv[1].replace("http", "ws").rstrip("/"), subprotocols=[f"viser-v{viser.__version__}"],
             max_size=None) as connection:
    for number, message in enumerate(connection):
        if not number:
            print("looks", flush=True)
"""
CHROMIUM = """
import sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    options = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    page = p.chromium.launch(executable_path="/usr/bin/chromium", args=options).new_page()
    page.goto(sys.argv[1])
    page.get_by_text("waiting for the first frame").wait_for(timeout=120_000)
    print("looks", flush=True)
    page.wait_for_timeout(10**7)
"""


class Cost(NamedTuple):
    """Of one run."""

    fps: float
    process_ms: float
    """CPU time of the process per frame."""
    thread_ms: float
    """CPU time of the pipeline's thread per frame."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("--rounds", type=whole_number(1), default=3, metavar="N")
    parser.add_argument("--frames", type=whole_number(10), default=300, metavar="N")
    parser.add_argument("--browser", action="store_true", help="Chromium looks")
    arguments = parser.parse_args()
    print(machine())
    client = CHROMIUM if arguments.browser else READER
    run(arguments.recording, 20, KINDS[0], client)  # everything is loaded and compiled by then
    costs = {kind: [] for kind in KINDS}
    for _ in range(arguments.rounds):
        for kind in KINDS:
            costs[kind].append(run(arguments.recording, arguments.frames, kind, client))
    table(["viewer", "frames/s", "CPU ms a frame", "of the pipeline's thread"],
          [[kind, *(f"{statistics.median(values):.2f}" for values in zip(*costs[kind]))] for kind in KINDS])


def run(source: str, frames: int, kind: str, client: str) -> Cost:
    """A run up to its last frame."""
    arguments = parse_arguments([source, "--adapt", "off", "--max-frames", str(frames)])
    screen, config = Screen(), configuration(arguments)
    depth = open_depth(arguments, screen, config)
    sequence, _ = open_source(arguments, depth, screen)
    rectifier = Rectifier(sequence.camera)
    slam = SlamSystem(rectifier.camera, config)
    prepare(slam.config, screen)
    seen = depth.added(rectified(sequence, rectifier), sequence, rectifier.camera, slam.stage_times)
    with watching(slam, kind, client) as viewer:
        session = Session(sequence, slam, viewer=viewer)
        start_s, process_s, thread_s = time.perf_counter(), time.process_time(), time.thread_time()
        for frame in ahead(seen, sequence):
            session.step(frame)
        ends = time.perf_counter() - start_s, time.process_time() - process_s, time.thread_time() - thread_s
    return Cost(session.counter.read / ends[0], *(1e3 * spent_s / session.counter.read for spent_s in ends[1:]))


@contextmanager
def watching(slam: SlamSystem, kind: str, client: str) -> Iterator[Viewer | NoViewer]:
    """A `with` block in which a viewer shows a system, and somebody looks."""
    if kind == KINDS[0]:
        yield NoViewer()
        return
    viewer = Viewer(slam)
    try:
        with looking(viewer, client) if kind == KINDS[2] else nullcontext():
            yield viewer
    finally:
        viewer.close()


@contextmanager
def looking(viewer: Viewer, client: str) -> Iterator[None]:
    """A `with` block in which a process looks; it begins once that has got something."""
    process = subprocess.Popen([sys.executable, "-c", client, viewer.address], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            sys.exit("the one who looks has failed")
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(exit_code("viewer", main))
