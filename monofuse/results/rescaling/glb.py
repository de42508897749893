"""Rescaled .glb files (glTF 2.0, binary): positions of vertices, and where nodes stand."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from monofuse.results.glb_file import glb_bytes, read_glb, vectors


def rescaled_glb(data: bytes, factor: float) -> bytes:
    """All positions and translations times `factor`; textures, colours and triangles stay. Raises SourceError."""
    scene, binary = read_glb(data)
    for accessor in _positions(scene):
        vertices = vectors(scene, accessor, binary)
        vertices[:] = factor * vertices.astype(np.float64)
        accessor["min"], accessor["max"] = (bound.astype(float).tolist() for bound in (vertices.min(0),
                                                                                       vertices.max(0)))
    for node in scene.get("nodes", []):
        if "translation" in node:
            node["translation"] = [factor * value for value in node["translation"]]
        if "matrix" in node:  # column by column
            node["matrix"][12:15] = [factor * value for value in node["matrix"][12:15]]
    return glb_bytes(scene, bytes(binary))


def _positions(scene: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The accessors of vertex positions, each once."""
    primitives = [primitive for mesh in scene.get("meshes", []) for primitive in mesh["primitives"]]
    for number in sorted({primitive["attributes"]["POSITION"] for primitive in primitives}):
        yield scene["accessors"][number]
