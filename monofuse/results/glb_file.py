"""The container of binary glTF 2.0 (.glb): a description in JSON, and a buffer."""

import json
from typing import Any

import numpy as np

from calib.base.errors import SourceError
from calib.files.json_text import json_of

MAGIC, JSON_CHUNK, BINARY_CHUNK = b"glTF", b"JSON", b"BIN\x00"
FLOAT, U32 = 5126, 5125
"""glTF's numbers for 32-bit floats and unsigned integers."""


def glb_bytes(scene: dict[str, Any], binary: bytes) -> bytes:
    """Description and buffer -> content of a .glb file"""
    text = json.dumps(scene, separators=(",", ":")).encode()
    chunks = _chunk(JSON_CHUNK, text, b" ") + _chunk(BINARY_CHUNK, binary, b"\0")
    return MAGIC + np.array([2, 12 + len(chunks)], "<u4").tobytes() + chunks


def read_glb(data: bytes) -> tuple[dict[str, Any], bytearray]:
    """Content of a .glb file -> its description and its buffer. Raises SourceError."""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at:at + 4], "little"), data[at + 4:at + 8]
        found.setdefault(kind, data[at + 8:at + 8 + length])
        at += 8 + length
    try:
        if data[:4] != MAGIC or at != len(data):
            raise ValueError
        return json_of(found[JSON_CHUNK]), bytearray(found[BINARY_CHUNK])
    except (KeyError, ValueError) as error:
        raise SourceError("it is no whole .glb file with its buffer inside") from error


def vectors(scene: dict[str, Any], accessor: dict[str, Any], binary: bytearray) -> np.ndarray:
    """-> (N, 3) float32 view into the buffer. Raises SourceError for vectors that are packed in another way."""
    view = scene["bufferViews"][accessor["bufferView"]] if "bufferView" in accessor else {"buffer": 1}
    if accessor["componentType"] != FLOAT or accessor["type"] != "VEC3" or view["buffer"] or "sparse" in accessor:
        raise SourceError("its vertices are packed in a way that this program does not write")
    return np.ndarray((accessor["count"], 3), "<f4", binary, view.get("byteOffset", 0) + accessor.get("byteOffset", 0),
                      (view.get("byteStride", 12), 4))


def _chunk(kind: bytes, data: bytes, filler: bytes) -> bytes:
    """A chunk, filled up to a multiple of four bytes."""
    data += filler * (-len(data) % 4)
    return np.array([len(data)], "<u4").tobytes() + kind + data
