"""python -m slam evaluate EST GT [--json]: errors of a trajectory against ground truth."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from calib.base.errors import BadInputError, MonofuseError
from slam.evaluation import evaluate_files

USAGE = "python -m slam evaluate EST GT [--json]"


class UsageParser(argparse.ArgumentParser):
    """Mistakes in one line with the usage, like every other bad input."""

    def error(self, message: str) -> NoReturn:
        """Raises BadInputError."""
        raise BadInputError(f"{message}; usage: {USAGE}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command -> exit code"""
    try:
        arguments = parse_arguments(argv)
        scores = evaluate_files(arguments.estimate, arguments.ground_truth)
    except MonofuseError as error:
        print(f"slam: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(scores) if arguments.json else table(scores))
    return 0


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Arguments by default of the process. Raises BadInputError."""
    parser = UsageParser(prog="python -m slam", description=__doc__)
    commands = parser.add_subparsers(metavar="evaluate", required=True)
    evaluate = commands.add_parser("evaluate", help="compare a trajectory with ground truth")
    evaluate.add_argument("estimate", metavar="EST", help="a trajectory.txt, or the folder of results that holds one")
    evaluate.add_argument("ground_truth", metavar="GT", help="a groundtruth.txt, or the dataset folder that holds one")
    evaluate.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args(argv)


def table(scores: dict) -> str:
    """Errors, see evaluate_files -> a few lines for people"""
    rows = [("matched", f"{scores['matched']} of {scores['poses']} poses"),
            ("length", f"{scores['path_m']:.2f} m"),
            ("ATE, rigid", f"{scores['ate_se3_m']:.4f} m"),
            ("ATE, with scale", f"{scores['ate_sim3_m']:.4f} m at scale {scores['ate_scale']:.4f}")]
    if "rpe_1s_m" in scores:
        rows.append(("RPE over 1 s", f"{scores['rpe_1s_m']:.4f} m, {scores['rpe_1s_deg']:.3f} degrees"))
    return "\n".join(f"{name:<16} {value}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main())
