"""Whether two networks are found to agree where they do, and to differ where they do."""

import numpy as np
import pytest

from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.preprocessing import to_input
from depth.runtimes.self_check import BOUNDS, difference, pictures

SIZE = 24, 32
SPEC = NetworkSpec()


class Network:
    """Predicts the mean of the channels and `offset`, `changed`, with an error of the same."""

    def __init__(self, changed=lambda depth: depth, offset=1.0, says_error=False, spec=SPEC):
        self.changed, self.offset, self.says_error, self.spec, self.size = changed, offset, says_error, spec, SIZE

    def raw(self, rgb):
        depth = to_input(rgb, SIZE, self.spec)[0].mean(axis=0) + np.float32(self.offset)
        return (depth, self.changed(depth)) if self.says_error else (self.changed(depth), None)


def spoilt(share, value):
    def spoil(depth):
        depth = depth.copy()
        depth.flat[:int(share * depth.size)] = value
        return depth
    return spoil


def test_pictures_are_of_the_size_and_always_the_same():
    first, again = pictures(SIZE), pictures(SIZE)
    assert all(np.array_equal(a, b) and a.shape == (*SIZE, 3) and a.dtype == np.uint8 for a, b in zip(first, again))
    assert len({picture.tobytes() for picture in first}) == len(first) == 3 and min(map(np.std, first)) > 20


@pytest.mark.parametrize("gain", [1.0, 1.002, 0.9, 2.0])
def test_it_is_the_relative_difference_of_depth(gain):
    expected = pytest.approx(abs(gain - 1), abs=1e-6)
    assert difference(Network(lambda depth: depth * np.float32(gain)), Network()) == expected
    log = NetworkSpec(output="log_depth")
    assert difference(Network(lambda depth: depth + np.log(np.float32(gain)), spec=log), Network(spec=log)) == expected


def test_single_pixels_do_not_count_and_many_do():
    assert difference(Network(spoilt(0.005, 50.0)), Network()) == 0
    assert difference(Network(spoilt(0.02, 50.0)), Network()) > 10


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_never_right(value):
    assert difference(Network(spoilt(0.002, value)), Network()) == np.inf
    assert difference(Network(lambda depth: depth[1:]), Network()) == np.inf
    assert difference(Network(), Network(spoilt(0.002, value))) == 0, "the other may well say what this one does not"


def test_depth_around_zero_is_compared_to_what_is_usual():
    """Means of noise around 0: relative to themselves, the smallest would differ by anything."""
    near_zero = Network(offset=-0.5), Network(lambda depth: depth + np.float32(1e-4), offset=-0.5)
    assert 0 < difference(*near_zero) < 0.1


def test_the_expected_error_counts_too():
    def worse(error):
        return error + np.float32(0.1)
    known = Network(says_error=True)
    assert difference(known, known) == 0
    assert difference(Network(worse, says_error=True), known) == pytest.approx(np.expm1(0.1), rel=0.01)


def test_bounds_are_in_order():
    assert list(BOUNDS) == ["fp16", "fp32"] and BOUNDS["fp32"] < BOUNDS["fp16"] < 0.05
