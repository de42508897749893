#!/usr/bin/env python3
"""Whether the metres are as sure as they are said to be: python -m benchmarks.scale SOURCE|RESULT... [--depth NAME]

Runs each recording with a network, or reads the report of a finished run, and compares the factor that its ground truth
asks for (ATE after Sim(3)) with the standard deviation of the log scale that the run itself states. Of honest ones 68 %
are within one and 95 % within two; parts of one recording share their error, and count as one.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.runs import run_slam, table
from calib.base.command_line import exit_code
from calib.base.errors import BadInputError


class Row(NamedTuple):
    """One recording."""

    name: str
    factor: float
    """True size over that of the map."""
    log_std: float
    is_doubtful: bool

    @property
    def z(self) -> float:
        """Error of the log scale in standard deviations."""
        return abs(math.log(self.factor)) / self.log_std


def row_of(name: str, report: dict[str, Any]) -> Row:
    """Raises BadInputError where a report does not say what is needed."""
    if report.get("scale_log_std") is None or "ate_scale" not in report:
        raise BadInputError(f"{name}: no scale by a network with at least four keyframes, or no ground truth")
    return Row(name, report["ate_scale"], report["scale_log_std"], report["scale_doubtful"])


def rows_of(places: Sequence[str], depth: str) -> Iterator[Row]:
    """Sources are run, finished results are read."""
    for place in places:
        file = Path(place) / "report.json"
        report = json.loads(file.read_text()) if file.is_file() else run_slam(place, "--depth", depth)
        yield row_of(Path(place).name, report)


def cells(row: Row) -> tuple[str, ...]:
    """A row as text."""
    return (row.name, f"{row.factor:.2f}", f"{math.exp(row.log_std):.2f}", f"{row.z:.1f}",
            "doubtful" if row.is_doubtful else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="+", metavar="SOURCE|RESULT")
    parser.add_argument("--depth", default="mobile", help="network (default: mobile)")
    arguments = parser.parse_args()
    rows: list[Row] = []
    def noted() -> Iterator[tuple[str, ...]]:
        for row in rows_of(arguments.places, arguments.depth):
            rows.append(row)
            yield cells(row)
    table(("recording", "true factor", "stated, one sigma", "abs. z", ""), noted())
    within = [sum(row.z < limit for row in rows) for limit in (1, 2)]
    print(f"\nwithin one sigma {within[0]} of {len(rows)}, within two {within[1]}")


if __name__ == "__main__":
    sys.exit(exit_code("scale", main))
