"""The unit of times that a file gives without one: whole numbers may count milli-, micro- or nanoseconds."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from calib.files.text_file import is_whole

PER_S = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
MAX_INTERVAL_S = 3.0
"""Images further apart cannot be tracked: then the numbers count something smaller."""
MIN_EPOCH_S = 1e8
"""Times since 1970 begin here (1973); what counts smaller units is larger by their number."""

TIMED_NAME = re.compile(r"\d{9,}(\.\d+)?")
"""Names of files that are times rather than numbers."""


def times_in_names(files: Sequence[Path]) -> list[float] | None:
    """Seconds of files, in order, that are called by the time at which they were taken; None where any is not."""
    stems = [file.stem for file in files]
    if len(stems) < 2 or not all(map(TIMED_NAME.fullmatch, stems)):
        return None
    unit = unit_of(stems)
    times_s = [to_seconds(stem, unit) for stem in stems]
    return times_s if all(b > a for a, b in pairwise(times_s)) else None


def unit_of(words: Sequence[str]) -> str:
    """Times as text, in order -> the name of their unit, one of PER_S.

    Numbers with a point are seconds. Whole ones are what makes their intervals those of a video.
    """
    if not words or not all(is_whole(word.strip().lstrip("-")) for word in words):
        return "seconds"
    times = np.array([int(word) for word in words], float)
    interval = float(np.median(np.abs(np.diff(times)))) if len(times) > 1 else 0.0
    if not interval:
        greatest = abs(times[0])
        return next((unit for unit, per_s in reversed(PER_S.items()) if greatest / per_s >= MIN_EPOCH_S), "seconds")
    return next((unit for unit, per_s in PER_S.items() if interval / per_s <= MAX_INTERVAL_S), "nanoseconds")


def to_seconds(word: str, unit: str) -> float:
    """One of those times -> seconds; whole numbers keep what a float can hold of them. Raises ValueError."""
    if unit == "seconds":
        return float(word)
    if not is_whole(word.strip().lstrip("-")):
        raise ValueError(f"{word[:40]} is no whole number")
    whole, rest = divmod(int(word), PER_S[unit])
    return whole + rest / PER_S[unit]
