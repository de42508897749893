#!/usr/bin/env python3
"""What an hour in one room costs: time a frame, memory and keyframes while a recording is played to and fro.

    python -m benchmarks.long_recording RECORDING [--frames 50000] [--every 1000] [--keep DIR] [OPTION OF run ...]

RECORDING is a folder in the layout of TUM. A folder of links to its images says when each is seen: forward, then
backward, then forward again, at the recording's own rate. `monofuse run --fast` goes over it as a process of its own;
its map on disk tells how far it has come, the operating system what it takes. Times are of all its threads.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import cycle, takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.runs import OPTIONS, ROOT, machine, table
from calib.base.command_line import exit_code, whole_number
from monofuse.maps.map_file import MAP_FILE

LISTS = "rgb.txt", "depth.txt", "groundtruth.txt"
POLL_S = 0.2
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """Of a run, at some moment."""

    frames: int
    keyframes: int
    loops: int
    cpu_s: float
    wall_s: float
    memory_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--frames", type=whole_number(1), default=50000)
    parser.add_argument("--every", type=whole_number(1), default=1000, help="frames that a row of the table stands for")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="for the results of the run")
    arguments, options = parser.parse_known_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        there_and_back(arguments.recording, Path(scratch) / "recording", arguments.frames)
        output = arguments.keep or Path(scratch) / "result"
        table(["frames", "keyframes", "loops", "CPU ms a frame", "wall ms a frame", "memory, MB"],
              rows(readings(Path(scratch) / "recording", output, options), arguments.every))


def there_and_back(recording: Path, folder: Path, frames: int) -> None:
    """A folder of links to a recording's files, whose lists go over them forward and backward again and again."""
    folder.mkdir()
    for entry in recording.resolve().iterdir():
        if entry.name not in LISTS:
            (folder / entry.name).symlink_to(entry)
    lines = {name: _lines(recording / name) for name in LISTS if (recording / name).exists()}
    times_s = [time_s for time_s, _ in lines["rgb.txt"]]
    step_s = float(np.median(np.diff(times_s)))
    last_s = times_s[0] + step_s * (frames - 0.5)
    for name, rows_of in lines.items():
        played = takewhile(lambda line: line[0] < last_s, _to_and_fro(rows_of, times_s[0], times_s[-1], step_s))
        (folder / name).write_text("".join(f"{time_s:.6f} {rest}\n" for time_s, rest in played))


def _lines(path: Path) -> list[tuple[float, str]]:
    """Time in seconds and the rest of each line that is no comment."""
    parts = [line.split(maxsplit=1) for line in path.read_text().splitlines() if not line.startswith("#")]
    return [(float(time_s), rest) for time_s, rest in parts]


def _to_and_fro(lines: list[tuple[float, str]], first_s: float, last_s: float, step_s: float
                ) -> Iterator[tuple[float, str]]:
    """Lines forward and backward without end, at ascending times; what lies outside the images' time is left out."""
    inside = [line for line in lines if first_s <= line[0] <= last_s]
    one_way_s = last_s - first_s + step_s
    for turn, is_back in enumerate(cycle([False, True])):
        for time_s, rest in reversed(inside) if is_back else inside:
            yield turn * one_way_s + (first_s + last_s - time_s if is_back else time_s), rest


def readings(source: Path, output: Path, options: list[str]) -> Iterator[Reading]:
    """Run over a recording -> how far it is and what it takes, some times a second until it ends."""
    command = [sys.executable, str(ROOT / "run_slam.py"), str(source), "--output", str(output), "--fast",
               "--no-scene", *OPTIONS, *options]
    start_s = time.monotonic()
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            while process.poll() is None:
                time.sleep(POLL_S)
                reading = _reading(process.pid, output / MAP_FILE, time.monotonic() - start_s)
                if reading:
                    yield reading
        finally:
            process.terminate()
        if process.returncode:
            said.seek(0)
            sys.exit(said.read().decode(errors="replace")[-2000:])


def _reading(pid: int, map_file: Path, wall_s: float) -> Reading | None:
    """None before the map is there, and once the process has ended."""
    try:
        with closing(sqlite3.connect(f"file:{map_file}?mode=ro", uri=True)) as connection:
            frames, keyframes, loops = connection.execute(
                "SELECT (SELECT max(number) + 1 FROM frame), (SELECT max(row) + 1 FROM keyframe),"
                " (SELECT count(*) FROM edge WHERE is_loop)").fetchone()
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        memory_mb = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
    except (sqlite3.Error, OSError, IndexError):
        return None
    return Reading(frames or 0, keyframes or 0, loops, (int(stat[11]) + int(stat[12])) / TICKS, wall_s, memory_mb)


def rows(readings_of_run: Iterator[Reading], every: int) -> Iterator[list[str]]:
    """A row for every so many frames: times are those since the row before."""
    last = None
    for reading in readings_of_run:
        if last is None:
            last = reading
        elif reading.frames - last.frames >= every:
            count = reading.frames - last.frames
            yield [str(reading.frames), str(reading.keyframes), str(reading.loops),
                   f"{1e3 * (reading.cpu_s - last.cpu_s) / count:.1f}",
                   f"{1e3 * (reading.wall_s - last.wall_s) / count:.1f}", f"{reading.memory_mb:.0f}"]
            last = reading


if __name__ == "__main__":
    sys.exit(exit_code("long_recording", main))
