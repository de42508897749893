"""LZFSE streams of uncompressed blocks (`bvx-`, size, bytes; `bvx$` at the end): what compressors write for noise.

Any decoder reads them; the one here stands in where the package pyliblzfse is missing, which has no wheel for Linux.
"""

import sys
from types import SimpleNamespace


class LzfseError(Exception):
    pass


def compress(data):
    return b"bvx-" + len(data).to_bytes(4, "little") + data + b"bvx$"


def decompress(stream):
    size = int.from_bytes(stream[4:8], "little")
    if stream[:4] != b"bvx-" or stream[8 + size: 12 + size] != b"bvx$":
        raise LzfseError
    return stream[8: 8 + size]


def stand_in(set_item=dict.__setitem__):
    """Make `import liblzfse` work. `set_item` may be one that is undone later."""
    try:
        import liblzfse  # noqa: F401
    except ImportError:
        set_item(sys.modules, "liblzfse", SimpleNamespace(decompress=decompress, error=LzfseError))
