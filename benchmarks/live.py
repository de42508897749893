#!/usr/bin/env python3
"""How late a camera's frames become poses, and whether memory stays flat, where SLAM is slower than the camera.

    python -m benchmarks.live [--depth mobile] [--seconds 30] [--minutes 10] [--faster 4]

A camera in the network (MJPEG over HTTP, 640x480, 30 frames/s, from a process of its own) shows the synthetic room;
run_slam takes it with a network, and its SLAM is held back to 10 frames/s. Latency goes from the moment that the camera
begins to send a picture, which carries its number, to the pose. Memory is the resident size of the process over so many
simulated minutes, for which camera and SLAM run `faster` than real time; the map keeps its keyframes, whose number
stands below. Decoding and rectifying is measured alone, on
one thread.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from benchmarks.runs import machine, table
from calib.files.image_file import read_rgb
from calib.formats.calibration_file import Calibration, write_calibration
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier
from monofuse import run as run_slam
from sequences.sequence import SourceOptions
from sequences.synthetic.sequence import SyntheticSequence
from slam.system import SlamSystem
from tests.helpers.mjpeg_server import MjpegServer

RATE_HZ, SLAM_HZ = 30.0, 10.0
BITS, BLOCK_PX = 8, 40
LENS = (-0.28, 0.09, 0.0005, -0.0003, 0.0)


class Moment(NamedTuple):
    """When a frame has become a pose."""

    index: int
    memory_mb: float
    """Resident size of the process."""
    latency_s: float
    keyframes: int


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", default="mobile", metavar="NAME|FILE")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--faster", type=float, default=4)
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
               ["keyframes", *(moment.keyframes for moment in minutes.values())]])


def decoding(rgb, camera):
    """One JPEG from a file to a rectified image, on one thread."""
    cv2.setNumThreads(1)
    lens = Camera(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy, LENS)
    rectifier, rows = Rectifier(lens), []
    with tempfile.TemporaryDirectory() as scratch:
        for quality in (80, 95):
            file = Path(scratch) / f"{quality}.jpg"
            cv2.imwrite(str(file), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
            read, both = [statistics.median(times_ms(work)) for work in (
                lambda: read_rgb(file), lambda: rectifier.image(read_rgb(file)))]
            rows.append([quality, f"{file.stat().st_size / 1000:.0f}", f"{read:.2f}", f"{both:.2f}"])
    cv2.setNumThreads(-1)
    table(["JPEG quality", "kB", "reading and decoding, ms", "and rectifying, ms"], rows)


def times_ms(work, count=200):
    for _ in range(count):
        start = time.thread_time()  # of this thread alone, whatever else the machine does
        work()
        yield 1e3 * (time.thread_time() - start)


def watch(scratch, views, count, depth, faster=1.0):
    """Run on a camera for `count` of its frames -> [Moment] of the poses."""
    log, pipe, far_end = [], *multiprocessing.Pipe()
    begun_s = multiprocessing.Value("d", 0.0)
    camera = multiprocessing.get_context("fork").Process(
        target=show, args=(far_end, begun_s, numbered(views), RATE_HZ * faster), daemon=True)
    camera.start()
    process = SlamSystem.process

    def held_back(self, frame):
        if frame.arrived_s is None:  # while warming up
            return process(self, frame)
        end_s = time.monotonic() + 1 / (SLAM_HZ * faster)
        result = process(self, frame)
        time.sleep(max(0.0, end_s - time.monotonic()))
        shown = (time.monotonic() - begun_s.value) * RATE_HZ * faster  # pictures the camera has begun to send
        age = (shown - number_of(frame.rgb)) % 2**BITS
        log.append(Moment(frame.index, resident_mb(), age / (RATE_HZ * faster), len(self.keyframes)))
        return result

    SlamSystem.process = held_back
    try:
        run_slam.main([pipe.recv(), "--depth", depth, "--calibration", f"{scratch}/camera.yaml",
                       "--max-frames", str(count), "--output", f"{scratch}/out"])
    finally:
        SlamSystem.process = process
        camera.terminate()
    return log


def numbered(views):
    """2^BITS pictures, forth and back through the views, each with its number as black and white blocks at the top."""
    around = [*views, *views[::-1]]
    for number in range(2**BITS):
        rgb = around[number % len(around)].copy()
        for bit in range(BITS):
            rgb[:BLOCK_PX, bit * BLOCK_PX: (bit + 1) * BLOCK_PX] = 255 * (number >> bit & 1)
        yield rgb


def number_of(rgb):
    middles = BLOCK_PX // 2 + BLOCK_PX * np.arange(BITS)
    return int(((rgb[BLOCK_PX // 2, middles, 1] > 128) << np.arange(BITS)).sum())


def show(pipe, begun_s, pictures, rate_hz):
    """The camera: picture k of a connection is sent k intervals after its beginning."""
    pictures = [cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for rgb in pictures]

    def serve(_, connection):
        begun_s.value = time.monotonic()
        for number in range(10**7):
            connection.pause(max(0.0, begun_s.value + number / rate_hz - time.monotonic()))
            connection.send_jpeg(pictures[number % len(pictures)])

    with MjpegServer(serve) as server:
        pipe.send(server.url)
        server.closing.wait()


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
