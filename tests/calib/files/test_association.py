"""Which times belong to one moment."""

import numpy as np

from calib.files.association import associate, nearest_in_time

TIMES_S = np.array([0.0, 0.1, 0.2, 0.3])


def test_association_takes_the_nearest_within_tolerance():
    i, j = associate(np.array([0.0, 0.11, 0.249, 0.251, 5.0]), TIMES_S, 0.05)
    assert (list(i), list(j)) == ([0, 1, 2, 3], [0, 1, 2, 3])
    i, j = associate(np.array([0.95, 1.05, 1.2]), np.array([1.0]), 0.06)
    assert (list(i), list(j)) == ([0, 1], [0, 0])


def test_association_is_the_exhaustive_search():
    rng = np.random.default_rng(0)
    times_s, wanted_s = np.unique(rng.uniform(0, 10, 60)), rng.uniform(-1, 11, 300)
    gaps_s = np.abs(wanted_s[:, None] - times_s)
    i, j = associate(wanted_s, times_s, 0.1)
    assert np.array_equal(i, np.flatnonzero(gaps_s.min(1) <= 0.1)) and np.array_equal(j, gaps_s.argmin(1)[i])
    assert 0 < len(i) < 300


def test_of_two_that_are_equally_near_the_earlier_is_taken():
    assert nearest_in_time(np.array([0.0, 1.0, 2.0]), [1.5], 1.0) == [1]


def test_each_time_has_its_nearest_or_none():
    assert nearest_in_time(TIMES_S, [-0.04, -0.06, 0.16, 0.34, 0.36], 0.05) == [0, None, 2, 3, None]


def test_nothing_is_near_where_there_is_nothing():
    assert nearest_in_time(np.empty(0), [0.0], np.inf) == [None]
    assert not len(associate(np.empty(0), TIMES_S, np.inf)[0])
