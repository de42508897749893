"""The text files of a TUM RGB-D recording: one line per image or pose, in seconds, `#` before remarks."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.text_file import data_lines
from calib.files.time_unit import to_seconds, unit_of
from calib.geometry.se3 import from_quaternion, to_quaternion

MIN_SIZE, MAX_SIZE = 1e-3, 1e3
"""Limits of the largest number of a quaternion; within, it is normalised."""
MAX_POSITION_M = 1e9
"""Farther away nothing is a position."""
GROUND_TRUTH_FILES = "groundtruth_sfm.txt", "groundtruth.txt"
"""Where a data set's poses are, the better ones first: those by structure from motion over all images of a place
(Brachmann 2021) are closer than what the recording device tracked."""
POSE_LINE = "timestamp tx ty tz qx qy qz qw"


def read_index(path: Path) -> list[tuple[float, str]]:
    """`timestamp filename` lines -> list of (timestamp_s, filename), as they are listed (see calib.files.time_order).

    Raises SourceError that names the line.

    Commas may stand for blanks. Whole numbers may count smaller units, see calib.files.time_unit.
    """
    lines = [(number, line.replace(",", " ", 1).split(maxsplit=1)) for number, line in data_lines(path)]
    unit = unit_of([fields[0] for _, fields in lines])
    entries = []
    for number, fields in lines:
        try:
            timestamp_s, name = to_seconds(fields[0], unit), fields[1].strip()
        except (ValueError, IndexError):
            timestamp_s, name = math.nan, ""
        if not math.isfinite(timestamp_s):
            raise SourceError(f"{path} line {number}: expected `timestamp filename`, found {' '.join(fields)[:60]!r}")
        entries.append((timestamp_s, name))
    if not entries:
        raise SourceError(f"{path} names no image")
    return entries


def ground_truth_file(folder: Path) -> Path:
    """The file of GROUND_TRUTH_FILES that a recording is compared with; the last one, where it has none."""
    return next((folder / name for name in GROUND_TRUTH_FILES if (folder / name).is_file()),
                folder / GROUND_TRUTH_FILES[-1])


def read_ground_truth(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (N,) and T_world_cam (N, 4, 4) of a data set's file, sorted by time; None without file or lines.

    Numbers behind the eighth of a line are left out. Raises SourceError that names the line.
    """
    if not path.is_file():
        return None
    rows = np.array(sorted(_pose_rows(path, ignore_surplus=True)))
    return (rows[:, 0], from_quaternion(rows[:, 1:4], rows[:, 4:])) if len(rows) else None


def read_trajectory(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Times (N,), increasing, and T_world_cam (N, 4, 4) of a trajectory to be judged.

    Raises SourceError, unlike read_ground_truth, also where the file is missing or empty, or its order is wrong: a
    program that writes such a file has gone wrong.
    """
    rows = list(_pose_rows(Path(path), ignore_surplus=False))
    if not rows:
        raise SourceError(f"{path} holds no line `{POSE_LINE}`")
    rows = np.array(rows)
    late = np.flatnonzero(np.diff(rows[:, 0]) <= 0)
    if len(late):
        raise SourceError(f"{path}: timestamp {rows[late[0] + 1, 0]:f} does not come after {rows[late[0], 0]:f}: sort "
                          f"the file by time and drop repeated lines")
    return rows[:, 0], from_quaternion(rows[:, 1:4], rows[:, 4:])


def trajectory_text(times_s: np.ndarray, T_world_cam: np.ndarray) -> bytes:
    """Timestamps (N,) and poses (N, 4, 4) -> content of a file that read_trajectory reads."""
    lines = [f"# {POSE_LINE} (camera to world, metres)"]
    t_m, quat_xyzw = to_quaternion(T_world_cam)
    for time_s, t, q in zip(times_s, t_m, quat_xyzw):
        lines.append(f"{time_s:.6f} " + " ".join(f"{value:.7f}" for value in (*t, *q)))
    return ("\n".join(lines) + "\n").encode()


def _pose_rows(path: Path, ignore_surplus: bool) -> Iterator[list[float]]:
    """The eight numbers of each line, the first in seconds. Raises SourceError that names the line."""
    lines = [(number, line.split()[:8] if ignore_surplus else line.split()) for number, line in data_lines(path)]
    unit = unit_of([fields[0] for _, fields in lines]) if ignore_surplus else "seconds"
    for number, fields in lines:
        try:
            row = [to_seconds(fields[0], unit), *(float(field) for field in fields[1:])]
        except ValueError:
            row = []
        if len(row) != 8 or not np.all(np.isfinite(row)) or not MIN_SIZE < np.abs(row[4:]).max() < MAX_SIZE \
                or np.abs(row[1:4]).max() > MAX_POSITION_M:
            raise SourceError(f"{path} line {number}: expected `{POSE_LINE}`, found {' '.join(fields)[:60]!r}")
        yield row
