"""PagedMemory: arrays that are as they were, of which only what is used takes memory."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from slam.mapping import paged_memory
from slam.mapping.paged_memory import SEGMENT, PagedMemory

MB = 10**6


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MB


@pytest.mark.parametrize("array", [np.arange(12, dtype=np.float32).reshape(3, 4), np.ones((2, 3, 3), np.uint8),
                                   np.array([1.5]), np.arange(5, dtype=np.float16)])
def test_what_is_kept_is_as_it_was_and_can_be_changed(array):
    kept = PagedMemory().keep(array)
    np.testing.assert_array_equal(kept, array)
    assert kept.dtype == array.dtype and kept.flags.c_contiguous and kept.flags.writeable
    kept += 1
    np.testing.assert_array_equal(kept, array + 1)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the memory")
def test_memory_is_given_back_and_content_comes_back():
    memory, block = PagedMemory(), np.arange(5 * MB, dtype=np.float32)
    kept = [memory.keep(block + n) for n in range(6)]
    before = resident_mb()
    memory.let_go()
    assert resident_mb() < before - 100
    for n, array in enumerate(kept):
        np.testing.assert_array_equal(array[::1000], block[::1000] + n)


def test_the_place_of_an_array_that_is_gone_is_used_again_but_not_while_a_view_of_it_lives():
    memory = PagedMemory()
    first = memory.keep(np.zeros(20 * MB, np.uint8))
    view = first[::7]
    del first
    gc.collect()
    second = memory.keep(np.ones(20 * MB, np.uint8))
    assert not view.any()
    address = view.__array_interface__["data"][0]
    del view
    gc.collect()
    assert memory.keep(second).__array_interface__["data"][0] == address


def test_without_room_on_the_disk_arrays_stay_in_ordinary_memory(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(paged_memory, "_reserve", full)
    memory, array = PagedMemory(), np.ones(100)
    assert memory.keep(array) is array
    memory.let_go()


def test_what_is_empty_or_larger_than_a_segment_is_left_alone():
    memory = PagedMemory()
    assert memory.keep(np.zeros((7, 0), np.float32)).shape == (7, 0)
    huge = np.zeros(SEGMENT + 1, np.uint8)
    assert memory.keep(huge) is huge
