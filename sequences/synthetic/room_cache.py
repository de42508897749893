"""Rooms that were built before: the room of a seed takes seconds to build, and a moment to read."""

import hashlib
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from scipy.spatial import KDTree

from calib.base.cache_folder import cache_folder
from calib.base.errors import OutputError
from calib.files.atomic_file import replacing
from sequences.synthetic.rendering.bvh import Bvh
from sequences.synthetic.rendering.raster import Shell
from sequences.synthetic.rendering.shading import Look
from sequences.synthetic.room import Room, build_room

PARTS = {"shell": Shell, "look": Look, "bvh": Bvh}
KEPT = 3
"""Rooms; each takes about 110 MB of disk."""


def cached_room(seed: int) -> Room:
    """`build_room(seed)`, read from the cache where these very sources built it before.

    A room that cannot be kept (full disk, no cache folder) is built anew each time.
    """
    folder = cache_folder("rooms")
    if folder is None:
        return build_room(seed)
    file = folder / f"{seed}-{_digest()}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        room = _read(file)
        file.touch()
        return room
    room = build_room(seed)
    with suppress(OutputError, OSError):
        _write(file, room)
        _leave_out_old(folder)
    return room


def _read(file: Path) -> Room:
    with np.load(file, allow_pickle=False) as arrays:
        parts = {part: kind(*(arrays[f"{part}.{field}"] for field in kind._fields)) for part, kind in PARTS.items()}
        return Room(tuple(arrays["size_m"].tolist()), surface_points=KDTree(arrays["surface_points_m"]), **parts)


def _write(file: Path, room: Room) -> None:
    arrays = {f"{part}.{field}": array for part in PARTS for field, array in getattr(room, part)._asdict().items()}
    with replacing(file) as partial, partial.open("wb") as opened:
        np.savez(opened, size_m=room.size_m, surface_points_m=room.surface_points.data, **arrays)


def _leave_out_old(folder):
    """All but the rooms that were used last."""
    for file in sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        file.unlink(missing_ok=True)


def _digest():
    """Of all that a room is made of: the sources of this package, and NumPy, whose functions may round otherwise."""
    digest = hashlib.sha256(np.__version__.encode())
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
