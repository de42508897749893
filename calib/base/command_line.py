"""What all command lines share: arguments, and errors as one line and an exit code. See also calib.base.progress."""

import argparse
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from calib.base.errors import BadInputError, MonofuseError
from calib.base.memory import ran_out

NOT_ENOUGH_MEMORY = ("not enough memory: close other programs, raise the limit (ulimit -v), or ask for less "
                     "(--max-surfels N, --max-frames N, smaller images)")


class OneLineParser(argparse.ArgumentParser):
    """Mistakes in one line, like every other bad input."""

    def error(self, message: str) -> NoReturn:
        raise BadInputError(f"{message}; see {self.prog} --help")

    def add_subparsers(self, **options: Any) -> Any:
        """Commands, each of which refuses unknown options itself and so names its own --help, not that of all."""
        return super().add_subparsers(**{"parser_class": _CommandParser, **options})


class _CommandParser(OneLineParser):
    """The arguments of one command, which come to parse_known_args alone, of a parser that has several commands."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def whole_number(lowest: int, highest: int = 2**31 - 1) -> Callable[[str], int]:
    """An argparse type: `7` -> 7."""
    def parse(text):
        if not (text.isdecimal() and lowest <= int(text) <= highest):
            raise argparse.ArgumentTypeError(f"expected a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)
    return parse


def path_of(text: str) -> Path:
    """An argparse type: a path. An empty one, as an unset shell variable leaves, is a mistake."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, not an empty word")
    return Path(text)


def name_and_value(text: str) -> tuple[str, str]:
    """An argparse type: `scale=0.01` -> (`scale`, `0.01`)."""
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, not {text!r}")
    return name, value


def columns_and_rows(text: str) -> tuple[int, int]:
    """An argparse type: `10x7` -> (10, 7)."""
    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal()) or not min(int(columns), int(rows)):
        raise argparse.ArgumentTypeError(f"expected COLUMNSxROWS, as in 10x7, not {text!r}")
    return int(columns), int(rows)


def exit_code(program: str, action: Callable[[], object]) -> int:
    """Call `action` -> 0, 1 if it failed, 2 for bad input, 128 + the number of the signal that ended it.

    What went wrong is one line that begins with `program`. Only a mistake of ours shows its traceback.
    """
    try:
        action()
        return 0
    except MonofuseError as error:
        message, code = error, error.exit_code
    except OSError as error:  # a file or folder that cannot be used, in a way that nobody has foreseen
        message, code = (NOT_ENOUGH_MEMORY, 1) if ran_out(error) else (error, BadInputError.exit_code)
    except KeyboardInterrupt:
        message, code = "interrupted", 130
    except Exception as error:
        if ran_out(error):
            message, code = NOT_ENOUGH_MEMORY, 1
        else:
            traceback.print_exc()
            message, code = "this is a mistake in monofuse: please report the lines above", 1
    with suppress(OSError):  # the terminal may be gone
        print(f"{program}: {message}", file=sys.stderr)
    return code


def name_of(program: str) -> str:
    """A program's name in errors: `python -m calib` -> `calib`, `python run_slam.py` -> `run_slam`, others as typed."""
    return program.removeprefix("python ").removeprefix("-m ").removesuffix(".py")
