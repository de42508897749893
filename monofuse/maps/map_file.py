"""The file of a map: an SQLite database, its tables, its format version, and how it is opened.

SQLite in WAL mode survives whatever ends the program, and is one file once it is closed. docs/map_format.md describes
the tables for readers in other languages.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calib.base.errors import BadInputError, SourceError
from calib.files.json_text import json_of
from monofuse.maps.map_check import check_tables

STATES = ("tracking", "tracked", "adjusted", "final", "complete")
"""How far a run has come: its frames come; all came; poses are adjusted; depth is final; the results are there."""
MAP_FILE = "map.db"
"""Name of a map in the folder of a result."""
MAP_FILES = MAP_FILE, f"{MAP_FILE}-wal", f"{MAP_FILE}-shm"
"""What SQLite may leave of it in that folder."""
APPLICATION_ID = 0x6D6F6E6F
"""`mono`, in the header of the file, so that it is not taken for any other database."""
FORMAT = 1
"""Version of the format, in the header as user_version; a reader takes its own and older ones."""
UPGRADES: dict[int, str] = {}
"""{older version: SQL that makes the next one of it}"""
TABLES = """
CREATE TABLE info (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE keyframe (row INTEGER PRIMARY KEY, session INTEGER NOT NULL, frame_index INTEGER NOT NULL,
                       timestamp_s REAL NOT NULL, image BLOB NOT NULL, usable BLOB);
CREATE TABLE depth (row INTEGER PRIMARY KEY, scale REAL NOT NULL, inverse_depth BLOB NOT NULL, log_std BLOB);
CREATE TABLE network_depth (row INTEGER PRIMARY KEY, inverse_depth BLOB NOT NULL);
CREATE TABLE pose (row INTEGER PRIMARY KEY, submap INTEGER NOT NULL, scale REAL NOT NULL, T_world_key BLOB NOT NULL,
                   log_ratio REAL, agreement REAL);
CREATE TABLE frame (session INTEGER NOT NULL, number INTEGER NOT NULL, timestamp_s REAL NOT NULL, row INTEGER NOT NULL,
                    T_key_cam BLOB NOT NULL, PRIMARY KEY (session, number)) WITHOUT ROWID;
CREATE TABLE edge (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, second INTEGER NOT NULL,
                   is_loop INTEGER NOT NULL, S_first_second BLOB NOT NULL, std BLOB NOT NULL);
CREATE TABLE session (number INTEGER PRIMARY KEY, source TEXT NOT NULL, value TEXT NOT NULL);
"""


def create_map(path: Path) -> sqlite3.Connection:
    """A new map in the place of an older file. Raises sqlite3.Error, OSError."""
    connection = _connected_to_new(path)
    connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};{TABLES}")
    return connection


def copy_map(source: Path, path: Path) -> sqlite3.Connection:
    """A copy of a map to go on with; the source stays as it is. Raises BadInputError, sqlite3.Error, OSError."""
    connection = _connected_to_new(path)
    original = read_map(source)
    try:
        original.backup(connection)
    finally:
        original.close()
    connection.execute("PRAGMA journal_mode = WAL")  # the copy took over how the source was closed
    return connection


def open_map(path: Path) -> sqlite3.Connection:
    """A map that is there, to go on in it. Raises sqlite3.Error."""
    return _connected(path)


def close_map(connection: sqlite3.Connection) -> None:
    """Close a map that is whole: one file, to be read from anywhere, also where nothing can be written."""
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")  # depth that was replaced has left holes
    finally:
        connection.close()


def read_map(path: Path) -> sqlite3.Connection:
    """Open a map, perhaps one of a run that was killed. Raises BadInputError where it is none, is damaged, or is newer
    than this program."""
    if not path.is_file():  # nor what never ends
        raise BadInputError(f"{path}: there is no map; a run leaves it in the folder of its results")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION_ID:
            raise BadInputError(f"{path} is no map of monofuse")
        if version > FORMAT:
            raise BadInputError(f"{path} is of format {version}, this program reads up to {FORMAT}: update monofuse")
        while version < FORMAT:
            connection.executescript(f"BEGIN; {UPGRADES[version]}; PRAGMA user_version = {version + 1}; COMMIT;")
            version += 1
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise BadInputError(f"{path} is damaged: {' '.join(problem.split())[:100]}")
        check_tables(connection, TABLES)
    except BadInputError:
        connection.close()
        raise
    except DAMAGE as error:
        connection.close()
        raise damaged(path, error) from error
    return connection


DAMAGE = (sqlite3.Error, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a damaged map raises."""


def map_in(path: Path) -> Path:
    """The map file that is meant by the folder of a result, or by its own name."""
    return path / MAP_FILE if path.is_dir() else path


def damaged(path: Path, error: Exception) -> SourceError:
    """The error for a file that SQLite cannot read, or that holds what no map does."""
    return SourceError(f"{path} cannot be read as a map: {' '.join(str(error).split())[:200]}")


def read_info(connection: sqlite3.Connection) -> dict[str, Any]:
    """All values of the table `info`. Raises ValueError."""
    return {name: json_of(value) for name, value in connection.execute("SELECT name, value FROM info")}


def write_info(connection: sqlite3.Connection, values: Mapping[str, Any]) -> None:
    """Set values of the table `info`."""
    connection.executemany("INSERT OR REPLACE INTO info VALUES (?, ?)",
                           [(name, json.dumps(value, default=str)) for name, value in values.items()])


def _connected_to_new(path):
    """In the place of an older file."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return _connected(path)


def _connected(path):
    """Commits are left to the caller. FULL: what was committed survives a power cut."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
