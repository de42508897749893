"""The program `monofuse`: `monofuse COMMAND ...`, or `python -m monofuse COMMAND ...` without installing it.

`monofuse room.mp4` is `monofuse run room.mp4`."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

from calib.base.command_line import NOT_ENOUGH_MEMORY, OneLineParser, exit_code, name_of
from calib.base.errors import BadInputError
from calib.base.memory import ran_out

os.environ["OPENBLAS_NUM_THREADS"] = "1"
"""Before numpy is imported: how many threads share the work on a large matrix changes the last bits of the result, and
the small ones, which most are, take longer with several."""


class Command(NamedTuple):
    """One of the programs behind `monofuse`; its module is imported when it is asked for, which takes a second."""

    module: str
    function: str
    """Called with the words after the command's name and with how it was started; returns the exit code."""
    help: str

    def load(self) -> Callable[[Sequence[str] | None, str], int]:
        """-> the function itself. Without enough memory to import it, one line and exit code 1.

        Ctrl-C ends the process while modules are imported: some of them would take it for a missing package.
        """
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
            return self._imported()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return self._imported()
        finally:
            signal.signal(signal.SIGINT, before)

    def _imported(self):
        try:
            return getattr(import_module(self.module), self.function)
        except Exception as error:  # packages raise what they like, ImportError the most
            if not ran_out(error):
                raise
            raise SystemExit(f"monofuse: {NOT_ENOUGH_MEMORY}") from None


COMMANDS = {
    "run": Command("monofuse.run", "main", "reconstruct a video, a recording or what a camera sees"),
    "view": Command("monofuse.view_command", "main", "look at a finished result in a browser"),
    "batch": Command("monofuse.batch.command", "main", "reconstruct many recordings on many cores or machines"),
    "bench": Command("monofuse.bench.command", "main", "run a benchmark's sequences, and score them as papers do"),
    "recover": Command("monofuse.recover", "main", "make the results of a run that was killed, from its map"),
    "merge": Command("monofuse.merge_command", "main", "make one map of the maps of several recordings of a place"),
    "export": Command("monofuse.export_command", "main", "write a map for COLMAP, nerfstudio, CloudCompare and others"),
    "mesh": Command("monofuse.mesh_command", "main", "mesh a result anew with other settings, without tracking again"),
    "measure": Command("monofuse.measure", "main", "measure a distance in a result, or rescale it by a known one"),
    "eval": Command("slam.__main__", "evaluate", "compare a trajectory with ground truth"),
    "calib": Command("calib.__main__", "main", "calibrate a camera with a printed board"),
    "depth": Command("monofuse.depth_commands", "main", "predict, evaluate, train, adapt, export depth networks"),
    "sequences": Command("sequences.__main__", "main", "write pictures of synthetic rooms with exact depth"),
}
OWN_OPTIONS = {"--help", "-h", "--version"}
SOURCES_ALONE = ("synthetic", "webcam", "realsense")
"""Words that are sources, though nothing lies there; they are in sequences.catalogue, which takes time to import."""


def main(argv: Sequence[str] | None = None, program: str = "monofuse") -> int:
    """-> exit code. `program` is how it was started, for the usage and for errors."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in COMMANDS:
        return COMMANDS[words[0]].load()(words[1:], f"{program} {words[0]}")
    if any(map(_is_source, words[:1])) or (any(map(_is_source, words)) and not OWN_OPTIONS & set(words)):
        return COMMANDS["run"].load()(words, program)
    return exit_code(name_of(program), lambda: _without_command(words, program))


def _is_source(word: str) -> bool:
    """Whether a word is something to run on, and no mistyped command."""
    if word in SOURCES_ALONE or word.startswith("-"):
        return word in SOURCES_ALONE
    return Path(word).exists() or bool(set(word) & set(":./"))


def _without_command(words: list[str], program: str) -> None:
    """`--help`, `--version`, or a mistake."""
    parser = OneLineParser(
        prog=program, usage="%(prog)s SOURCE [OPTION ...] | COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Real-time dense monocular SLAM: one RGB camera in, a metric coloured mesh and a trajectory out.",
        epilog="SOURCE alone, as in room.mp4, means run SOURCE.\n\ncommands (COMMAND --help says more):\n" +
               "\n".join(f"  {name:<11}{command.help}" for name, command in COMMANDS.items()))
    parser.add_argument("--version", action="version", version=f"monofuse {_version()}")
    _, unknown = parser.parse_known_args(words)
    if unknown:
        raise BadInputError(f"no command {unknown[0]!r}; there are {', '.join(COMMANDS)}, and "
                            f"{program} SOURCE, as in {program} room.mp4")
    raise BadInputError(f"which source or command? As in {program} room.mp4; the commands are "
                        f"{', '.join(COMMANDS)}; see {program} --help")


def _version() -> str:
    try:
        return metadata.version("monofuse")
    except metadata.PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main(program="python -m monofuse"))
