"""`monofuse measure RESULT x,y,z x,y,z [--is METRES]`: a distance in a finished result, or its size put right by one.

Points are in the world of trajectory.txt and the mesh, as any mesh viewer shows them where one clicks. They are taken
as they are, not moved to the nearest vertex, which would be off by the size of a triangle.
"""

import argparse
import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from calib.base.errors import BadInputError
from monofuse.interface.screen import Screen
from monofuse.results.files import SCENE
from monofuse.results.length import length_in_words
from monofuse.results.lock import FolderLock
from monofuse.results.rescaling.report import OVER, rescaled_report
from monofuse.results.rescaling.result import distance_to_surface_m, read_report, rescale
from monofuse.scene_saving import write_scene_again

DESCRIPTION = "Measure a distance in a finished result, or put its size right by a distance that is known."
POINT = re.compile(r"-?[\d.][^,]*,[^,]+,[^,]+")
"""What is a point, and no option, even where it begins with a minus."""
LENGTHS_M, FACTORS = (0.01, 1000.0), (0.01, 100.0)
"""Limits of --is, and of how far it may change a result; what lies outside is a typing mistake."""
PICKED_M = 0.01
"""Standard deviation of a point that was picked in a mesh."""
FAR = 0.1
"""Distance from the surface, as a share of the measured length, beyond which a point is not of the mesh."""


class Measurement(NamedTuple):
    """A length in a result."""

    points: tuple[tuple[float, ...], tuple[float, ...]]
    """The two points as they were typed."""
    length_m: float
    """Between them, in the present metres of the result."""
    factor: float
    """Present size of the result over its size when points like these were typed first, see `measured`."""


def main(argv: Sequence[str] | None = None, program: str = "monofuse measure") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("result", type=path_of, metavar="RESULT", help="folder that a run has written")
    for name in ("a", "b"):
        parser.add_argument(name, type=point, metavar="X,Y,Z", help="a point as mesh viewers show it, in metres")
    parser.add_argument("--is", dest="true_m", type=length, metavar="METRES",
                        help="true distance of the two points: rescales the whole result, all its files or none")
    words = sys.argv[1:] if argv is None else argv
    return parser.parse_args([f" {word}" if POINT.fullmatch(word) else word for word in words])


def point(text: str) -> tuple[float, ...]:
    """An argparse type: `0.1,-2,3` -> (0.1, -2.0, 3.0)."""
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 3 or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"expected a point X,Y,Z, as in 0.1,-0.25,1.7, not {text.strip()!r}")
    return values


def length(text: str) -> float:
    """An argparse type: metres."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not LENGTHS_M[0] <= value <= LENGTHS_M[1]:
        raise argparse.ArgumentTypeError(f"expected metres from {LENGTHS_M[0]:g} to {LENGTHS_M[1]:g}, not {text!r}")
    return value


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Measure, say so, and rescale where a true length is given."""
    report = read_report(arguments.result)
    found = measured(report, arguments.a, arguments.b)
    screen.print(f"distance  {length_in_words(report, found.length_m)}")
    for text in _far_points(arguments.result, found):
        screen.print(text)
    if arguments.true_m is None:
        return
    factor = arguments.true_m / found.length_m
    if not FACTORS[0] <= factor <= FACTORS[1]:
        raise BadInputError(f"--is {arguments.true_m:g}: in the result it is {found.length_m:.3g} m, which is so far "
                            f"off that one of the two must be mistyped")
    if abs(factor - 1) < 1e-9:
        screen.print(f"rescaled  {arguments.result} is of this size already")
        return
    log_std = math.sqrt(2) * PICKED_M / arguments.true_m
    new = {"from": found.points[0], "to": found.points[1], "is_m": arguments.true_m, "factor": found.factor * factor}
    with FolderLock(arguments.result):
        had_scene = (arguments.result / SCENE).is_file()
        rescale(arguments.result, factor, rescaled_report(report, factor, log_std, new))
        if had_scene:
            write_scene_again(arguments.result, screen)
    over = [name for name in OVER if name in report]
    gone = f"; report.json lost {', '.join(over)}, which were of the old size" if over else ""
    screen.print(f"rescaled  all of {arguments.result} is {factor:.4g} times as large{gone}")


def measured(report: dict[str, Any], a: tuple[float, ...], b: tuple[float, ...]) -> Measurement:
    """The distance of two points. Those by which the result was rescaled last still mean the same places when they are
    typed again, so that a command may be repeated. Raises BadInputError for two points that are one."""
    length_m, before = math.dist(a, b), report.get("measured", {})
    if not length_m:
        raise BadInputError("the two points are the same")
    is_known = sorted([list(a), list(b)]) == sorted([list(before.get("from", [])), list(before.get("to", []))])
    factor = before["factor"] if is_known else 1.0
    return Measurement((a, b), factor * length_m, factor)


def _far_points(folder: Path, found: Measurement) -> list[str]:
    """A line for each point that is not on the mesh."""
    points = found.factor * np.array(found.points)
    distances_m = distance_to_surface_m(folder, points)
    return [f"note      {','.join(f'{value:g}' for value in typed)} is {distance_m:.2f} m from the nearest surface: "
            f"is it a point of this mesh?" for typed, distance_m in zip(found.points, distances_m)
            if distance_m > FAR * found.length_m]
