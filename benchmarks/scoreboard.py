#!/usr/bin/env python3
"""All that a recording is judged by, in one table, from one run for each over colour images alone.

    python -m benchmarks.scoreboard SEQUENCE_DIR ... [--output DIR] [OPTION ...]    runs, one at a time, then judges
    python -m benchmarks.scoreboard SEQUENCE_DIR ... --results DIR                  judges the results in DIR/NAME

NAME is that of the sequence's folder; an OPTION is one of run_slam.py. ATE, mesh and depth of keyframes: see
benchmarks/accuracy.py, benchmarks/mesh_accuracy.py and benchmarks/keyframe_depth.py. Seconds are those of the whole run
from opening the network to the last file, frames a second those of the loop over the frames. Results that another
program made have no depth of keyframes and no seconds. --json FILE also writes the figures there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import keyframe_depth
from benchmarks.mesh_accuracy import mesh_scores
from benchmarks.runs import ROOT, machine, on_two_cores, table
from calib.base.command_line import exit_code, path_of
from slam.evaluation import evaluate_files

PROTOCOL = ("One run each. ATE: root mean square of positions after Sim(3) / SE(3) alignment. Mesh: share of measured "
            "depth pixels within 5 % / 10 %, seen from the true cameras, aligned by positions and orientations. Depth "
            "of keyframes: mean relative error, and share within 25 %, after one scale for the recording.")
REPORTED = ("fps", "frames", "peak_memory_mb", "total_s")
"""What is taken over from report.json."""
COLUMNS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "ATE Sim(3) / SE(3), m": lambda f: f"{f['ate_sim3_m']:.4f} / {f['ate_se3_m']:.4f}",
    "scale": lambda f: f"{f['ate_scale']:.3f}",
    "length ratio": lambda f: f"{f['length_ratio']:.2f}",
    "coverage %": lambda f: f"{100 * f['matched'] / f['frames']:.1f}",
    "mesh within 5 / 10 %, Sim(3)": lambda f: within(f, "sim3"),
    "own metres": lambda f: within(f, "se3"),
    "covered %": lambda f: f"{100 * f['mesh_covered_sim3']:.1f}",
    "depth of keyframes: AbsRel / delta1": lambda f: f"{f['depth']['absrel']:.3f} / {f['depth']['delta1']:.3f}",
    "of the network": lambda f: f"{f['network']['absrel']:.3f} / {f['network']['delta1']:.3f}",
    "seconds": lambda f: f"{f['seconds']:.0f}",
    "frames/s": lambda f: f"{f['fps']:.1f}",
    "peak memory MB": lambda f: f"{f['peak_memory_mb']:.0f}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    parser.add_argument("sequences", nargs="+", type=Path, metavar="SEQUENCE_DIR")
    parser.add_argument("--results", type=path_of, metavar="DIR", help="judge these instead of running")
    parser.add_argument("--output", type=path_of, metavar="DIR", help="keep the results of the runs there")
    parser.add_argument("--json", type=path_of, metavar="FILE", help="also write all figures there")
    arguments, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        board = scoreboard(arguments.sequences, arguments.results, arguments.output or Path(scratch), options)
    if arguments.json:
        arguments.json.write_text(json.dumps(board, indent=1))
    print_board(board)


def scoreboard(recordings: Sequence[Path], results: Path | None, output: Path, options: Sequence[str]
               ) -> dict[str, Any]:
    """-> {machine, version, date, protocol, options, recordings: {name: figures}}"""
    names = {recording.resolve().name: recording for recording in recordings}
    if results is None:
        for name, recording in names.items():
            run(recording, output / name, options)
    return {"machine": machine(), "version": version(), "date": f"{datetime.now(UTC):%Y-%m-%d}", "protocol": PROTOCOL,
            "options": list(options),
            "recordings": {name: figures(recording, (results or output) / name) for name, recording in names.items()}}


def run(recording: Path, output: Path, options: Sequence[str]) -> None:
    """One run in a process of its own, on two cores."""
    on_two_cores([sys.executable, "-m", "benchmarks.keyframe_depth", str(recording), "--output", str(output), *options])


def figures(recording: Path, results: Path) -> dict[str, Any]:
    """All that is known of a result: errors of its trajectory and mesh, and what its files say."""
    report = read_json(results / "report.json")
    found = evaluate_files(results, recording) | {name: report[name] for name in REPORTED if name in report}
    if (results / "mesh.ply").is_file():
        found |= mesh_scores(results, recording)
    of_depth = read_json(results / keyframe_depth.FILE)
    if of_depth:
        found |= {"depth": of_depth["final"], "network": of_depth["network"], "variance": of_depth["variance"],
                  "seconds": of_depth["seconds"]}
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Empty without the file."""
    return json.loads(path.read_text()) if path.is_file() else {}


def version() -> str:
    """The commit that is measured, as git names it."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def within(found: Mapping[str, Any], way: str) -> str:
    """Shares of pixels within 5 and 10 % of the measured depth."""
    return f"{found[f'mesh_within_5pct_{way}']:.3f} / {found[f'mesh_within_10pct_{way}']:.3f}"


def cell(column: Callable[[Mapping[str, Any]], str], found: Mapping[str, Any]) -> str:
    """Empty where a figure is missing."""
    try:
        return column(found)
    except KeyError:
        return ""


def print_board(board: Mapping[str, Any]) -> None:
    """As Markdown, a row for each thing that is measured."""
    recordings = board["recordings"]
    print(f"monofuse {board['version']}, {board['date']}; {board['machine']}; options: "
          f"{' '.join(board['options']) or 'defaults'}\n{board['protocol']}\n")
    table(["", *recordings], ([name, *(cell(column, found) for found in recordings.values())]
                              for name, column in COLUMNS.items()))


if __name__ == "__main__":
    sys.exit(exit_code("scoreboard", main))
