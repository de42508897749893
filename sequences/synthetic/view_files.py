"""Views of rooms as files, to train depth networks on: NAME.jpg, NAME.depth.png (millimetres), NAME.yaml (camera)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from calib.base.errors import OutputError
from calib.files.atomic_file import write_file
from calib.files.image_file import encode_jpeg, encode_png
from calib.formats.calibration_file import Calibration, write_calibration
from sequences.synthetic.random_view import RandomView, random_view
from sequences.synthetic.room import build_room

UNITS_PER_M = 1000.0


def write_room(folder: Path, seed: int, views: int, size: tuple[int, int], close_share: float = 0.0) -> Iterator[int]:
    """Write `views` random views of the room `seed` into folder/room_SEED, those that are there already left alone.

    Yields the number of each once it is there. `size` is (height, width); the last `close_share` of the views are
    close-ups. Raises OutputError.
    """
    place = folder / f"room_{seed:05d}"
    try:  # before a room is built, which takes a while
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: {error.strerror}") from error
    room = None
    for number in range(views):
        name = place / f"view_{number:03d}"
        if not name.with_suffix(".yaml").exists():  # written last
            room = room or build_room(seed)
            close = number >= round(views * (1 - close_share))
            write_view(name, random_view(room, seed * 100_003 + number, size, close=close))
        yield number


def write_view(name: Path, view: RandomView) -> None:
    """View -> its three files, named after the path `name`. Raises OutputError."""
    depth_u16 = np.clip(np.rint(view.depth_m * UNITS_PER_M), 0, 65535).astype(np.uint16)
    write_file(name.with_suffix(".jpg"), encode_jpeg(view.rgb))
    write_file(name.with_suffix(".depth.png"), encode_png(depth_u16))
    write_calibration(name.with_suffix(".yaml"), Calibration(view.camera, UNITS_PER_M))
