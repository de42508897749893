"""What must hold of a map before it is used, whoever wrote it: columns of their types, sizes within limits, rows that
belong together. SQLite itself takes any value in any column."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np

from calib.geometry.calibration import camera_from
from calib.geometry.camera import Camera

MAX_TEXT, MAX_BLOB = 16 << 20, 64 << 20
"""Characters of a text, and bytes of an image or a depth map."""
MAX_NUMBER = 1e15
MAX_WORKING_PX = 4096
"""Side of the images that SLAM works on."""
MAX_SKEW = 1e-2
"""Of R^T R - 1."""
KINDS = {"INTEGER": ("typeof({0}) = 'integer' AND {0} BETWEEN 0 AND 2147483647"),
         "REAL": f"typeof({{0}}) = 'real' AND abs({{0}}) < {MAX_NUMBER}",
         "TEXT": f"typeof({{0}}) = 'text' AND length({{0}}) <= {MAX_TEXT}",
         "BLOB": f"typeof({{0}}) = 'blob' AND length({{0}}) <= {MAX_BLOB}"}
"""What a value of each declared type has to be."""
RULES = {
    "keyframes have gaps": "SELECT (SELECT count(*) FROM pose) != 1 + ifnull((SELECT max(row) FROM pose), -1) OR "
                           "EXISTS (SELECT 1 FROM pose WHERE row NOT IN (SELECT row FROM keyframe) OR row NOT IN "
                           "(SELECT row FROM depth) OR scale <= 0) OR EXISTS (SELECT 1 FROM depth WHERE scale <= 0)",
    "frames are of no keyframe": "SELECT EXISTS (SELECT 1 FROM frame WHERE row NOT IN (SELECT row FROM pose) OR "
                                 "session NOT IN (SELECT number FROM session))",
    "edges are between no keyframes": "SELECT EXISTS (SELECT 1 FROM edge WHERE first NOT IN (SELECT row FROM pose) OR "
                                      "second NOT IN (SELECT row FROM pose) OR length(std) != 56)",
    "keyframes are of no recording": "SELECT EXISTS (SELECT 1 FROM keyframe WHERE session NOT IN (SELECT number FROM "
                                     "session))"}
"""What is wrong, in words -> a query that says whether it is."""


def check_tables(connection: sqlite3.Connection, tables: str) -> None:
    """Raise ValueError where a table holds what the SQL that makes the `tables` does not mean."""
    for table, column, rule in _columns(tables):
        if connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE NOT ({rule}))").fetchone()[0]:
            raise ValueError(f"{table}.{column} holds what does not belong there")
    for problem, query in RULES.items():
        if connection.execute(query).fetchone()[0]:
            raise ValueError(problem)


def camera_of(info: dict[str, Any]) -> Camera:
    """The pinhole that info describes. Raises ValueError, CalibrationError, KeyError."""
    fields, size = info["camera"], info["working_size"]
    if not all(isinstance(side, int) and 0 < side <= MAX_WORKING_PX for side in size) or len(size) != 2:
        raise ValueError("its working_size makes no sense")
    return camera_from((fields["width"], fields["height"]), [fields[name] for name in ("fx", "fy", "cx", "cy")])


def matrices(blobs: list[bytes], is_rigid: bool = True) -> np.ndarray:
    """Blobs of 16 float64 each -> (N, 4, 4). Raises ValueError where they are no rigid transforms, or similarities."""
    T = np.frombuffer(b"".join(blobs), "<f8").reshape(-1, 4, 4).copy()
    if len(T) != len(blobs) or not np.all(np.isfinite(T)) or np.abs(T).max(initial=0) > MAX_NUMBER:
        raise ValueError("a pose makes no sense")
    R = T[:, :3, :3]
    size2 = np.ones(len(T)) if is_rigid else np.einsum("nij,nij->n", R, R) / 3
    skew = np.abs(R.transpose(0, 2, 1) @ R - size2[:, None, None] * np.eye(3)).max(initial=0, axis=(1, 2))
    if np.any(size2 <= 0) or np.any(skew > MAX_SKEW * size2) or np.any(T[:, 3] != (0, 0, 0, 1)):
        raise ValueError("a pose is no rotation")
    return T


def _columns(tables) -> Iterator[tuple[str, str, str]]:
    """Table, column, and what its values have to be."""
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(tables)
        for table, in empty.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, kind, is_needed, _, is_key in empty.execute(f"PRAGMA table_info({table})"):
                rule = KINDS[kind].format(f'"{column}"')
                yield table, column, f"({rule})" if is_needed or is_key else f'"{column}" IS NULL OR ({rule})'
