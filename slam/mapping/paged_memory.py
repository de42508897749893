"""Memory for what all keyframes keep: in a temporary file, of which only what is being used takes memory.

The pages of a file that is mapped into memory come as they are read and can be given back at any time, without anything
being lost. So a map may be larger than the memory, and what nobody looks at takes none.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections import defaultdict

import numpy as np

SEGMENT = 64 * 2**20
"""Bytes by which the file grows, and that are mapped at a time."""
UNIT = 16 * 1024
"""What an array takes is a multiple of this many bytes, so that another one fits into its place later."""


class PagedMemory:
    """Keeps arrays. On a machine that cannot, where the disk is full, say, they stay in ordinary memory."""

    def __init__(self):
        self._file: int | None = None
        self._segments: list[mmap.mmap] = []
        self._used = SEGMENT
        """Bytes of the last segment that were ever given out."""
        self._free: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        """Segment and first byte of places whose arrays are gone, by their size."""
        self._is_full = False

    def keep(self, array: np.ndarray) -> np.ndarray:
        """An array of the same content that takes memory only while it is used; it can be changed like any other."""
        size = -(-array.nbytes // UNIT) * UNIT
        if not 0 < size <= SEGMENT:
            return array
        place = self._place(size)
        if place is None:
            return array
        segment, start = place
        kept = np.ndarray(array.shape, array.dtype, self._segments[segment], start)
        weakref.finalize(kept, self._free[size].append, place).atexit = False  # views of it keep it alive
        kept[...] = array
        return kept

    def let_go(self) -> None:
        """Give all memory back to the system; what is read again comes back by itself."""
        if hasattr(mmap, "MADV_DONTNEED"):  # elsewhere the system decides
            for segment in self._segments:
                segment.madvise(mmap.MADV_DONTNEED)

    def _place(self, size):
        """-> segment and first byte of room for an array, None where there is none"""
        if self._free[size]:
            return self._free[size].pop()
        if self._used + size > SEGMENT and not self._grow():
            return None
        start, self._used = self._used, self._used + size
        return len(self._segments) - 1, start

    def _grow(self):
        """Add a segment -> whether there was room on the disk: to find out only as pages are written would be fatal"""
        if self._is_full:
            return False
        try:
            if self._file is None:
                self._file = _unnamed_file()
                weakref.finalize(self, os.close, self._file)
            start = len(self._segments) * SEGMENT
            _reserve(self._file, start, SEGMENT)
            self._segments.append(mmap.mmap(self._file, SEGMENT, offset=start))
        except OSError:
            self._is_full = True
            return False
        self._used = 0
        return True


def _unnamed_file():
    """-> descriptor of a file that is gone when it is closed, however the program ends"""
    with tempfile.TemporaryFile(prefix="monofuse-") as file:
        return os.dup(file.fileno())


def _reserve(file, start, size):
    """Room on the disk for bytes of a file. Raises OSError where there is none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, start, size)
    else:
        os.lseek(file, start, os.SEEK_SET)
        os.write(file, bytes(size))
