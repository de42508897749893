"""calib.base.memory: what was freed goes back to the system."""

import errno
import sys
from pathlib import Path

import numpy as np
import pytest

from calib.base.memory import hand_back, ran_out


def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is to be done")
def test_pieces_go_back():
    pieces = [np.ones(8192) for _ in range(1600)]  # of 64 kB, which the C library takes from its heap
    full_mb, last = resident_mb(), pieces[-1]
    del pieces
    hand_back()
    assert resident_mb() < full_mb - 60 and last[0] == 1


@pytest.mark.parametrize("error, is_memory", [
    (MemoryError(), True), (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
    (OSError(errno.ENOENT, "no"), False),
    (ImportError("libx.so: failed to map segment from shared object"), True), (RuntimeError("std::bad_alloc"), True),
    (ValueError("wrong"), False)])
def test_errors_of_missing_memory_are_known(error, is_memory):
    assert ran_out(error) == is_memory
    try:
        raise KeyError from error
    except KeyError as consequence:
        assert ran_out(consequence) == is_memory
