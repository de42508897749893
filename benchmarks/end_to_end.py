#!/usr/bin/env python3
"""Frames per second of whole runs on two cores, from files on disk to the map, and their memory.

    python -m benchmarks.end_to_end [SOURCE] [--depth sensor|NAME|FILE] [--repeat 3]

Frames per second: frames over wall time of the loop; reading, decoding, network, tracking and fusion are in it,
starting up and building the mesh are not. The best and the median of the runs are printed, and the stages' medians of
the best. Peak memory is that of the whole process, mesh included.
"""

import argparse
import statistics
import sys

from benchmarks.runs import machine, run_slam, table
from calib.base.command_line import exit_code, whole_number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="synthetic:frames=300")
    parser.add_argument("--depth")
    parser.add_argument("--repeat", type=whole_number(1), default=3)
    arguments = parser.parse_args()
    options = ["--depth", arguments.depth] if arguments.depth else []
    reports = [run_slam(arguments.source, *options) for _ in range(arguments.repeat)]
    best = max(reports, key=lambda report: report["fps"])
    print(machine())
    table(["source", "frames", "frames/s, best", "frames/s, median", "peak memory MB", "surfels"],
          [[best["source"], best["frames"], f"{best['fps']:.1f}", f"{statistics.median(r['fps'] for r in reports):.1f}",
            f"{max(r['peak_memory_mb'] for r in reports):.0f}", best["surfels"]]])
    print()
    table(["stage", "median ms", "95 % ms"],
          [[name, times["median_ms"], times["p95_ms"]] for name, times in best["stages"].items()])


if __name__ == "__main__":
    sys.exit(exit_code("end_to_end", main))
