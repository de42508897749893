"""Recordings in the layout of the TUM RGB-D benchmark, with a `calibration.yaml` beside `rgb.txt`.

`rgb.txt`, `depth.txt`: `timestamp filename`; `groundtruth.txt`: `timestamp tx ty tz qx qy qz qw`, camera to world.
Depth images may be smaller than colour: pixel (u, v) of depth then is pixel (u W/w, v H/h) of colour.
"""

from pathlib import Path

import numpy as np

from calib.errors import SourceError
from calib.se3 import from_quaternion
from sequences.frame import DepthImage, Frame
from sequences.image_file import UnreadableImage, read_depth_u16
from sequences.recorded import find_calibration, first_readable_size, read_frame, refuse_sensor_depth
from sequences.sequence import SkipLog

ASSOCIATION_TOLERANCE_S = 0.02


def recognises(path):
    """Whether a folder has this layout."""
    return (Path(path) / "rgb.txt").is_file()


class TumSequence:
    """See sequences.sequence.Sequence."""

    def __init__(self, location, options):
        self.folder = Path(location)
        self.name = self.folder.resolve().name
        self.options = options
        self.skipped = SkipLog()
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder} is not a folder")
        self.images = _read_index(self.folder / "rgb.txt")[: options.max_frames]
        calibration = find_calibration(options, self.folder / "calibration.yaml")
        files = [self.folder / name for _, name in self.images]
        self.camera = calibration.camera.fitted_to(first_readable_size(files, self.folder))
        self.depth_scale = calibration.depth_scale
        self.ground_truth = _read_ground_truth(self.folder / "groundtruth.txt")
        self.depth_images = self._open_depth()
        self.frame_count = len(self.images)

    def __iter__(self):
        for index, (timestamp_s, name) in enumerate(self.images):
            rgb = read_frame(self.folder / name, self.camera, self.skipped)
            if rgb is None:
                continue
            wants_depth = self.options.depth_every and index % self.options.depth_every == 0
            yield Frame(index, timestamp_s, rgb, sensor_depth=self._depth_at(timestamp_s) if wants_depth else None,
                        T_world_cam_true=self._truth_at(timestamp_s))

    def _open_depth(self):
        if not self.options.depth_every:
            return []
        path = self.folder / "depth.txt"
        if not path.is_file():
            refuse_sensor_depth(self.options, self.folder)
            return []
        return _read_index(path)

    def _depth_at(self, timestamp_s):
        """The DepthImage nearest in time, or None; unreadable ones are counted as skipped."""
        if not self.depth_images:
            return None
        time_s, name = min(self.depth_images, key=lambda item: abs(item[0] - timestamp_s))
        if abs(time_s - timestamp_s) > ASSOCIATION_TOLERANCE_S:
            return None
        try:
            depth_u16 = read_depth_u16(self.folder / name)
        except UnreadableImage as reason:
            self.skipped.add(str(reason))
            return None
        return DepthImage(depth_u16.astype(np.float32) / np.float32(self.depth_scale),
                          self.camera.rectified().subsampled(depth_u16.shape))

    def _truth_at(self, timestamp_s):
        if self.ground_truth is None:
            return None
        times_s, T_world_cam = self.ground_truth
        nearest = np.argmin(np.abs(times_s - timestamp_s))
        return T_world_cam[nearest] if abs(times_s[nearest] - timestamp_s) <= ASSOCIATION_TOLERANCE_S else None


def _read_index(path):
    """`timestamp filename` lines -> list of (timestamp_s, filename). Raises SourceError that names the line."""
    entries = []
    for number, line in _data_lines(path):
        fields = line.split(maxsplit=1)
        try:
            timestamp_s, name = float(fields[0]), fields[1].strip()
        except (ValueError, IndexError):
            raise SourceError(f"{path} line {number}: expected `timestamp filename`, found {line[:60]!r}") from None
        if entries and timestamp_s <= entries[-1][0]:
            raise SourceError(f"{path} line {number}: timestamp {timestamp_s:f} does not come after {entries[-1][0]:f}: "
                              f"sort the file by time and drop repeated lines")
        entries.append((timestamp_s, name))
    if not entries:
        raise SourceError(f"{path} names no image")
    return entries


def _read_ground_truth(path):
    if not path.is_file():
        return None
    rows = []
    for number, line in _data_lines(path):
        try:
            row = [float(field) for field in line.split()[:8]]
        except ValueError:
            row = []
        if len(row) != 8 or not np.any(row[4:]):
            raise SourceError(f"{path} line {number}: expected `timestamp tx ty tz qx qy qz qw`")
        rows.append(row)
    rows = np.array(rows).reshape(-1, 8)
    return (rows[:, 0], from_quaternion(rows[:, 1:4], rows[:, 4:])) if len(rows) else None


def _data_lines(path):
    """Numbered lines of a text file without comments and blanks."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line
