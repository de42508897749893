"""Text files of recordings: lines, and the numbers in them."""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.bounded_file import bytes_of

MAX_BYTES = 256 << 20
"""Of a text file, at most: ten hours of poses at 30 Hz are 100 MB."""
MAX_LINES, MAX_LINE = 2_000_000, 16 << 20
"""Of a text file, and characters of a line, of which each word takes ten times as much in memory."""
MAX_DIGITS = 20
"""Of a whole number: those of 64 bits."""


def is_whole(word: str) -> bool:
    """Whether a word is a whole number, without a sign, that neither `int` nor `float` refuses for its length."""
    return word.isdecimal() and len(word) <= MAX_DIGITS


def data_lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines of a text file without `#` remarks and blanks. Raises SourceError where it cannot be read."""
    try:
        text = text_of(path)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not a text file") from error
    if text.count("\n") > MAX_LINES:
        raise SourceError(f"{path} has more than {MAX_LINES} lines")
    lines = text.splitlines()
    if any(len(line) > MAX_LINE for line in lines):
        raise SourceError(f"{path} has a line of more than {MAX_LINE >> 20} million characters")
    return [(number, line) for number, line in enumerate(lines, start=1)
            if line.strip() and not line.lstrip().startswith("#")]


def text_of(path: Path, max_bytes: int | None = None) -> str:
    """Content of a text file. Raises SourceError, before reading, for what never ends or is too large; OSError,
    UnicodeDecodeError."""
    return bytes_of(path, max_bytes or MAX_BYTES, "a text file").decode("utf-8-sig")


def numbers_in(text: str, where: object) -> np.ndarray:
    """Numbers between blanks or commas -> (N,) float64. Raises SourceError that begins with `where`."""
    if len(text) > MAX_LINE:
        raise SourceError(f"{where}: more numbers than belong there")
    words = text.replace(",", " ").split()
    try:
        return np.fromiter(map(float, words), np.float64, len(words))
    except ValueError:
        raise SourceError(f"{where}: expected numbers, found {text.strip()[:60]!r}") from None


def read_numbers(path: Path, count: int) -> np.ndarray:
    """A file of `count` numbers in lines of any length -> (count,) float64. Raises SourceError."""
    numbers = numbers_in(" ".join(line for _, line in data_lines(path)), path)
    if numbers.size != count:
        raise SourceError(f"{path}: expected {count} numbers, found {numbers.size}")
    return numbers
