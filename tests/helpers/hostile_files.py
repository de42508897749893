"""Hostile changes to the files of a sample: what is in them, what lies in their place, and how to put it all back."""

import io
import os
import shutil
import sqlite3
import struct
import tempfile
import zipfile
from pathlib import Path

from tests.helpers import hostile
from tests.helpers.hostile import LIMITS, pick

SPARSE_BYTES = 5 << 30
"""Of a file that takes no space."""
MAX_TRIES = 20


class Kept:
    """What is in a folder, to be put back after each change."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = {path: path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}
        self.paths = {str(path) for path in self.folder.rglob("*")}
        self.seen = {path: _stamp(path) for path in self.data}

    def files(self):
        """Files with content, one list for each kind."""
        kinds = {}
        for path, data in self.data.items():
            kinds.setdefault(path.suffix, []).extend([path] if data else [])
        return [paths for _, paths in sorted(kinds.items()) if paths]

    def first(self):
        """A file, for reading the sample as it is."""
        return next(iter(self.data))

    def put_back(self):
        """The folder as it was."""
        for above, folders, files in os.walk(self.folder, topdown=False):
            for path in (os.path.join(above, name) for name in (*folders, *files)):
                if path not in self.paths:
                    remove(Path(path))
        for path, data in self.data.items():
            if _stamp(path) != self.seen[path]:
                remove(path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                self.seen[path] = _stamp(path)


def change(kept, rng, only_content=False):
    """Do something hostile to one file -> its path, what was done in words"""
    path = pick(pick(kept.files(), rng), rng)
    if not only_content and rng.random() < 0.12:
        replace = pick((as_device, as_pipe, as_folder, as_nothing, as_loop, as_sparse, as_other), rng)
        replace(path, kept, rng)
        return path, replace.__name__
    data = kept.data[path]
    twists = (archive,) if data.startswith(b"PK\3\4") and rng.random() < 0.7 else \
        (database,) if data.startswith(b"SQLite format 3") and rng.random() < 0.8 else \
        (tensors,) if path.suffix == ".safetensors" and rng.random() < 0.7 else hostile.CONTENT
    for _ in range(MAX_TRIES):
        twist = pick(twists, rng)
        changed = twist(data, rng)
        if changed is not None and changed != data:
            path.write_bytes(changed)
            return path, twist.__name__
    path.write_bytes(b"")
    return path, "empty"


def as_device(path, kept, rng):
    """A device that never ends."""
    path.unlink()
    path.symlink_to("/dev/zero")


def as_pipe(path, kept, rng):
    """A pipe that nobody writes into."""
    path.unlink()
    os.mkfifo(path)


def as_folder(path, kept, rng):
    """A folder."""
    path.unlink()
    path.mkdir()


def as_nothing(path, kept, rng):
    """Nothing, or a link to nothing."""
    path.unlink()
    if rng.random() < 0.5:
        path.symlink_to("nowhere")


def as_loop(path, kept, rng):
    """A link to itself."""
    path.unlink()
    path.symlink_to(path.name)


def as_sparse(path, kept, rng):
    """What was there, and gigabytes of zeros behind it."""
    os.truncate(path, SPARSE_BYTES)


def as_other(path, kept, rng):
    """The content of another file."""
    path.write_bytes(pick(list(kept.data.values()), rng))


def archive(data, rng):
    """A ZIP archive of which one member changes, or the sizes that are told of it, or which unfolds to gigabytes."""
    kind = rng.random()
    if kind < 0.4:
        return _with_member(data, rng)
    signature, places = pick(((b"PK\1\2", (10, 16, 20, 24, 28, 42)), (b"PK\3\4", (8, 14, 18, 22, 26)),
                              (b"PK\5\6", (8, 10, 12, 16))), rng)
    at = data.find(signature, int(rng.integers(len(data))))
    at = data.find(signature) if at < 0 else at
    if at < 0 or kind > 0.9:
        return _with_bomb(data, rng)
    place = at + pick(places, rng)
    is_size = place - at > 12
    new = struct.pack("<I", pick(LIMITS, rng) % 2**32) if is_size else struct.pack("<H", int(rng.integers(2**16)))
    return data[:place] + new + data[place + len(new):]


def _with_member(data, rng):
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    name = pick(sorted(members), rng)
    if rng.random() < 0.1:
        members[pick((f"../{name}", f"/{name}", "x" * 60000, name.upper()), rng)] = members.pop(name)
    for _ in range(MAX_TRIES):
        changed = pick(hostile.CONTENT, rng)(members.get(name, b""), rng)
        if changed is not None and len(changed) < 1 << 26:
            members[name] = changed
            break
    return _zipped(members)


def _with_bomb(data, rng):
    """One member unfolds to gigabytes; of its size the truth is told, or not."""
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members = {name: source.read(name) for name in source.namelist()}
    name = pick(sorted(members), rng)
    told = hostile.BOMB_BYTES if rng.random() < 0.5 else len(members[name])
    members[name] = hostile.bomb_bytes()[2:-4]
    whole = bytearray(_zipped(members))
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        local = packed.getinfo(name).header_offset
    central = whole.index(name.encode(), whole.index(b"PK\1\2", local + len(members[name]))) - 46
    for place, size_place in ((local + 8, local + 22), (central + 10, central + 24)):
        struct.pack_into("<H", whole, place, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", whole, size_place, told)
    return bytes(whole)


def _zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for name, content in members.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def database(data, rng):
    """An SQLite database of which a value, a table or a number in the header is another."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "it.db"
        path.write_bytes(data)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA writable_schema = ON")
            tables = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            filled = [table for table in tables if connection.execute(f'SELECT 1 FROM "{table}"').fetchone()]
            _change_database(connection, tables, filled, rng)
        except sqlite3.Error:
            return None
        finally:
            connection.close()
        return path.read_bytes()


def _change_database(connection, tables, filled, rng):
    table = pick(filled if filled and rng.random() < 0.9 else tables, rng)
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = pick(names, rng)
    if rng.random() < 0.08:
        connection.execute(pick((f'DROP TABLE "{table}"', f'DELETE FROM "{table}"',
                                 f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO other',
                                 f"PRAGMA user_version = {pick((0, -1, 2**31 - 1), rng)}",
                                 f'INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}"'), rng))
        return
    rows = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
    if not rows:
        return
    offset = int(rng.integers(rows))
    old = connection.execute(f'SELECT "{column}" FROM "{table}" LIMIT 1 OFFSET {offset}').fetchone()[0]
    new = _other_value(old, rng)
    where = "" if rng.random() < 0.3 else f' WHERE "{column}" IS ?'
    connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?{where}', (new, old) if where else (new,))


def _other_value(old, rng):
    """A value of another type, or one of the same type that makes no sense."""
    if isinstance(old, bytes) and rng.random() < 0.6:
        changed = hostile.compressed(old, rng) if rng.random() < 0.3 else pick(hostile.CONTENT, rng)(old, rng)
        return changed if changed is not None else old[4:]
    if isinstance(old, str) and rng.random() < 0.6:
        changed = pick((hostile.json_value, hostile.text, hostile.nested), rng)(old.encode(), rng)
        return changed.decode(errors="replace") if changed else ""
    return pick((None, 0, -1, 1, 2**31, 2**63 - 1, -2**63, 1e308, float("inf"), float("nan"), 0.5, "x", "", b"", b"x",
                 bytes(1000), "9" * 400, "x" * 1_000_000, bytes(1 << 24)), rng)


def tensors(data, rng):
    """A .safetensors file of which the description is another, whose length is right or not."""
    length = int.from_bytes(data[:8], "little")
    changed = (hostile.json_value if rng.random() < 0.9 else hostile.nested)(data[8:8 + length].rstrip(), rng)
    if changed is None:
        return None
    size = len(changed) if rng.random() < 0.9 else pick(LIMITS, rng) % 2**64
    return struct.pack("<Q", size) + changed + data[8 + length:]


def remove(path):
    """Whatever lies there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _stamp(path):
    try:
        about = path.lstat()
    except OSError:
        return None
    return about.st_mode, about.st_ino, about.st_size, about.st_mtime_ns
