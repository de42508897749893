"""`monofuse merge A B [C ...] --output D`: maps of several recordings with common places become one map."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from calib.base.errors import BadInputError
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal
from monofuse.maps.concatenation import refuse_misfits
from monofuse.maps.map_file import MAP_FILES
from monofuse.maps.saved_map import SavedMap
from monofuse.merging_session import MergingSession, joined_session
from monofuse.results.files import require_new_folder
from monofuse.results.run_folder import RunFolder
from monofuse.saving import save_mesh_and_report, save_pictures, save_trajectory_and_map

DESCRIPTION = ("Make one map, in one world and scale, of the maps of several recordings that show common places. What "
               "does not join for sure stays apart. The maps that are given are not changed.")
SAME_SCALE = 0.005
"""Log of the factor by which a map has grown that is not worth a line."""


def main(argv: Sequence[str] | None = None, program: str = "monofuse merge") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("results", type=path_of, nargs="+", metavar="RESULT",
                        help="folder of a run, or the map.db in it; the first one gives the world")
    parser.add_argument("--output", required=True, type=path_of, metavar="DIR", help="new folder for the one map")
    parser.add_argument("--no-scene", action="store_true", help="leave out scene.html")
    parser.add_argument("--verbose", action="store_true", help="print the whole report")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Open the maps, join them, write the results of the largest group that is one. Raises MonofuseError."""
    require_new_folder(arguments.output)
    with ExitStack() as stack:
        maps = [stack.enter_context(saved) for saved in open_maps(arguments.results)]
        refuse_misfits(maps)
        with _nothing_left_if_nothing_joins(arguments.output):
            folder = stack.enter_context(RunFolder(arguments.output))
            session = joined_session(maps, folder, screen)
        told(session, maps, screen)
        finish(session, folder, arguments, screen)


@contextmanager
def _nothing_left_if_nothing_joins(output: Path) -> Iterator[None]:
    """A `with` block that, where it fails, leaves no file in a folder that was empty, nor a folder that was not there.
    """
    was_there = output.is_dir()
    try:
        yield
    except BaseException:
        for name in MAP_FILES:
            (output / name).unlink(missing_ok=True)
        with suppress(OSError):
            if not was_there:
                output.rmdir()
        raise


def open_maps(results: Sequence[Path]) -> list[SavedMap]:
    """Raises BadInputError for less than two maps, and for one that is given twice."""
    maps: list[SavedMap] = []
    for result in results:
        maps.append(SavedMap(result))
        if any(other.path.resolve() == maps[-1].path.resolve() for other in maps[:-1]):
            raise BadInputError(f"{result} is given twice: a map is merged with others")
    if len(maps) < 2:
        raise BadInputError(f"one map alone, {results[0]}, cannot be merged: give two or more")
    return maps


def told(session: MergingSession, maps: Sequence[SavedMap], screen: Screen) -> None:
    """Say what was joined, and what stays apart."""
    merging = session.merging
    screen.print(f"joined     {', '.join(str(saved.path.parent) for saved in session.maps)}: "
                 f"{merging.pair_count} pairs of keyframes confirm it")
    for saved, log_growth in zip(session.maps, merging.log_growth):
        if abs(log_growth) > SAME_SCALE:
            percent = 100 * math.expm1(log_growth)
            screen.print(f"scale      {saved.path.parent} is {abs(percent):.0f} % "
                         f"{'larger' if percent > 0 else 'smaller'} than in its own map")
    for saved in maps:
        if saved not in session.maps:
            screen.print(f"apart      {saved.path.parent} shows no place of these for sure, and stays as it is")


def finish(session: MergingSession, folder: RunFolder, arguments: argparse.Namespace, screen: Screen) -> None:
    """Adjust all keyframes, make their depth and the map anew, and write the results. Raises what went wrong."""
    given = argparse.Namespace(**vars(arguments), source=session.sequence.name, mesh=[], fast=False)
    with StopSignal() as stop:
        session.improve(stop, screen)
        save_trajectory_and_map(session, folder, given)
        save_pictures(session, folder)
        stop.end_at_once()
        save_mesh_and_report(session, folder, given, stop, screen)
    session.raise_first_failure()
