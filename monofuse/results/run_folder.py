"""The folder of a run's results: locked, and an older run's results stay in it until the new ones are whole."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from calib.base.errors import BadInputError, OutputError
from calib.files.atomic_file import partial_pattern, replacing
from monofuse.maps.map_file import MAP_FILE, MAP_FILES
from monofuse.results.files import PART_RESULTS, RESULTS, ResultFolder
from monofuse.results.lock import FolderLock

UNFINISHED = "unfinished"
"""Folder within that of the results, where new ones are while older ones are in their place."""
SWAP = ".swap.json"
"""File there that says which whole results are about to take their places, so that this can be resumed."""


class RunFolder:
    """Where one run writes. Results of an older run are replaced all at once by `publish`, never one by one."""

    def __init__(self, path: str | os.PathLike[str], is_completed: bool = False):
        """is_completed: a run that was killed is completed where it was writing; the caller has the lock.

        Raises OutputError at once if nothing can be written there, or another run is writing."""
        self.path = Path(path)
        self._opened: ResultFolder | None = ResultFolder(self.path)
        self._lock = None if is_completed else FolderLock(self.path)
        if not is_completed:
            resume_swap(self.path)
        self.has_older = not is_completed and bool(results_in(self.path))
        self.place = self.path / UNFINISHED if self.has_older else self.path
        """Where the files are written to."""
        if self.has_older:
            self._opened = None
        self.fallback: Path | None = None
        """Where what could not be written in its place was written instead."""

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        """Let other runs write here."""
        if self._lock:
            self._lock.release()

    @property
    def _results(self) -> ResultFolder:
        """Where the files are written to. What an earlier run left unfinished there is gone with the first use, which
        is after all that could be wrong with this run's arguments."""
        if self._opened is None:
            shutil.rmtree(self.place, ignore_errors=True)
            self._opened = ResultFolder(self.place)
        return self._opened

    def refuse_to_replace(self, map_file: Path) -> None:
        """Raise BadInputError where a map that this run goes on in would be gone with its first file."""
        if self.has_older and map_file.resolve().is_relative_to(self.place.resolve()):
            raise BadInputError(f"{map_file} is what an unfinished run left in {self.path}, and would be replaced: "
                                f"choose another --output, or `monofuse recover {self.path}` first")

    @property
    def map_path(self) -> Path:
        """Where the map is written while the run goes."""
        return self._results.path / MAP_FILE

    def clear(self) -> None:
        """Remove what was written before, but for the map. Raises OutputError."""
        self._results.clear()

    def write(self, name: str, data: bytes) -> None:
        """bytes -> file. Raises OutputError where it could not be written in its place; it is in `fallback` then, if
        there is room anywhere."""
        try:
            self._results.write(name, data)
        except OutputError as error:
            raise self._rescued(name, data, error) from error

    def _rescued(self, name, data, error):
        """Write a file elsewhere -> the error that says so, or the same where that is impossible, too"""
        with suppress(OutputError, OSError):
            ResultFolder(self.rescue_place()).write(name, data)
            return OutputError(f"{error}; it is {self.fallback}/{name} for now")
        self._leave_no_empty_fallback()
        return error

    def _leave_no_empty_fallback(self):
        """There was no room there, either."""
        if self.fallback is not None:
            with suppress(OSError):
                self.fallback.rmdir()
                self.fallback = None

    def rescue_place(self) -> Path:
        """A folder for what cannot be written where it belongs. Raises OSError."""
        if self.fallback is None:
            self.fallback = Path(tempfile.mkdtemp(prefix=f"monofuse_{self.path.name}_"))
        return self.fallback

    def publish(self, is_whole: bool) -> None:
        """The run is over: its files take the places of an older run's, unless that was whole and this one is not.

        Raises OutputError where they cannot."""
        if self.has_older and (is_whole or not is_good(self.path)):
            swap(self.path)
            self.place = self.path

    @property
    def written(self) -> list[str]:
        """Names of the files that were written, in the order in which they first were."""
        return [*self._results.written, *([MAP_FILE] if (self.place / MAP_FILE).is_file() else [])]

    @property
    def is_elsewhere(self) -> bool:
        """Whether anything is not where it was asked for."""
        return self.place != self.path or self.fallback is not None

    @property
    def shown(self) -> str:
        """Where the results are, for people."""
        places = f"{self.place}" + ("" if self.place == self.path else
                                    f" (this run is not whole: the older results in {self.path} stay)")
        return places + (f", and what could not be written there in {self.fallback}" if self.fallback else "")


def results_in(folder: Path) -> list[str]:
    """Names of the results of a run, and of its map, that are in a folder."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_file()
                  and (path.name in (*RESULTS, *MAP_FILES) or PART_RESULTS.fullmatch(path.name)))


def is_good(folder: Path) -> bool:
    """Whether the results in a folder are those of a whole run; those of the library, without a report, are."""
    try:
        return json.loads((folder / "report.json").read_bytes()).get("ended") == "complete"
    except FileNotFoundError:
        return any(name.endswith((".txt", ".ply", ".glb")) for name in results_in(folder))
    except (OSError, ValueError, AttributeError):
        return False


def swap(folder: Path) -> None:
    """Let the results in `unfinished` take the places of all older ones. Raises OutputError."""
    names = results_in(folder / UNFINISHED)
    with replacing(folder / UNFINISHED / SWAP) as partial:
        partial.write_text(json.dumps(names))
    resume_swap(folder)


def resume_swap(folder: Path) -> None:
    """Finish a swap that the end of a process has cut short, if there is one. Raises OutputError."""
    new = folder / UNFINISHED
    try:
        names = json.loads((new / SWAP).read_bytes())
        for name in names:
            if (new / name).exists():
                os.replace(new / name, os.path.realpath(folder / name))
        for name in {*results_in(folder)} - {*names}:
            (folder / name).unlink()
        for partial in (path for name in RESULTS for path in folder.glob(partial_pattern(name))):
            partial.unlink()
        (new / SWAP).unlink()
        with suppress(OSError):
            new.rmdir()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot put the new results from {new} in their place: {error}") from error
