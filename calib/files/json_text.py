"""JSON files of recordings and results."""

import json
from pathlib import Path
from typing import Any

from calib.base.errors import SourceError, one_line
from calib.files.bounded_file import bytes_of

MAX_BYTES = 32 << 20
"""Of a JSON file, at most: two hours of poses at 30 Hz. Its values may take thirty times as much in memory."""


def json_in(path: Path) -> Any:
    """What a JSON file holds. Raises SourceError in one line."""
    try:
        return json_of(bytes_of(path, MAX_BYTES, "a JSON file"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SourceError(f"{path}: expected JSON ({error})") from error


def json_of(data: bytes | str) -> Any:
    """JSON text -> lists, dictionaries and plain values. Raises ValueError in one line, also for what is nested too
    deeply and for whole numbers beyond those of a float."""
    try:
        return json.loads(data, parse_int=whole)
    except (ValueError, RecursionError) as error:
        raise ValueError(one_line(error, 200)) from error


def whole(text: str | int) -> int:
    """A whole number that is also one as a float: readers make arrays of numbers. Raises ValueError."""
    number = int(text)
    try:
        float(number)
    except OverflowError:
        raise ValueError("a number of over 308 digits cannot be used") from None
    return number
