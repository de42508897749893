#!/usr/bin/env python3
"""The table in README, out of measured figures: benchmarks/measured.json holds them, nothing in it is typed.

    python -m benchmarks.readme_table SEQUENCE_DIR ... --output DIR     runs each with recorded depth and from colour
                                                                       alone into DIR/DEPTH/NAME, and judges
    python -m benchmarks.readme_table                                  writes the table of measured.json anew

The figures are those of benchmarks/scoreboard.py, whose protocol holds.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.runs import OPTIONS, ROOT, run_slam
from benchmarks.scoreboard import cell, scoreboard
from calib.base.command_line import exit_code, path_of
from calib.base.errors import MonofuseError

FILE, README = ROOT / "benchmarks" / "measured.json", ROOT / "README.md"
BEGIN, END = "<!-- python -m benchmarks.readme_table -->\n", "<!-- end -->\n"
DEPTHS = {"sensor": ("--depth", "sensor"), "mobile": OPTIONS}
KINDS = {"kitchen": "7-Scenes", "desk": "RealSense", "office": "HoloLens"}
"""What the recordings that README names were made with."""
HEADER = ("sequence", "depth", "ATE SE(3)", "ATE Sim(3)", "scale, true / ours", "mesh within 5 / 10 %", "live frames/s",
          "all of it")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequences", nargs="*", type=Path, metavar="SEQUENCE_DIR")
    parser.add_argument("--output", type=path_of, metavar="DIR", default=ROOT / "results" / "readme_table")
    arguments = parser.parse_args()
    if arguments.sequences:
        FILE.write_text(json.dumps(measured(arguments.sequences, arguments.output), indent=1) + "\n")
    README.write_text(with_table(README.read_text(), json.loads(FILE.read_text())))


def measured(recordings: Sequence[Path], output: Path) -> dict[str, Any]:
    """-> {name in DEPTHS: scoreboard}; results are left in output/DEPTH/NAME"""
    for depth, options in DEPTHS.items():
        for recording in recordings:
            run_slam(recording, *options, keep=output / depth / recording.resolve().name)
    return {depth: scoreboard(recordings, output / depth, output, options) for depth, options in DEPTHS.items()}


def with_table(page: str, boards: Mapping[str, Any]) -> str:
    """The page, with the table between its marks. Raises MonofuseError without these."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise MonofuseError(f"no table to replace: expected one between {BEGIN.strip()} and {END.strip()}")
    rows = [HEADER, ["---"] * len(HEADER), *table_rows(boards)]
    return "".join([before, begin, *(f"| {' | '.join(row)} |\n" for row in rows), "\n", caption(boards), end, after])


def caption(boards: Mapping[str, Any]) -> str:
    """Where and when all of it was measured."""
    versions = sorted({f"{board['version']} ({board['date']})" for board in boards.values()})
    machines = sorted({board["machine"] for board in boards.values()})
    return f"Measured at {', '.join(versions)}: {'; '.join(machines)}, no GPU.\n"


def table_rows(boards: Mapping[str, Any]) -> Iterator[list[str]]:
    """A row for each recording and source of depth, as Markdown."""
    first, *_ = boards.values()
    for name in first["recordings"]:
        for k, (depth, board) in enumerate(boards.items()):
            found = board["recordings"][name]
            yield [_title(name, found) if k == 0 else "", depth if depth == "sensor" else f"`{depth}`",
                   *(cell(column, found) for column in (_metres("ate_se3_m"), _metres("ate_sim3_m"))),
                   "" if depth == "sensor" else cell(lambda f: f"{f['ate_scale']:.2f}", found),
                   cell(_mesh, found), cell(lambda f: f"{f['fps']:.0f}", found),
                   cell(lambda f: f"{f['total_s'] / 60:.1f} min", found)]


def _title(name: str, found: Mapping[str, Any]) -> str:
    words = [KINDS.get(name, ""), f"{found['frames']} frames", f"{found['path_m']:.1f} m"]
    return f"{name} ({', '.join(word for word in words if word)})"


def _metres(figure: str):
    return lambda found: f"{found[figure]:.3f} m"


def _mesh(found: Mapping[str, Any]) -> str:
    return f"{100 * found['mesh_within_5pct_sim3']:.0f} / {100 * found['mesh_within_10pct_sim3']:.0f} %"


if __name__ == "__main__":
    sys.exit(exit_code("readme_table", main))
