"""What the recorded datasets have in common: images on disk, each with its time, and maybe with depth and truth."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import UnreadableImage, read_rgb
from calib.formats.calibration_file import read_calibration
from calib.geometry.camera import Camera
from sequences.checks import first_readable, first_readable_size, read_frame, refuse_sensor_depth
from sequences.frame import Frame
from sequences.sequence import SkipLog

RATE_HZ = 30
"""Of recordings that number their images instead of timing them."""


@dataclass(frozen=True)
class Shot:
    """One image of a recording, before it is read."""

    time_s: float
    image: object
    """What the recording's reader takes, mostly a path."""
    depth: object = None
    """The same for its depth, where it has one."""
    T_world_cam: np.ndarray | None = None


class RecordedDataset:
    """See sequences.sequence.Sequence. Each dataset derives from it, finds the shots, and says how to read them.

    Unreadable images and depth maps are skipped and counted. Raises SourceError on opening where nothing can be read,
    or where every frame's depth is asked for and there is none.
    """

    def __init__(self, place, layout, shots, camera, options, read_depth=None, read_image=read_rgb, ground_truth=None,
                 index=None):
        """`layout`: what such a recording consists of, for people who have something else. `camera`: of the images, at
        any size of their aspect ratio; the user's calibration goes before it, and without one it must not be None.

        `read_depth`: takes a shot's depth -> DepthImage, or raises UnreadableImage. `ground_truth`: of the whole path,
        where the shots do not say it all. `index`: the file that names the images, where there is one.
        """
        if not shots:
            raise SourceError(f"{place} has no images: expected {layout}")
        self.place, self.name, self.options = Path(place), Path(place).resolve().name, options
        self.skipped = SkipLog()
        if index:
            self.count_unnamed(index, [shot.image for shot in shots])
        self.shots = self._in_time(shots)[: options.max_frames]
        self.frame_count = len(self.shots)
        self.ground_truth = ground_truth or truth_of(self.shots)
        self._read_image, self._read_depth = read_image, read_depth
        if options.calibration_file:
            camera = read_calibration(options.calibration_file).camera
        self.camera = camera.fitted_to(first_readable_size([shot.image for shot in self.shots], place, read_image))
        self._check_depth()

    def __iter__(self):
        for index, shot in enumerate(self.shots):
            rgb = read_frame(shot.image, self.camera, self.skipped, self._read_image)
            if rgb is not None:
                yield Frame(index, shot.time_s, rgb, sensor_depth=self._depth_of(index, shot),
                            T_world_cam_true=shot.T_world_cam)

    def _in_time(self, shots):
        """As many as can be kept with their times increasing; those with repeated and stray times are counted."""
        timed = [k for k, shot in enumerate(shots) if np.isfinite(shot.time_s)]
        kept = {timed[k] for k in longest_increase([shots[k].time_s for k in timed])}
        for k, shot in enumerate(shots):
            if k not in kept:
                self.skipped.add(f"{shot.image}: its time, {shot.time_s:f}, does not come between those around it")
        return [shots[k] for k in sorted(kept)]

    def count_unnamed(self, index, named):
        """One line for the images that lie beside those `named` by a file, which may have been cut off."""
        folder, known = named[0].parent, {path.name for path in named}
        others = [path for path in folder.iterdir() if path.suffix == named[0].suffix and path.name not in known] \
            if folder.is_dir() else []
        if others:
            self.skipped.add(f"{index} does not name {len(others)} of the images in {folder}: was it cut off?")

    def _check_depth(self):
        """Raises SourceError where SLAM with the sensor's depth would be hopeless."""
        if self.options.depth_every != 1:
            return
        depths = [shot.depth for shot in self.shots if shot.depth is not None]
        if not depths:
            refuse_sensor_depth(self.options, self.place)
        first_readable(depths, f"{self.place}, depth", self._read_depth)

    def _depth_of(self, index, shot):
        """DepthImage, or None where there is none, it is not asked for, or it is unreadable, which is counted."""
        if shot.depth is None or not self.options.depth_every or index % self.options.depth_every:
            return None
        try:
            return self._read_depth(shot.depth)
        except UnreadableImage as reason:
            self.skipped.add(str(reason))
            return None


def truth_of(shots):
    """Times (N,) and T_world_cam (N, 4, 4) of the shots that have one; None where none has."""
    known = [(shot.time_s, shot.T_world_cam) for shot in shots if shot.T_world_cam is not None]
    return tuple(map(np.array, zip(*known))) if known else None


def longest_increase(values):
    """Indices of a longest subsequence in which each value exceeds the one before (patience sorting, Fredman 1975).

    One wrong value among good ones so costs itself only, be it far ahead of them or behind.
    """
    ends, last, before = [], [], []
    for index, value in enumerate(values):
        length = bisect_left(ends, value)
        before.append(last[length - 1] if length else None)
        if length == len(ends) or value < ends[length]:
            ends[length:length + 1], last[length:length + 1] = [value], [index]
    indices, index = [], last[-1] if last else None
    while index is not None:
        indices.append(index)
        index = before[index]
    return indices[::-1]


def nearest_in_time(times_s, time_s, tolerance_s):
    """Index of the time nearest to `time_s`, or None where none lies within the tolerance."""
    if not len(times_s):
        return None
    nearest = int(np.argmin(np.abs(times_s - time_s)))
    return nearest if abs(times_s[nearest] - time_s) <= tolerance_s else None


def truth_at(truth, time_s, tolerance_s):
    """(times (N,), motions (N, 4, 4)) or None -> the motion nearest in time, or None."""
    nearest = None if truth is None else nearest_in_time(truth[0], time_s, tolerance_s)
    return None if nearest is None else truth[1][nearest]


def require_folder(location, layout):
    """-> Path. Raises SourceError that says what was looked for where it is no folder."""
    folder = Path(location)
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder: expected one with {layout}")
    return folder


def require_files(folder, names, layout):
    """Raises SourceError that says what is missing of what was looked for."""
    missing = [str(name) for name in names if not (folder / name).exists()]
    if missing:
        raise SourceError(f"{folder} lacks {', '.join(missing)}: expected {layout}")


def camera_in(path, *fields):
    """Camera(*fields) of a file, whose path goes before what may be wrong with it."""
    try:
        return Camera(*fields)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def numbered(folder, pattern):
    """Files in a folder whose whole name matches a regular expression with the number as its group -> {number: path},
    in order of number; {} where there is no such folder."""
    matches = ((re.fullmatch(pattern, file.name), file) for file in folder.iterdir()) if folder.is_dir() else ()
    return dict(sorted((int(match[1]), file) for match, file in matches if match))
