"""python -m slam evaluate EST GT [--json]: how far a run's trajectory is from the ground truth."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from calib.base.command_line import OneLineParser, exit_code
from slam.evaluation import evaluate_files


def main(argv: Sequence[str] | None = None) -> int:
    """-> exit code"""
    return exit_code("slam", lambda: _run(argv))


def _run(argv):
    arguments = parse_arguments(argv)
    scores = evaluate_files(arguments.estimate, arguments.ground_truth)
    print(json.dumps(scores) if arguments.json else table(scores))


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """-> estimate, ground_truth, json. Raises BadInputError."""
    parser = OneLineParser(prog="python -m slam", description=__doc__)
    commands = parser.add_subparsers(metavar="evaluate", required=True)
    evaluate = commands.add_parser("evaluate", help="compare a trajectory with the true one")
    evaluate.add_argument("estimate", metavar="EST", help="a trajectory.txt, or the folder of results that holds one")
    evaluate.add_argument("ground_truth", metavar="GT", help="a groundtruth.txt, or the dataset folder that holds one")
    evaluate.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args(argv)


def table(scores: Mapping[str, float]) -> str:
    """Scores of slam.evaluation -> a few lines for people."""
    rows = [("matched", f"{scores['matched']} of {scores['poses']} poses"),
            ("path", f"{scores['path_m']:.2f} m"),
            ("ATE, rigid", f"{scores['ate_se3_m']:.4f} m"),
            ("ATE, with scale", f"{scores['ate_sim3_m']:.4f} m at scale {scores['ate_scale']:.4f}")]
    if "rpe_1s_m" in scores:
        rows.append(("RPE over 1 s", f"{scores['rpe_1s_m']:.4f} m, {scores['rpe_1s_deg']:.3f} degrees"))
    return "\n".join(f"{name:<16} {value}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
