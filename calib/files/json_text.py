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
        return json.loads(data, parse_int=_whole)
    except (ValueError, OverflowError, RecursionError) as error:
        raise ValueError(one_line(error, 200)) from error


def _whole(text):
    number = int(text)
    float(number)  # readers make arrays of numbers, which must not raise what they do not expect
    return number
