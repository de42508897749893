"""Rescaled .glb files (glTF 2.0, binary): positions of vertices, and where nodes stand."""

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from calib.base.errors import SourceError

MAGIC, JSON_CHUNK, BINARY_CHUNK = b"glTF", b"JSON", b"BIN\x00"
FLOAT = 5126
"""glTF's number for 32-bit floats."""
VECTOR_BYTES = 12


def rescaled_glb(data: bytes, factor: float) -> bytes:
    """All positions and translations times `factor`; textures, colours and triangles stay. Raises SourceError."""
    scene, binary = _chunks(data)
    for accessor in _positions(scene):
        vertices = _vertices(scene, accessor, binary)
        vertices[:] = factor * vertices.astype(np.float64)
        accessor["min"], accessor["max"] = (bound.astype(float).tolist() for bound in (vertices.min(0),
                                                                                       vertices.max(0)))
    for node in scene.get("nodes", []):
        if "translation" in node:
            node["translation"] = [factor * value for value in node["translation"]]
        if "matrix" in node:  # column by column
            node["matrix"][12:15] = [factor * value for value in node["matrix"][12:15]]
    text = json.dumps(scene, separators=(",", ":")).encode()
    parts = _chunk(JSON_CHUNK, text, b" ") + _chunk(BINARY_CHUNK, bytes(binary), b"\0")
    return MAGIC + struct.pack("<II", 2, 12 + len(parts)) + parts


def _chunks(data: bytes) -> tuple[dict[str, Any], bytearray]:
    """-> the scene's description and its buffer"""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        length, kind = struct.unpack_from("<I4s", data, at)
        found.setdefault(kind, data[at + 8:at + 8 + length])
        at += 8 + length
    try:
        if data[:4] != MAGIC or at != len(data):
            raise ValueError
        return json.loads(found[JSON_CHUNK]), bytearray(found[BINARY_CHUNK])
    except (KeyError, ValueError) as error:
        raise SourceError("it is no whole .glb file with its buffer inside") from error


def _positions(scene: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The accessors of vertex positions, each once."""
    primitives = [primitive for mesh in scene.get("meshes", []) for primitive in mesh["primitives"]]
    for number in sorted({primitive["attributes"]["POSITION"] for primitive in primitives}):
        yield scene["accessors"][number]


def _vertices(scene: dict[str, Any], accessor: dict[str, Any], binary: bytearray) -> np.ndarray:
    """-> (N, 3) float32 view into the buffer"""
    view = scene["bufferViews"][accessor["bufferView"]] if "bufferView" in accessor else {"buffer": 1}
    if accessor["componentType"] != FLOAT or accessor["type"] != "VEC3" or view["buffer"] or "sparse" in accessor:
        raise SourceError("its vertices are packed in a way that this program does not write")
    return np.ndarray((accessor["count"], 3), "<f4", binary, view.get("byteOffset", 0) + accessor.get("byteOffset", 0),
                      (view.get("byteStride", VECTOR_BYTES), 4))


def _chunk(kind: bytes, data: bytes, filler: bytes) -> bytes:
    """A chunk, filled up to a multiple of four bytes."""
    data += filler * (-len(data) % 4)
    return struct.pack("<I4s", len(data), kind) + data
