"""One recording of a batch: what is to be done, and the function that does it in whichever process it is sent to."""

import json
import os
import sys
import tempfile
import traceback
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from calib.base.errors import BadInputError, MonofuseError, one_line
from monofuse.batch.place import REPORT, Place
from monofuse.batch.store import file_system, is_remote, reading

LOGS = "logs"


@dataclass(frozen=True)
class Task:
    """A recording, how it is run, and where its result goes."""

    name: str
    """Of the folder of its result."""
    arguments: Namespace
    """Those of `monofuse run`, without `output`."""
    setting: tuple[tuple[str, str], ...]
    """(option, value) of what a search varies."""
    place: Place
    folder: str
    """Where the batch was started: what relative paths start from."""


class Ended(NamedTuple):
    """A task that no worker has to do any more."""

    task: Task
    problem: str | None
    """What went wrong, in one line; None where its result is there."""


Work = Callable[[Task], str | None]
"""What a worker does with a task -> what went wrong, in one line, or None."""


def carry_out(task: Task) -> str | None:
    """Reconstruct a recording, unless its result is there already -> what went wrong, in one line, or None.

    For a worker process: changes its folder and, for as long as it works, its standard output.
    """
    _forget_peak_memory()
    try:
        if task.place.report(task.name) is not None:  # an earlier worker finished it, and died before it could say so
            return None
        with suppress(OSError):  # on another machine of a cluster the folder need not exist
            os.chdir(task.folder)
        with _logged(task), task.place.new_result(task.name) as folder, _fetched(task.arguments.source) as source:
            _run(task, source, folder)
    except (MonofuseError, OSError) as error:
        return one_line(str(error))
    except Exception as error:
        return one_line(f"{type(error).__name__}: {error}; this is a mistake in monofuse, see the log")
    return None


def _run(task: Task, source: str, folder: Path) -> None:
    from monofuse.interface.screen import Screen
    from monofuse.run import run
    session = run(Namespace(**vars(task.arguments) | {"source": source, "output": folder}), Screen())
    if session is None or session.ended != "complete":
        raise MonofuseError("the run ended early")
    report = json.loads((folder / REPORT).read_text())
    report["arguments"] |= {"source": task.arguments.source, "output": task.place.at(task.name)}
    (folder / REPORT).write_text(json.dumps(report, indent=1))


@contextmanager
def _logged(task: Task) -> Iterator[None]:
    """A `with` block whose output, and whose error, are kept as logs/NAME.txt of the batch."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log, redirect_stdout(log):
        try:
            yield
        except BaseException:
            traceback.print_exc(file=log)
            raise
        finally:
            log.seek(0)
            with suppress(MonofuseError):
                task.place.write(log.read().encode(), LOGS, f"{task.name}.txt")


@contextmanager
def _fetched(source: str) -> Iterator[str]:
    """A `with` block that yields a source that is on this machine: remote ones are copied for as long as it lasts."""
    if not is_remote(source):
        yield source
        return
    system, path = file_system(source)
    with tempfile.TemporaryDirectory(prefix="monofuse-") as scratch:
        local = Path(scratch, PurePosixPath(path.rstrip("/")).name)
        try:
            with reading(source):
                if system.isdir(path):
                    system.get(path.rstrip("/") + "/", f"{local}/", recursive=True)
                else:
                    system.get_file(path, str(local))
        except FileNotFoundError as error:
            raise BadInputError(f"there is nothing at {source}") from error
        yield str(local)


def _forget_peak_memory() -> None:
    """A worker runs several recordings, each of which reports its own peak; see proc(5), clear_refs."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")


def plain_arguments(arguments: Namespace) -> dict[str, Any]:
    """Arguments as report.json holds them, without `output`."""
    from monofuse.saving import shown
    plain = json.loads(json.dumps(shown(arguments), default=str))
    return {name: value for name, value in plain.items() if name != "output"}
