"""Recordings in the layout of the TUM RGB-D benchmark, with a `calibration.yaml` beside `rgb.txt`.

`rgb.txt`, `depth.txt`: `timestamp filename`; `groundtruth.txt`: `timestamp tx ty tz qx qy qz qw`, camera to world.
Depth images may be smaller than colour: pixel (u, v) of depth then is pixel (u W/w, v H/h) of colour.
"""

from pathlib import Path

import numpy as np

from calib.errors import SourceError
from sequences.frame import DepthImage, Frame
from sequences.image_file import UnreadableImage, read_depth_u16
from sequences.recorded import find_calibration, first_readable_size, read_frame, refuse_sensor_depth
from sequences.sequence import SkipLog
from sequences.tum_files import read_ground_truth, read_index

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
        self.images = read_index(self.folder / "rgb.txt")[: options.max_frames]
        calibration = find_calibration(options, self.folder / "calibration.yaml")
        files = [self.folder / name for _, name in self.images]
        self.camera = calibration.camera.fitted_to(first_readable_size(files, self.folder))
        self.depth_scale = calibration.depth_scale
        self.ground_truth = read_ground_truth(self.folder / "groundtruth.txt")
        self.depth_times_s, self.depth_files = self._open_depth()
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
        """Times (N,) and files of the depth images that iterating may want."""
        path = self.folder / "depth.txt"
        if not self.options.depth_every or not path.is_file():
            refuse_sensor_depth(self.options, self.folder)
            return np.empty(0), []
        index = read_index(path)
        times_s, files = np.array([time_s for time_s, _ in index]), [self.folder / name for _, name in index]
        if self.options.depth_every == 1:
            self._check_depth(times_s, files)
        return times_s, files

    def _check_depth(self, times_s, files):
        """Raises SourceError where SLAM with this depth would be hopeless."""
        if all(_nearest(times_s, timestamp_s) is None for timestamp_s, _ in self.images):
            raise SourceError(f"{self.folder}: no depth image lies within {ASSOCIATION_TOLERANCE_S} s of a colour "
                              f"image: rgb.txt and depth.txt need the same clock")
        height, width = first_readable_size(files, self.folder / "depth.txt", read_depth_u16)
        if abs(width * self.camera.height / (height * self.camera.width) - 1) > 0.01:
            raise SourceError(f"{self.folder}: depth images are {width}x{height} but colour is {self.camera.width}x"
                              f"{self.camera.height}, another aspect ratio: register depth to colour first")

    def _depth_at(self, timestamp_s):
        """The DepthImage nearest in time, or None; unreadable ones are counted as skipped."""
        nearest = _nearest(self.depth_times_s, timestamp_s)
        if nearest is None:
            return None
        try:
            depth_u16 = read_depth_u16(self.depth_files[nearest])
        except UnreadableImage as reason:
            self.skipped.add(str(reason))
            return None
        return DepthImage(depth_u16.astype(np.float32) / np.float32(self.depth_scale),
                          self.camera.rectified().subsampled(depth_u16.shape))

    def _truth_at(self, timestamp_s):
        if self.ground_truth is None:
            return None
        times_s, T_world_cam = self.ground_truth
        nearest = _nearest(times_s, timestamp_s)
        return None if nearest is None else T_world_cam[nearest]


def _nearest(times_s, timestamp_s):
    """Index of the time nearest to `timestamp_s`, or None where none lies within the tolerance."""
    if not len(times_s):
        return None
    nearest = int(np.argmin(np.abs(times_s - timestamp_s)))
    return nearest if abs(times_s[nearest] - timestamp_s) <= ASSOCIATION_TOLERANCE_S else None
