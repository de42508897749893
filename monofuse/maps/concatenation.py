"""Several saved maps in one file, side by side: their recordings, keyframes and parts numbered on, nothing joined."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from calib.base.errors import BadInputError
from monofuse.configuration import plain
from monofuse.maps.map_file import STATES, close_map, create_map, damaged, write_info
from monofuse.maps.other_camera import CameraChange
from monofuse.maps.saved_map import SavedMap
from slam.scale.known_scale import ScaleConfig

NUMBERED: dict[str, tuple[str, ...]] = {
    "session": ("number",), "keyframe": ("row", "session"), "depth": ("row",), "network_depth": ("row",),
    "pose": ("row", "submap"), "frame": ("session", "row"), "edge": ("number", "first", "second")}
"""Tables that are copied, and their columns that are numbered on."""


class Numbers(NamedTuple):
    """What the numbers of one map begin with in the file of all."""

    row: int
    submap: int
    session: int
    edge: int

    def after(self, saved: SavedMap) -> Numbers:
        """Of the map that follows."""
        return Numbers(self.row + saved.keyframe_count, self.submap + int(saved.poses().submap.max()) + 1,
                       self.session + saved.sessions[-1][0] + 1, self.edge + saved.edge_count)


def refuse_misfits(maps: Sequence[SavedMap]) -> None:
    """Raise BadInputError in one line for maps that cannot become one."""
    first = maps[0]
    for other in maps[1:]:
        if other.config.depth_is_measured != first.config.depth_is_measured:
            kinds = ["a sensor's" if saved.config.depth_is_measured else "a network's" for saved in (first, other)]
            raise BadInputError(f"{first.path} is of {kinds[0]} depth, {other.path} of {kinds[1]}: merge maps of one "
                                "kind")
        if other.working_size != first.working_size or other.config.level_count != first.config.level_count:
            raise BadInputError(f"{first.path} works at {_size(first)} pixels, {other.path} at {_size(other)}: run one "
                                "of the two again, with a --set working_width that gives the size of the other")


def concatenated(maps: Sequence[SavedMap], path: Path, told: Callable[[str], None]) -> list[Numbers]:
    """Write all of some maps into one new file, the images in the camera of the first -> where each one's numbers begin

    told: called with a line for each map whose camera is another. Raises BadInputError, SourceError, OSError."""
    numbers = [Numbers(0, 0, 0, 0)]
    for saved in maps:
        numbers.append(numbers[-1].after(saved))
    try:
        with closing(create_map(path)) as connection:
            connection.execute("BEGIN")
            for saved, begin in zip(maps, numbers):
                change = CameraChange.between(saved, maps[0])
                if change:
                    told(f"camera     {saved.path}: its images are brought to the camera of {maps[0].path}, "
                         f"{maps[0].camera.describe()}")
                _copy(saved, connection, begin, change)
            write_info(connection, _info(maps))
            connection.execute("COMMIT")
            close_map(connection)
    except sqlite3.Error as error:
        raise damaged(path, error) from error
    return numbers[:-1]


def _copy(saved: SavedMap, connection: sqlite3.Connection, begin: Numbers, change: CameraChange | None) -> None:
    """Copy the tables of one map."""
    for table, numbered in NUMBERED.items():
        names, rows = saved.table(table)
        added = [getattr(begin, _counter(table, name)) if name in numbered else 0 for name in names]
        placeholders = ", ".join("?" * len(names))
        for row in rows:
            values = [value + offset if offset else value for value, offset in zip(row, added)]
            if change:
                values = change.of(table, dict(zip(names, values)))
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({placeholders})", values)


def _counter(table: str, column: str) -> str:
    """The field of Numbers by which a column is numbered."""
    return table if column == "number" else "row" if column in ("first", "second") else column


def _info(maps: Sequence[SavedMap]) -> Mapping[str, Any]:
    """What the file says of itself: each part is as good as in its own map, and no known scale is to be applied again.
    """
    first = maps[0]
    status: dict[str, int] = {}
    for saved in maps:
        for name, count in saved.info["status"].items():
            status[name] = status.get(name, 0) + count
    return {"camera": asdict(first.camera), "working_size": first.working_size,
            "configuration": plain(first.config) | {"known_scale": plain(ScaleConfig())},
            "versions": first.info["versions"], "state": STATES[-1], "scale": first.info["scale"],
            "frames": sum(saved.info["frames"] for saved in maps), "status": status}


def _size(saved):
    height, width = saved.working_size
    return f"{width}x{height}"
