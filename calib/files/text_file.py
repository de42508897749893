"""Text files of recordings: lines, and the numbers in them."""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError


def data_lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines of a text file without `#` remarks and blanks. Raises SourceError where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not a text file") from error
    return [(number, line) for number, line in enumerate(text.splitlines(), start=1)
            if line.strip() and not line.lstrip().startswith("#")]


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
