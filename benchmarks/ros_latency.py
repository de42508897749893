#!/usr/bin/env python3
"""From image to pose in the ROS 2 node's logic, without ROS: python -m benchmarks.ros_latency [SOURCE] [--frames 120]

Each image is handed over when the one before is done, as the node's thread does. Wall time, and time of the process on
the processor, which says more beside other work.
"""

import argparse
import sys
import time

import numpy as np

from benchmarks.runs import ROOT, machine, table
from calib.base.command_line import exit_code, whole_number
from monofuse import Slam
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions

sys.path.insert(0, str(ROOT / "ros2" / "monofuse_ros"))


def main() -> None:
    from monofuse_ros.core import Core
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="synthetic:seed=1")
    parser.add_argument("--frames", type=whole_number(10), default=120)
    arguments = parser.parse_args()
    sequence = open_sequence(arguments.source, SourceOptions(max_frames=arguments.frames))
    frames = list(sequence)
    Slam(sequence.camera).warm_up()
    core = Core(lambda camera: Slam(camera, final=False))
    core.set_camera(sequence.camera)
    wall_ms, cpu_ms, keyframes = [], [], 0
    for frame in frames:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        output = core.process(frame.rgb, round(1e9 * frame.timestamp_s))
        wall_ms.append(1e3 * (time.perf_counter() - wall_s))
        cpu_ms.append(1e3 * (time.process_time() - cpu_s))
        keyframes += output is not None and output.is_keyframe
    print(machine())
    table(["", "median ms", "95 % ms", "most ms"], [
        [name, *(f"{value:.1f}" for value in np.percentile(times[1:], [50, 95, 100]))]
        for name, times in (("image to pose, wall", wall_ms), ("image to pose, processor", cpu_ms))])
    print(f"{len(frames)} images of {sequence.camera.width}x{sequence.camera.height}, {keyframes} keyframes")


if __name__ == "__main__":
    sys.exit(exit_code("ros_latency", main))
