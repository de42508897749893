"""`monofuse recover RESULT`: the results of a run that was killed, from the map that it has written."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from calib.base.command_line import OneLineParser, exit_code, name_of, path_of
from calib.base.errors import BadInputError, MonofuseError
from monofuse.interface.screen import Screen
from monofuse.interface.stop_signal import StopSignal
from monofuse.maps.map_file import MAP_FILE, STATES
from monofuse.maps.restore import restored
from monofuse.maps.saved_map import SavedMap
from monofuse.maps.saved_sequence import SavedSequence
from monofuse.results.lock import FolderLock
from monofuse.results.outcome import finished
from monofuse.results.run_folder import UNFINISHED, RunFolder, is_good, resume_swap
from monofuse.saving import save_mesh_and_report, save_pictures, save_trajectory_and_map
from monofuse.session import Session

DESCRIPTION = "Rebuild the results of a run that was killed from the map that it has written up to then."


class Recovered(MonofuseError):
    """What the report says of a run that was killed."""


def main(argv: Sequence[str] | None = None, program: str = "monofuse recover") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    return exit_code(name_of(program), lambda: run(parse_arguments(argv, program), Screen()))


def parse_arguments(argv: Sequence[str] | None, program: str) -> argparse.Namespace:
    """Raises BadInputError."""
    parser = OneLineParser(prog=program, description=DESCRIPTION)
    parser.add_argument("result", type=path_of, metavar="RESULT", help="folder that the run was writing to")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace, screen: Screen) -> None:
    """Restore the map, do what follows the last frame, and write the results. Raises MonofuseError."""
    if not arguments.result.is_dir():
        raise BadInputError(f"there is no folder {arguments.result}")
    with FolderLock(arguments.result):
        resume_swap(arguments.result)
        recover(folder_to_recover(arguments.result), screen)


def recover(folder: Path, screen: Screen) -> None:
    """Make the results of the map in a folder, in this folder. Raises MonofuseError."""
    with SavedMap(folder) as saved:
        session = restored_session(saved, screen)
        state, given = saved.state, arguments_of(saved)
        screen.print(f"map        {saved.path}: {saved.keyframe_count} keyframes, {session.counter.tracked} frames")
    with StopSignal() as stop:
        if state != STATES[-1]:
            finish(session, state, given, stop, screen)
        results = RunFolder(folder, is_completed=True)
        save_trajectory_and_map(session, results, given)
        save_pictures(session, results)
        stop.end_at_once()
        save_mesh_and_report(session, results, given, stop, screen)
    for failure in session.failures:
        if not isinstance(failure, Recovered):
            raise failure


def folder_to_recover(result: Path) -> Path:
    """The folder whose results are to be made: that of the result, or the new ones in it that were never whole. Raises
    BadInputError."""
    for folder in (result / UNFINISHED, result):
        if (folder / MAP_FILE).is_file() and not is_good(folder):
            return folder
    if (result / MAP_FILE).is_file():
        mesh = "" if (result / "mesh.ply").is_file() else f"; `monofuse mesh {result}` makes the mesh that it lacks"
        raise BadInputError(f"{result} is whole: there is nothing to recover{mesh}")
    raise BadInputError(f"{result} has no {MAP_FILE}, so there is nothing to recover from")


def restored_session(saved: SavedMap, screen: Screen) -> Session:
    """A session as it was when its map was written last. Raises BadInputError."""
    slam = finished(restored(saved), "reading the map", screen)
    session = Session(SavedSequence(saved), slam)
    session.counter.read = saved.info["frames"]
    session.counter.status.update(saved.info["status"])
    session.saw_depth, session.ended = True, "interrupted"
    session.failures.append(Recovered(f"the run was killed ({saved.state}); this is recovered from its map"))
    return session


def arguments_of(saved: SavedMap) -> argparse.Namespace:
    """Those of the run, as far as its map knows them, and what else saving asks for."""
    source, value = saved.sessions[-1][1:]
    return argparse.Namespace(**{"source": source, "mesh": [], "fast": False, "verbose": False, "no_scene": False,
                                 **value.get("arguments", {})})


def finish(session: Session, state: str, given: argparse.Namespace, stop: StopSignal, screen: Screen) -> None:
    """Do what the run has not come to, and was to do."""
    if state == STATES[0]:
        with session.attempt():
            session.slam.finish()
    if STATES.index(state) < STATES.index("final") and not given.fast:
        session.improve(stop, screen)
