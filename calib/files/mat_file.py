"""MATLAB files up to version 7, checked before scipy reads them: at tags that make no sense it may end the process."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

MAX_BYTES = 1 << 30
"""Of a file, and of what is compressed in it."""
HEADER_BYTES = 128
KINDS = {*range(1, 8), 9, *range(12, 19)}
"""Numbers of the types of elements."""
MATRIX, COMPRESSED = 14, 15
MAX_DEPTH = 50
"""Matrices within matrices."""


def mat_contents(data: bytes, names: Sequence[str] | None = None, simplify_cells: bool = False) -> dict[str, Any]:
    """Bytes of a .mat file -> {name: array}, all or those of these names. Raises ValueError for what is damaged, and
    whatever else scipy raises over damaged bytes."""
    from scipy.io import loadmat
    if _is_version_5(data):
        check_elements(memoryview(data)[HEADER_BYTES:], ">" if data[126:128] == b"MI" else "<")
    return loadmat(io.BytesIO(data), variable_names=names, simplify_cells=simplify_cells)


def _is_version_5(data):
    """Whether scipy takes it for one with such elements; those of version 4 begin with a number, of 7.3 with HDF5."""
    return len(data) >= HEADER_BYTES and 0 not in data[:4] and data[125 if data[126:127] == b"I" else 124] == 1


def check_elements(data: memoryview | bytes, order: str, depth: int = 0) -> None:
    """Raise ValueError where data are no sequence of elements of known types, whole, to any depth."""
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start, end = place + 8, place + 8 + size
        if kind >> 16:  # up to four bytes stand in the tag itself
            kind, size, start, end = kind & 0xFFFF, kind >> 16, place + 4, place + 8
        if kind not in KINDS or end > len(data) or end - start < size:
            raise ValueError(f"an element of type {kind} and {size} bytes makes no sense")
        if kind == MATRIX:
            check_elements(data[start:end], order, depth + 1)
        elif kind == COMPRESSED:
            check_elements(_decompressed(data[start:end]), order, depth + 1)
        place = end if kind == COMPRESSED else end + -end % 8


def _decompressed(data):
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise ValueError(f"what is compressed in it is damaged ({error})") from error
    if stream.unconsumed_tail:
        raise ValueError("it unfolds to too much")
    return whole
