"""The thread that writes a map: changes in, transactions out, so that SLAM never waits for the disk."""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import OutputError
from calib.files.atomic_file import reason_of
from monofuse.maps.changes import Changes
from monofuse.maps.depth_code import encode_depth, encode_log_std, encode_mask
from monofuse.maps.map_file import close_map, write_info

CONTENT = ("keyframe", "depth", "network_depth", "pose", "frame", "edge")
"""Tables whose rows are void once a map is written anew."""


class MapWriter:
    """Writes one map. What fails is kept in `failure`, since a run goes on without it."""

    def __init__(self, path: Path, connect: Callable[[Path], sqlite3.Connection], source: str | None,
                 info: Mapping[str, Any]):
        """connect: creates the file, copies another, or opens it to go on; source, info: of the recording that is
        written, a session of its own; None: the last recording of the file goes on. Raises OutputError."""
        self.path = path
        try:
            self._connection = connect(path)
            last = self._connection.execute("SELECT coalesce(max(number), -1) FROM session").fetchone()[0]
            self.session = last if source is None else last + 1
            if source is not None:
                self._connection.execute("INSERT INTO session VALUES (?, ?, ?)",
                                         (self.session, source, json.dumps(info, default=str)))
        except (sqlite3.Error, OSError) as error:
            raise OutputError(f"cannot write {path}: {_reason(error)}; choose another --output") from error
        self.failure: OutputError | None = None
        self._changes: Changes | None = None
        self._condition = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name="map", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether all is written, so that more can be given."""
        return self._changes is None

    def write(self, changes: Changes) -> None:
        """Have changes written; only when `is_idle`, or after `wait`."""
        assert self.is_idle, "two transactions at a time"
        if self.failure is None:
            with self._condition:
                self._changes = changes
                self._condition.notify_all()

    def wait(self) -> None:
        """Return when all is written, or has failed."""
        with self._condition:
            self._condition.wait_for(lambda: self._changes is None)

    def close(self) -> None:
        """Write what waits, and close the file: one file then."""
        self._end()
        with suppress(sqlite3.Error):
            close_map(self._connection)

    def rescue(self, path: Path) -> None:
        """Close, and copy the map elsewhere, though its own file may be gone. Raises OutputError."""
        self._end()
        try:
            with closing(sqlite3.connect(path)) as copy:
                self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise OutputError(f"cannot write {path}: {_reason(error)}") from error
        finally:
            self._connection.close()

    @property
    def is_gone(self) -> bool:
        """Whether somebody has removed the file."""
        return not self.path.exists()

    def _end(self):
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
        self._thread.join()

    def _work(self):
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._changes is not None or self._is_closing)
            if self._changes is None:
                return
            try:
                self._write(self._changes)
            except Exception as error:  # a thread must not end without a word
                self.failure = OutputError(f"the map {self.path} is not written any further: {_reason(error)}")
            with self._condition:
                self._changes = None
                self._condition.notify_all()
            if self.failure:
                return

    def _write(self, changes):
        """One transaction: all of the changes or none."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            if changes.is_anew:
                self._void()
            self._insert(changes)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _void(self):
        for table in CONTENT:
            self._connection.execute(f"DELETE FROM {table}")

    def _insert(self, changes):
        many = self._connection.executemany
        many("INSERT OR REPLACE INTO keyframe VALUES (?, ?, ?, ?, ?, ?)",
             ((k.row, self.session, k.frame_index, k.timestamp_s, k.jpeg,
               None if k.usable is None else encode_mask(k.usable)) for k in changes.keyframes))
        many("INSERT OR REPLACE INTO depth VALUES (?, ?, ?, ?)",
             ((d.row, d.scale, encode_depth(d.inverse_depth), None if d.log_std is None else encode_log_std(d.log_std))
              for d in changes.depths))
        many("INSERT OR REPLACE INTO network_depth VALUES (?, ?)",
             ((row, encode_depth(depth)) for row, depth in changes.network_depths))
        many("INSERT OR REPLACE INTO pose VALUES (?, ?, ?, ?, ?, ?)",
             ((p.row, p.submap, p.scale, as_bytes(p.T_world_key), p.log_ratio, p.agreement) for p in changes.poses))
        many("INSERT OR REPLACE INTO frame VALUES (?, ?, ?, ?, ?)",
             ((self.session, f.number, f.timestamp_s, f.row, as_bytes(f.T_key_cam)) for f in changes.frames))
        many("INSERT OR REPLACE INTO edge VALUES (?, ?, ?, ?, ?, ?)",
             ((number, e.first, e.second, int(e.is_loop), as_bytes(e.S_first_second), as_bytes(e.std))
              for number, e in changes.edges))
        write_info(self._connection, changes.info)


def as_bytes(values: np.ndarray) -> bytes:
    """Any array -> its numbers as little-endian float64."""
    return np.asarray(values, "<f8").tobytes()


def _reason(error):
    return reason_of(error) if isinstance(error, OSError) else str(error)
