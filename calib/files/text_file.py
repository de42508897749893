"""Text files of recordings: lines, and the numbers in them."""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError

MAX_BYTES = 256 << 20
"""Of a text file, at most: ten hours of poses at 30 Hz are 100 MB."""


def data_lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines of a text file without `#` remarks and blanks. Raises SourceError where it cannot be read."""
    try:
        text = text_of(path)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not a text file") from error
    return [(number, line) for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.lstrip().startswith("#")]


def text_of(path: Path) -> str:
    """Content of a text file. Raises SourceError, before reading, for what never ends or is too large; OSError,
    UnicodeDecodeError."""
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe would keep us waiting, a device never end
        raise SourceError(f"{path}: is no file")
    if path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{path}: {path.stat().st_size >> 20} MB are too much for a text file")
    return path.read_text(encoding="utf-8-sig")


def numbers_in(text: str, where: object) -> np.ndarray:
    """Numbers between blanks or commas -> (N,) float64. Raises SourceError that begins with `where`."""
    try:
        return np.array([float(word) for word in text.replace(",", " ").split()])
    except ValueError:
        raise SourceError(f"{where}: expected numbers, found {text.strip()[:60]!r}") from None


def read_numbers(path: Path, count: int) -> np.ndarray:
    """A file of `count` numbers in lines of any length -> (count,) float64. Raises SourceError."""
    numbers = numbers_in(" ".join(line for _, line in data_lines(path)), path)
    if numbers.size != count:
        raise SourceError(f"{path}: expected {count} numbers, found {numbers.size}")
    return numbers
