"""Which image comes when, from one dataset or several."""

import pytest

from calib.base.errors import BadInputError
from depth.training.mixture import BLOCK, Mixture


def places(count, *arguments):
    mixture = Mixture(*arguments)
    return [mixture[k] for k in range(count)]


def test_every_epoch_shows_every_image_once_in_a_new_order():
    pairs = places(20, [6, 4], [], 0)
    epochs = [[index for epoch, index in pairs if epoch == number] for number in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10)) and epochs[0] != epochs[1]
    assert places(20, [6, 4], [], 1) != pairs


def test_shares_hold_whatever_the_sizes():
    pairs = places(3 * BLOCK, [700, 5, 90], [6, 3, 1], 0)
    small = [pair for pair in pairs if 700 <= pair[1] < 705]
    assert len(small) == 900 and sum(index < 700 for _, index in pairs) == 1800
    assert len(set(pairs)) == len(pairs)  # no image twice in one pass, so no random change comes twice
    assert max(epoch for epoch, _ in small) == 900 // 5 - 1
    assert abs(sum(700 <= index < 705 for _, index in pairs[:100]) - 30) < 15  # mixed, not one after the other


def test_shares_that_do_not_divide_a_block():
    pairs = places(7 * BLOCK, [10, 10, 10], [1, 1, 1], 3)
    counts = [sum(k * 10 <= index < k * 10 + 10 for _, index in pairs) for k in range(3)]
    assert sum(counts) == 7 * BLOCK and max(counts) - min(counts) <= 1


@pytest.mark.parametrize("shares, says", [
    ([1], "--share: give one for each --data, not 1 for 2"), ([1, 2, 3], "--share: give one for each --data"),
    ([1, 0], "--share 0: a share is a number above 0"), ([float("nan"), 1], "--share nan"), ([-2, 1], "--share -2")])
def test_shares_that_do_not_fit(shares, says):
    with pytest.raises(BadInputError, match=says):
        Mixture([3, 4], shares, 0)
