"""Times without a unit."""

from pathlib import Path

import pytest

from calib.files.time_unit import times_in_names, to_seconds, unit_of


@pytest.mark.parametrize("words, unit", [
    (["0.0", "0.033"], "seconds"), (["1305031102.175304", "1305031102.211214"], "seconds"),
    (["0", "1", "2"], "seconds"),
    (["0", "33", "67"], "milliseconds"), (["1403636579763555", "1403636579813555"], "microseconds"),
    (["1403636579763555584", "1403636579813555584"], "nanoseconds"), (["1403636579763555584"], "nanoseconds"),
    (["0", "50000000", "100000000"], "nanoseconds"), ([], "seconds"), (["one", "2"], "seconds"),
    (["1", "9" * 400], "seconds"), (["1", "9" * 5000], "seconds")])
def test_units_are_told_by_intervals(words, unit):
    assert unit_of(words) == unit


def test_long_numbers_keep_their_digits():
    assert to_seconds("1403636579763555584", "nanoseconds") == 1403636579.763555584
    assert to_seconds("1500", "milliseconds") == 1.5


@pytest.mark.parametrize("word", ["9" * 400, "9" * 5000, "1.5", "one"])
def test_what_is_no_whole_number_of_a_unit_is_an_error_of_value(word):
    with pytest.raises(ValueError, match="no whole number"):
        to_seconds(word, "nanoseconds")


def test_names_that_are_times():
    assert times_in_names([Path("1403636579763555584.png"), Path("1403636579813555584.png")]) == pytest.approx(
        [1403636579.763555, 1403636579.813555])
    assert times_in_names([Path("1305031102.175.png"), Path("1305031102.211.png")]) == [1305031102.175, 1305031102.211]
    assert times_in_names([Path("000001.png"), Path("000002.png")]) is None
