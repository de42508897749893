"""Rescaled .ply files: meshes and maps of surfels."""

import numpy as np

from calib.base.errors import SourceError

TYPES = {"char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "<i2", "int16": "<i2", "ushort": "<u2",
         "uint16": "<u2", "int": "<i4", "int32": "<i4", "uint": "<u4", "uint32": "<u4", "float": "<f4",
         "float32": "<f4", "double": "<f8", "float64": "<f8"}
LENGTHS = ("x", "y", "z", "radius")
"""Properties of a vertex that are in metres."""
HEADER_END = b"end_header\n"


def rescaled_ply(data: bytes, factor: float) -> bytes:
    """Positions and radii of the vertices times `factor`. Raises SourceError for what this project does not write."""
    start, table = vertex_table(data)
    table = table.copy()
    for name in LENGTHS:
        if name in (table.dtype.names or ()):
            table[name] = factor * table[name].astype(np.float64)
    return data[:start] + table.tobytes() + data[start + table.nbytes:]


def vertex_table(data: bytes) -> tuple[int, np.ndarray]:
    """-> where the vertices of a binary little-endian .ply begin, and the vertices (N,) by the names of their
    properties. Raises SourceError."""
    end = data.find(HEADER_END)
    lines = data[:max(end, 0)].decode("ascii", "replace").splitlines()
    elements = [k for k, line in enumerate(lines) if line.startswith("element ")]
    if not lines or "format binary_little_endian 1.0" not in lines or not elements or \
            not lines[elements[0]].startswith("element vertex "):
        raise SourceError("it is no binary .ply whose vertices come first")
    last = elements[1] if len(elements) > 1 else len(lines)
    properties = [line.split() for line in lines[elements[0] + 1:last] if line.startswith("property ")]
    if not all(len(words) == 3 and words[1] in TYPES for words in properties):
        raise SourceError("its vertices have properties of unknown types")
    if not {"x", "y", "z"} <= {name for _, _, name in properties}:
        raise SourceError("its vertices have no place (x, y, z)")
    kind = np.dtype([(name, TYPES[word]) for _, word, name in properties])
    count, start = int(lines[elements[0]].split()[2]), end + len(HEADER_END)
    if len(data) < start + count * kind.itemsize:
        raise SourceError("it is cut off")
    return start, np.frombuffer(data, kind, count, start)


def check_triangles(triangles: np.ndarray, vertex_count: int) -> None:
    """Raise SourceError for triangles (M, 3) whose corners are not among so many vertices."""
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < vertex_count:
        raise SourceError("it has triangles without corners")
