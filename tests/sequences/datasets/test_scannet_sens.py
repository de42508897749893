"""ScanNet's .sens files: broken off, and without times."""

import struct

import numpy as np

from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from tests.helpers.dataset_samples import SAMPLE_FRAMES, write
from tests.helpers.opening import opened
from tests.helpers.tiny_recordings import truncate


def test_a_sens_file_that_breaks_off(copied):
    sample = copied("sens")
    truncate(sample.source / "scene0000_00.sens", 0.75)
    sequence = opened(sample)
    assert len(list(sequence)) == 3 and "ends after 3 of 5 frames" in sequence.skipped.reasons[0]


def test_a_sens_file_without_times(samples, tmp_path):
    """Frame after frame says 0."""
    sample = samples("sens")
    data, start = bytearray((sample.source / "scene0000_00.sens").read_bytes()), 12 + 15 + 256 + 36
    for _ in range(SAMPLE_FRAMES):
        colour_size, depth_size = struct.unpack_from("<2Q", data, start + 80)
        data[start + 64:start + 80] = bytes(16)
        start += 96 + colour_size + depth_size
    write(tmp_path / "scene0000_00.sens", bytes(data))
    sequence = open_sequence(str(tmp_path), SourceOptions())
    times_s = [frame.timestamp_s for frame in sequence]
    assert np.allclose(times_s, np.arange(SAMPLE_FRAMES) / 30) and not len(sequence.skipped)
