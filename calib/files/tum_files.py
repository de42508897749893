"""The text files of a TUM RGB-D recording: one line per image or motion, in seconds, `#` before remarks."""

import math

import numpy as np

from calib.base.errors import SourceError
from calib.files.text_file import data_lines
from calib.geometry.se3 import from_quaternion


def read_index(path):
    """`timestamp filename` lines -> list of (timestamp_s, filename). Raises SourceError that names the line."""
    entries = []
    for number, line in data_lines(path):
        fields = line.split(maxsplit=1)
        try:
            timestamp_s, name = float(fields[0]), fields[1].strip()
        except (ValueError, IndexError):
            timestamp_s, name = math.nan, ""
        if not math.isfinite(timestamp_s):
            raise SourceError(f"{path} line {number}: expected `timestamp filename`, found {line[:60]!r}")
        if entries and timestamp_s <= entries[-1][0]:
            raise SourceError(f"{path} line {number}: timestamp {timestamp_s:f} does not come after "
                              f"{entries[-1][0]:f}: sort the file by time and drop repeated lines")
        entries.append((timestamp_s, name))
    if not entries:
        raise SourceError(f"{path} names no image")
    return entries


def read_ground_truth(path):
    """Times (N,), in order, and T_world_cam (N, 4, 4); None without file or lines. SourceError names the line."""
    if not path.is_file():
        return None
    rows = []
    for number, line in data_lines(path):
        try:
            row = [float(field) for field in line.split()[:8]]
        except ValueError:
            row = []
        if len(row) != 8 or not np.all(np.isfinite(row)) or not np.any(row[4:]):
            raise SourceError(f"{path} line {number}: expected `timestamp tx ty tz qx qy qz qw`, found {line[:60]!r}")
        rows.append(row)
    rows = np.array(sorted(rows)).reshape(-1, 8)
    return (rows[:, 0], from_quaternion(rows[:, 1:4], rows[:, 4:])) if len(rows) else None
