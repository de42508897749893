#!/usr/bin/env python3
"""How late a camera's frames become poses, and whether memory stays flat, where SLAM is slower than the camera.

    python -m benchmarks.live [--depth mobile] [--seconds 30] [--minutes 10] [--faster 4]

A camera in the network (MJPEG over HTTP, 640x480, 30 frames/s, from a process of its own) shows the synthetic room;
a run takes it with a network, and is held back to 10 frames/s. Latency goes from the moment that the camera begins to
send a picture, which carries its number, to the pose. Memory is the resident size of the process over so many simulated
minutes, for which camera and SLAM run `faster` than real time; the map keeps its keyframes, whose number stands below.
Decoding and rectifying is measured alone, on one thread.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.files.image_file import read_rgb
from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from monofuse.arguments import parse_arguments
from monofuse.interface.screen import Screen
from monofuse.interface.stand_ins import NoViewer
from monofuse.opening import configuration, open_depth, open_source
from monofuse.session import Session
from monofuse.warm_up import warm_up
from sequences.frame import Frame
from sequences.prefetch import ahead
from sequences.sequence import SourceOptions
from sequences.synthetic.sequence import SyntheticSequence
from slam.system import FrameResult, SlamSystem
from tests.helpers.mjpeg_server import MjpegServer

RATE_HZ, SLAM_HZ = 30.0, 10.0
BITS, BLOCK_PX = 8, 40
LENS = (-0.28, 0.09, 0.0005, -0.0003, 0.0)


class Moment(NamedTuple):
    """When a frame has become a pose."""

    index: int
    """The frame's."""
    memory_mb: float
    """Resident size of the process."""
    latency_s: float
    """From the camera's sending to the pose."""
    keyframe_count: int
    """Keyframes of the map by then."""


class SlowWatcher(NoViewer):
    """A viewer that shows nothing, keeps a Moment of each frame, and holds the run back, in whose thread it works."""

    def __init__(self, slam: SlamSystem, number_sent: Callable[[], float], faster: float) -> None:
        """number_sent: how many pictures the camera has begun to send, with the share of the next interval."""
        self.slam, self.number_sent, self.faster = slam, number_sent, faster
        self.log: list[Moment] = []
        self.shown_s = time.monotonic()

    def show(self, frame: Frame, result: FrameResult) -> None:
        """See monofuse.interface.viewer.Viewer."""
        age = (self.number_sent() - number_of(frame.rgb)) % 2**BITS
        self.log.append(Moment(result.index, resident_mb(), age / (RATE_HZ * self.faster), len(self.slam.keyframes)))
        time.sleep(max(0.0, self.shown_s + 1 / (SLAM_HZ * self.faster) - time.monotonic()))
        self.shown_s = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", default="mobile", metavar="NAME|FILE")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="of the latency (default: 30)")
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="simulated, of the memory (default: 10)")
    parser.add_argument("--faster", type=float, default=4, metavar="TIMES", help="than real time (default: 4)")
    arguments = parser.parse_args()
    room = SyntheticSequence("size=640x480,frames=128,samples=3", SourceOptions())
    views = [frame.rgb for frame in room]
    print(machine())
    decoding(views[0], room.camera)
    with tempfile.TemporaryDirectory() as scratch:
        write_calibration(Path(scratch) / "camera.yaml", Calibration(room.camera))
        count = round(RATE_HZ * arguments.seconds)
        log = watch(scratch, views, count, arguments.depth)
        latency_ms = [1e3 * moment.latency_s for moment in log]
        print(f"\n{count} frames at {RATE_HZ:g} frames/s, SLAM held back to {SLAM_HZ:g}: {len(log)} became poses")
        table(["latency, median ms", "95 % ms", "largest ms"],
              [[f"{value:.0f}" for value in (*np.percentile(latency_ms, (50, 95)), max(latency_ms))]])
        log = watch(scratch, views, round(60 * RATE_HZ * arguments.minutes), arguments.depth, arguments.faster)
        minutes = {int(moment.index / RATE_HZ / 60): moment for moment in log}  # the last of each
        print(f"\n{arguments.minutes:g} simulated minutes, {arguments.faster:g} times as fast, {len(log)} poses")
        table(["after minute", *(minute + 1 for minute in minutes)],
              [["resident MB", *(f"{moment.memory_mb:.0f}" for moment in minutes.values())],
               ["keyframes", *(moment.keyframe_count for moment in minutes.values())]])


def decoding(rgb: np.ndarray, camera: Camera) -> None:
    """Print times of one JPEG from a file to a rectified image, on one thread."""
    cv2.setNumThreads(1)
    lens = Camera(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy, LENS)
    rectifier, rows = Rectifier(lens), []
    with tempfile.TemporaryDirectory() as scratch:
        for quality in (80, 95):
            file = Path(scratch) / f"{quality}.jpg"
            cv2.imwrite(str(file), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            read = statistics.median(times_ms(partial(read_rgb, file)))
            both = statistics.median(times_ms(lambda file=file: rectifier.image(read_rgb(file))))
            rows.append([quality, f"{file.stat().st_size / 1000:.0f}", f"{read:.2f}", f"{both:.2f}"])
    cv2.setNumThreads(-1)
    table(["JPEG quality", "kB", "reading and decoding, ms", "and rectifying, ms"], rows)


def times_ms(work: Callable[[], object], count: int = 200) -> Iterator[float]:
    """CPU milliseconds of each of `count` calls."""
    for _ in range(count):
        start = time.thread_time()  # of this thread alone, whatever else the machine does
        work()
        yield 1e3 * (time.thread_time() - start)


def watch(scratch: str, views: Sequence[np.ndarray], count: int, depth: str, faster: float = 1.0) -> list[Moment]:
    """Run on a camera for `count` of its frames -> a Moment for each pose."""
    context = multiprocessing.get_context("fork")
    pipe, far_end = context.Pipe()
    begun_s = context.Value("d", 0.0)
    camera = context.Process(target=show, args=(far_end, begun_s, numbered(views), RATE_HZ * faster), daemon=True)
    camera.start()
    try:
        return run(pipe.recv(), scratch, count, depth, lambda: (time.monotonic() - begun_s.value) * RATE_HZ * faster,
                   faster)
    finally:
        camera.terminate()


def run(url: str, scratch: str, count: int, network: str, number_sent: Callable[[], float],
        faster: float) -> list[Moment]:
    """What `monofuse run` does with a camera, up to the last frame; no results are written."""
    arguments = parse_arguments([url, "--depth", network, "--calibration", f"{scratch}/camera.yaml",
                                 "--max-frames", str(count)])
    screen = Screen()
    config = configuration(arguments)
    depth = open_depth(arguments, screen, config)
    sequence, _ = open_source(arguments, depth, screen)
    rectifier = Rectifier(sequence.camera)
    slam = SlamSystem(rectifier.camera, config)
    warm_up(slam.config)
    frames = depth.added(rectified(sequence, rectifier), sequence, rectifier.camera, slam.stage_times)
    watcher = SlowWatcher(slam, number_sent, faster)
    session = Session(sequence, slam, viewer=watcher)
    session.track(ahead(frames, sequence), screen)
    if session.failures:
        raise session.failures[0]
    return watcher.log


def numbered(views: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """2^BITS pictures, forth and back through the views, each with its number as black and white blocks at the top."""
    around = [*views, *views[::-1]]
    for number in range(2**BITS):
        rgb = around[number % len(around)].copy()
        for bit in range(BITS):
            rgb[:BLOCK_PX, bit * BLOCK_PX: (bit + 1) * BLOCK_PX] = 255 * (number >> bit & 1)
        yield rgb


def number_of(rgb: np.ndarray) -> int:
    """The number that a picture of `numbered` carries."""
    middles = BLOCK_PX // 2 + BLOCK_PX * np.arange(BITS)
    return int(((rgb[BLOCK_PX // 2, middles, 1] > 128) << np.arange(BITS)).sum())


def show(pipe: Connection, begun_s: Any, pictures: Iterable[np.ndarray], rate_hz: float) -> None:
    """The camera: picture k of a connection is sent k intervals after its beginning."""
    jpegs = [cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for rgb in pictures]

    def serve(_, connection):
        begun_s.value = time.monotonic()
        for number in range(10**7):
            connection.pause(max(0.0, begun_s.value + number / rate_hz - time.monotonic()))
            connection.send_jpeg(jpegs[number % len(jpegs)])

    with MjpegServer(serve) as server:
        pipe.send(server.url)
        server.closing.wait()


def resident_mb() -> float:
    """Resident size of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    sys.exit(exit_code("live", main))
