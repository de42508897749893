#!/usr/bin/env python3
"""Accuracy, speed and memory of this commit as a line of benchmarks/history.csv: python -m benchmarks.history

Runs over synthetic rooms, from colour alone with the defaults. Each figure is the mean of the rooms, beside it their
standard deviation. Ends with exit code 1 where a figure is worse than in the last line of the same machine by more than
the larger of the two deviations; the line is written all the same. --check alone compares the last two lines.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.runs import ROOT, machine, run_slam, table
from benchmarks.scoreboard import version
from calib.base.command_line import exit_code, path_of, whole_number
from calib.base.errors import MonofuseError
from calib.files.atomic_file import write_file

FILE = ROOT / "benchmarks" / "history.csv"
FRAMES = 150
FIGURES = {"ate_sim3_m": -1, "ate_se3_m": -1, "tracked": 1, "fps": 1, "total_s": -1, "peak_memory_mb": -1}
"""Of report.json -> 1 where more is better, -1 where less is."""
COLUMNS = ("date", "commit", "machine", "rooms", *(f"{name}{part}" for name in FIGURES for part in ("", "_std")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=whole_number(2), default=4, help="rooms to run over (default: 4)")
    parser.add_argument("--file", type=path_of, default=FILE, help="default: benchmarks/history.csv")
    parser.add_argument("--check", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    lines = read_history(arguments.file)
    if not arguments.check:
        reports = [run_slam(f"synthetic:seed={seed},frames={FRAMES}") for seed in range(1, arguments.rooms + 1)]
        lines.append(line_of(reports))
        write_history(lines, arguments.file)
    if not lines:
        raise MonofuseError(f"{arguments.file} has no line to check")
    last, before = lines[-1], before_of(lines)
    table(["figure", "now", "before"], ([name, _shown(last, name), _shown(before, name)] for name in FIGURES))
    worse = list(falls(before, last)) if before else []
    if worse:
        raise MonofuseError(f"worse than {before['commit']}: {'; '.join(worse)}")


def line_of(reports: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Reports of runs -> a line of the history."""
    line = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": version(), "machine": machine(),
            "rooms": str(len(reports))}
    for name in FIGURES:
        values = [report[name] for report in reports]
        line |= {name: f"{np.mean(values):.6g}", f"{name}_std": f"{np.std(values, ddof=1):.3g}"}
    return line


def before_of(lines: Sequence[dict[str, str]]) -> dict[str, str]:
    """What to compare the last line with: the newest of as many rooms on the same machine; empty if there is none."""
    last = lines[-1]
    return next((line for line in reversed(lines[:-1]) if all(line[name] == last[name]
                                                              for name in ("machine", "rooms"))), {})


def falls(before: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    """What has become worse by more than the spread, in words."""
    for name, direction in FIGURES.items():
        change = direction * (float(now[name]) - float(before[name]))
        spread = max(float(now[f"{name}_std"]), float(before[f"{name}_std"]))
        if not change >= -spread:  # NaN, too
            yield f"{name} {before[name]} -> {now[name]} (spread {spread:g})"


def read_history(path: Path) -> list[dict[str, str]]:
    """Its lines, none without the file. Raises MonofuseError where columns are missing."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    if lines and not set(COLUMNS) <= set(lines[0]):
        raise MonofuseError(f"{path} lacks the columns {', '.join(sorted(set(COLUMNS) - set(lines[0])))}")
    return lines


def write_history(lines: Iterable[Mapping[str, str]], path: Path) -> None:
    """All lines, in place of the file, which stays as it is where that fails."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_file(path, text.getvalue().encode())


def _shown(line, name):
    return f"{line[name]} ± {line[f'{name}_std']}" if line else ""


if __name__ == "__main__":
    sys.exit(exit_code("history", main))
