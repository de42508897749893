"""One rule for times in recordings that repeat or go back: as many images as can be are kept with their times
increasing, in the order in which they are listed; the others are left out, and whoever reads them says so."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

import numpy as np

from calib.base.errors import SourceError

Item = TypeVar("Item")
MIN_KEPT = 0.5
"""Share of images that must remain. A list that loses more is in another order than that of time."""


def kept_in_time(times_s: Sequence[float], names: Sequence[object], place: object,
                 tell: Callable[[str], object]) -> list[int]:
    """Indices of those that are kept; `tell` is called with a line, which has its name, for each of the others.

    Times that are not finite go, too. Raises SourceError, beginning with `place`, where most would have to go.
    """
    kept = ordered(times_s)
    if len(kept) < MIN_KEPT * len(times_s):
        raise SourceError(f"{place}: the times of its images do not increase, only {len(kept)} of {len(times_s)} could "
                          f"be kept: sort the list by time and drop repeated lines")
    for k in sorted(set(range(len(times_s))) - set(kept)):
        tell(left_out(names[k], times_s[k]))
    return kept


def left_out(name: object, time_s: float) -> str:
    """Why an image is not kept, in words for the log of skipped ones."""
    return f"{name}: its time, {time_s:f}, does not come between those around it"


def ordered(times_s: Sequence[float]) -> list[int]:
    """Indices of as many finite times as can be kept with each exceeding the one before."""
    timed = [k for k, time_s in enumerate(times_s) if np.isfinite(time_s)]
    return [timed[k] for k in longest_increase([times_s[k] for k in timed])]


def longest_increase(values: Sequence[float]) -> list[int]:
    """Indices of a longest subsequence in which each value exceeds the one before (patience sorting, Fredman 1975).

    One wrong value among good ones so costs itself only, be it far ahead of them or behind.
    """
    ends, last, before = [], [], []
    for index, value in enumerate(values):
        length = bisect_left(ends, value)
        before.append(last[length - 1] if length else None)
        if length == len(ends) or value < ends[length]:
            ends[length:length + 1], last[length:length + 1] = [value], [index]
    indices, index = [], last[-1] if last else None
    while index is not None:
        indices.append(index)
        index = before[index]
    return indices[::-1]


def stray_ones(items: Iterable[tuple[float, Item]]) -> Iterator[tuple[float, Item, bool]]:
    """The rule for what comes one by one: (time_s, item), each with whether it must be left out.

    It knows the next time only: one that runs ahead of its follower, which itself comes after the last kept, is stray.
    """
    last_s, waiting = -np.inf, None
    for following in chain(items, [None]):
        if waiting is not None:
            time_s, item = waiting
            runs_ahead = following is not None and last_s < following[0] < time_s
            is_stray = not np.isfinite(time_s) or time_s <= last_s or runs_ahead
            yield time_s, item, is_stray
            last_s = last_s if is_stray else time_s
        waiting = following
