"""Which images go where times repeat or go back."""

import math

import pytest

from calib.base.errors import SourceError
from calib.files.time_order import kept_in_time, longest_increase, stray_ones


@pytest.mark.parametrize("values, kept", [([], []), ([5], [0]), ([1, 2, 2, 3], [0, 1, 3]), ([9, 1, 2, 3], [1, 2, 3]),
                                          ([1, 2, 99, 3, 4], [0, 1, 3, 4]), ([2, 2, 2], [0])])
def test_longest_increase(values, kept):
    assert longest_increase(values) == kept


def test_those_left_out_are_named():
    told = []
    assert kept_in_time([1, math.nan, 3, 2.5, 4], "abcde", "LIST", told.append) in ([0, 2, 4], [0, 3, 4])
    assert len(told) == 2 and told[0] == "b: its time, nan, does not come between those around it"


def test_a_list_that_loses_most_is_refused():
    with pytest.raises(SourceError, match="^LIST: the times of its images do not increase, only 1 of 3"):
        kept_in_time([3, 2, 1], "abc", "LIST", print)


@pytest.mark.parametrize("times_s", [[9, 1, 2, 3], [1, 2, 99, 3, 4], [1, 2, 2, 3], [1, 2, 0, 3], [math.inf, 1, 2],
                                     [1, math.nan, 2], [1, 2, 3, 99, 98], [1, 2, 3], [5], []])
def test_one_stray_time_costs_one_of_those_that_come_one_by_one(times_s):
    kept = [k for k, (_, _, is_stray) in enumerate(stray_ones((time_s, None) for time_s in times_s)) if not is_stray]
    values = [times_s[k] for k in kept]
    assert values == sorted(set(values)) and len(kept) >= len(times_s) - 1
