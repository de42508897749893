"""Maps by somebody hostile: any value in any column is one line, whatever reads it."""

import sqlite3
import struct
import zlib
from contextlib import closing

import numpy as np
import pytest

from calib.base.errors import BadInputError
from calib.files.image_file import encode_png
from monofuse.maps.depth_code import decode_depth, decode_mask
from monofuse.maps.map_check import MAX_WORKING_PX, camera_of, check_tables, matrices
from monofuse.maps.map_file import TABLES

T = np.eye(4).tobytes()
ROWS = {"keyframe": (0, 1, 0, 0.0, b"", None), "depth": (0, 1.0, b"", None), "pose": (0, 0, 1.0, T, None, None),
        "frame": (1, 0, 0.0, 0, T), "edge": (0, 0, 0, 1, T, bytes(56)), "session": (1, "walk", "{}")}


@pytest.fixture
def tables():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(TABLES)
        for table, row in ROWS.items():
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        yield connection


def test_tables_as_they_should_be(tables):
    check_tables(tables, TABLES)


@pytest.mark.parametrize("table, column, value, reason", [
    ("keyframe", "image", "text", "keyframe.image"), ("keyframe", "timestamp_s", b"", "keyframe.timestamp_s"),
    ("pose", "scale", float("inf"), "pose.scale"), ("pose", "scale", -1.0, "gaps"),
    ("pose", "submap", -1, "pose.submap"),
    ("depth", "log_std", 5, "depth.log_std"), ("session", "value", b"{}", "session.value"),
    ("pose", "row", 7, "gaps"), ("frame", "row", 3, "frames are of no"), ("edge", "first", 9, "edges are between"),
    ("edge", "std", b"", "edges are between"), ("keyframe", "session", 2, "keyframes are of no")])
def test_values_of_another_kind(tables, table, column, value, reason):
    tables.execute(f"UPDATE {table} SET {column} = ?", (value,))
    with pytest.raises(ValueError, match=reason):
        check_tables(tables, TABLES)


@pytest.mark.parametrize("blob", [b"", bytes(128), np.full((4, 4), np.nan).tobytes(), (2 * np.eye(4)).tobytes(),
                                  np.diag([2.0, 2, 2, 1]).tobytes(), bytes(256)])
def test_poses_are_rigid(blob):
    with pytest.raises(ValueError, match="a pose"):
        matrices([blob])


def test_similarities_have_a_scale():
    assert matrices([np.diag([2.0, 2, 2, 1]).tobytes()], is_rigid=False)[0, 0, 0] == 2


@pytest.mark.parametrize("change", [{"working_size": [10**9, 3]}, {"working_size": ["a", 3]}, {"camera": None},
                                    {"camera": {"width": 10**9, "height": 2, "fx": 1, "fy": 1, "cx": 1, "cy": 1}}])
def test_cameras_make_sense(change):
    info = {"camera": {"width": 4, "height": 2, "fx": 1.0, "fy": 1.0, "cx": 1.0, "cy": 1.0}, "working_size": [2, 4]}
    assert camera_of(info).size == (2, 4)
    with pytest.raises((BadInputError, ValueError, TypeError)):
        camera_of(info | change)


def test_depth_that_unfolds_to_gigabytes_is_refused(monkeypatch):
    for height, width in ((65535, 65535), (MAX_WORKING_PX, MAX_WORKING_PX), (2, 2)):
        data = struct.pack("<HH", height, width) + zlib.compress(bytes(1 << 20))
        with pytest.raises(BadInputError, match="damaged"):
            decode_depth(data)


def test_masks_of_absurd_size_are_refused():
    png = bytearray(encode_png(np.zeros((4, 4), np.uint8)))
    png[16:24] = struct.pack(">II", 60000, 60000)
    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    with pytest.raises(BadInputError, match="million pixels"):
        decode_mask(bytes(png))
