#!/usr/bin/env python3
"""A camera in a map of another day: how many frames are found, and how well.

    python -m benchmarks.localising RECORDING ... [--scratch DIR]

Of each recording in TUM layout the map is made of the first half, and the second half is looked for in it; then of
every other frame, and the frames in between are. `--localise` shows where the map, as it is, is enough; `--map` goes
on in it. Errors are those of the frames found, in the world of the map: RMSE of positions against ground truth, after
the Sim(3) alignment of the map's own frames to it, so that nothing is aligned anew. DIR keeps the results, and runs
that are there are not repeated.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.merging import image_lines, part_run
from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.files.tum_files import ground_truth_file, read_trajectory
from calib.geometry.sim3 import umeyama
from slam.evaluation import matches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path, metavar="RECORDING")
    parser.add_argument("--scratch", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        table(["recording", "the map shows", "--localise: frames found", "error, m", "--map: frames found", "error, m",
               "the map's own error, m"],
              (row for recording in arguments.recordings
               for row in rows(recording, arguments.scratch or Path(scratch))))


def rows(recording: Path, scratch: Path) -> Iterator[list[str]]:
    """Two rows of the table."""
    half = len(image_lines(recording)) // 2
    for name, mapped, sought in (("first half", slice(half), slice(half, None)),
                                 ("every other frame", slice(0, None, 2), slice(1, None, 2))):
        short = name.split()[0]
        the_map = part_run(recording, short, mapped, scratch)
        found = [part_run(recording, f"{short}_{option}", sought, scratch, "--map", str(the_map), *more)
                 for option, more in (("localised", ["--localise"]), ("extended", []))]
        yield [recording.name, name, *(figure for folder in found for figure in figures(folder, the_map, recording)),
               f"{error_m(the_map, the_map, recording):.3f}"]


def figures(result: Path, the_map: Path, recording: Path) -> list[str]:
    """Share of the frames found, and their error."""
    report = json.loads((result / "report.json").read_text())
    return [f"{report['tracked'] / report['frames']:.1%}", f"{error_m(result, the_map, recording):.3f}"]


def error_m(result: Path, the_map: Path, recording: Path) -> float:
    """RMSE of the positions of a result in the world of a map, whose own frames say where that lies."""
    truth = read_trajectory(ground_truth_file(recording))
    scale, R, t = umeyama(*_positions(the_map, truth), True)
    mine, true = _positions(result, truth)
    return float(np.sqrt(np.square(scale * mine @ R.T + t - true).sum(1).mean()))


def _positions(result, truth):
    """-> (n, 3) of a result, and of the truth at the same times"""
    times_s, T_world_cam = read_trajectory(result / "trajectory.txt")
    i, j = matches(times_s, truth[0])
    return T_world_cam[i, :3, 3], truth[1][j, :3, 3]


if __name__ == "__main__":
    sys.exit(exit_code("localising", main))
