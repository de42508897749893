"""`python -m slam evaluate EST GT [--json]`: how far a run's trajectory is from ground truth."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from slam.evaluation import evaluate_files, matched_positions
from slam.plots import compared, draw_plots

BESIDE = Path("plots beside EST")
"""Stands for --plots without a folder."""
DESCRIPTION = "Compare a trajectory with ground truth, or with another trajectory."


def main(argv: Sequence[str] | None = None, program: str = "python -m slam") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    parser = OneLineParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(metavar="evaluate", required=True)
    _add_arguments(commands.add_parser("evaluate", help=DESCRIPTION, description=DESCRIPTION))
    return exit_code(name_of(program), lambda: _evaluate(parser.parse_args(argv)))


def evaluate(argv: Sequence[str] | None = None, program: str = "python -m slam evaluate") -> int:
    """The same without the word `evaluate`, as a program of its own -> exit code."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    _add_arguments(parser)
    return exit_code(name_of(program), lambda: _evaluate(parser.parse_args(argv)))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("estimate", metavar="EST", help="a trajectory.txt, or the folder of results that holds one")
    parser.add_argument("ground_truth", metavar="GT",
                        help="a groundtruth.txt, or the dataset folder that holds one (of several, the best)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--plots", type=path_of, nargs="?", const=BESIDE, metavar="DIR",
                        help="draw the trajectory, its error over time and on a map, as PNG files in DIR (default: "
                             "`plots` beside EST)")


def _evaluate(arguments: argparse.Namespace) -> None:
    scores = evaluate_files(arguments.estimate, arguments.ground_truth)
    print(json.dumps(scores) if arguments.json else table(scores))
    if arguments.plots:
        pair = compared(*matched_positions(arguments.estimate, arguments.ground_truth))
        paths = draw_plots(pair, _plots_folder(arguments))
        if not arguments.json:
            print("\n".join(f"{'plot':<16} {path}" for path in paths))


def _plots_folder(arguments: argparse.Namespace) -> Path:
    if arguments.plots != BESIDE:
        return arguments.plots
    estimate = Path(arguments.estimate)
    return (estimate if estimate.is_dir() else estimate.parent) / "plots"


def table(scores: Mapping[str, Any]) -> str:
    """A few lines for people."""
    rows = [("matched", f"{scores['matched']} of {scores['poses']} poses"),
            ("trajectory", f"{scores['path_m']:.2f} m long ({scores['ground_truth']}); {_own_length(scores)}"),
            ("ATE, rigid", f"{scores['ate_se3_m']:.4f} m"),
            ("ATE, with scale", f"{scores['ate_sim3_m']:.4f} m at scale {scores['ate_scale']:.4f}")]
    if "rpe_1s_m" in scores:
        rows.append(("RPE over 1 s", f"{scores['rpe_1s_m']:.4f} m, {scores['rpe_1s_deg']:.3f} degrees"))
    return "\n".join(f"{name:<16} {value}" for name, value in rows)


def _own_length(scores: Mapping[str, Any]) -> str:
    ratio = f", with scale {scores['length_ratio']:.2f} times that" if "length_ratio" in scores else ""
    return f"the estimate {scores['trajectory_m']:.2f} m{ratio}"


if __name__ == "__main__":
    sys.exit(main())
