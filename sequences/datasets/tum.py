"""Recordings in the layout of the TUM RGB-D benchmark, and the benchmark itself (Sturm 2012).

`rgb.txt`, `depth.txt`: `timestamp filename`; `groundtruth.txt`: `timestamp tx ty tz qx qy qz qw`, camera to world; a
`groundtruth_sfm.txt` next to it, poses by structure from motion, goes first.
Depth images may be smaller than colour: pixel (u, v) of depth then is pixel (u W/w, v H/h) of colour. The camera is in
a `calibration.yaml` next to `rgb.txt`; the benchmark's own are known by the name of the folder.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.association import nearest_in_time
from calib.files.image_file import read_depth_m
from calib.files.text_file import data_lines
from calib.files.time_order import kept_in_time
from calib.files.time_unit import to_seconds, unit_of
from calib.files.tum_files import ground_truth_file, read_ground_truth, read_index
from calib.formats.calibration_file import Calibration
from calib.geometry.camera import Camera
from sequences.checks import depth_on_colour, find_calibration, refuse_sensor_depth
from sequences.datasets.layout import require_folder
from sequences.datasets.recorded_dataset import RecordedDataset, Shot, ground_truth_at
from sequences.sequence import SourceOptions

LAYOUT = "rgb.txt or associations.txt (TUM RGB-D)"
ASSOCIATIONS = ("associations.txt", "associated.txt", "associate.txt", "association.txt", "assoc.txt", "rgb_depth.txt")
"""Lists of `time rgb/FILE time depth/FILE` that stand in for rgb.txt and depth.txt (ETH3D, ORB-SLAM2)."""
ASSOCIATION_TOLERANCE_S = 0.02
FREIBURG = {
    "1": Camera(640, 480, 517.3, 516.5, 318.6, 255.3, (0.2624, -0.9531, -0.0054, 0.0026, 1.1633)),
    "2": Camera(640, 480, 520.9, 521.0, 325.1, 249.7, (0.2312, -0.7849, -0.0033, -0.0001, 0.9172)),
    "3": Camera(640, 480, 535.4, 539.2, 320.1, 247.6),
}
"""The three colour cameras of the benchmark, from its page on file formats; images of the third come undistorted."""
FREIBURG_NAME = re.compile(r"(?<![a-z])(?:freiburg|fr)([123])(?!\d)", re.IGNORECASE)
FREIBURG_DEPTH_SCALE = 5000.0
"""Units per metre. The benchmark's correction factors are in its depth images already."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return (Path(path) / "rgb.txt").is_file() or _association_file(Path(path)) is not None


class TumSequence(RecordedDataset):
    """A recording in the layout of the TUM RGB-D benchmark."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        index = folder / "rgb.txt"
        associations = None if index.is_file() else _association_file(folder)
        if associations:
            index = associations
        strays = []
        images, depth_times_s, depth_files = _lists(folder, index, bool(associations), options, strays.append)
        calibration = calibration_of(folder, options)
        times_s = [time_s for time_s, _ in images]
        nearest = nearest_in_time(depth_times_s, times_s, ASSOCIATION_TOLERANCE_S)
        ground_truth_path = ground_truth_file(folder)
        ground_truth = read_ground_truth(ground_truth_path)
        poses = ground_truth_at(ground_truth, times_s, ASSOCIATION_TOLERANCE_S)
        shots = [Shot(time_s, folder / name, None if depth is None else depth_files[depth], T_world_cam)
                 for (time_s, name), depth, T_world_cam in zip(images, nearest, poses)]
        if options.depth_every == 1 and not any(shot.depth for shot in shots):
            raise SourceError(f"{folder}: no depth image lies within {ASSOCIATION_TOLERANCE_S} s of a colour image: "
                              f"rgb.txt and depth.txt need the same clock")
        self._depth_scale = calibration.depth_scale
        self.ground_truth_name = ground_truth_path.name if ground_truth is not None else None
        super().__init__(folder, LAYOUT, shots, calibration.camera, options, self._read_registered,
                         ground_truth=ground_truth, index=index)
        for reason in strays:
            self.skipped.add(reason)

    def _read_registered(self, file):
        return depth_on_colour(read_depth_m(file, self._depth_scale), self.camera, file)


def freiburg_number(folder: Path) -> str | None:
    """`1`, `2` or `3` for rgbd_dataset_freiburg1_desk, fr1_desk, fr1/desk and the like; None for other folders."""
    folder = folder.resolve()
    match = FREIBURG_NAME.search(folder.name) or FREIBURG_NAME.search(folder.parent.name)
    return match[1] if match else None


def calibration_of(folder: Path, options: SourceOptions) -> Calibration:
    """The user's, the one next to the images, or the benchmark's."""
    own_file, number = folder / "calibration.yaml", freiburg_number(folder)
    if number is None or own_file.is_file():
        calibration = find_calibration(options, own_file)
        if (folder / "associated.txt").is_file() and not calibration.says_depth_scale:  # ETH3D's own name for it
            return replace(calibration, depth_scale=FREIBURG_DEPTH_SCALE)
        return calibration
    if options.calibration_file is None:
        return Calibration(FREIBURG[number], FREIBURG_DEPTH_SCALE)
    return replace(find_calibration(options, own_file), depth_scale=FREIBURG_DEPTH_SCALE)


def _association_file(folder):
    """A list of `time rgb/FILE time depth/FILE`, or None."""
    for name in ASSOCIATIONS:
        file = folder / name
        if file.is_file() and len((data_lines(file) or [(0, "")])[0][1].split()) == 4:
            return file
    return None


def _lists(folder: Path, index: Path, is_association: bool, options: SourceOptions,
           tell: Callable[[str], object]) -> tuple[list[tuple[float, str]], np.ndarray, list[Path]]:
    """-> [(time_s, colour file)], times (N,) and files of the depth images that iterating may want

    `tell` is called with a line for each depth image that is left out for its time.
    """
    if not is_association:
        depth_times_s, depth_files = _depth_index(folder, options, tell)
        return read_index(index), depth_times_s, depth_files
    words = [line.split() for _, line in data_lines(index)]
    if any(len(row) != 4 for row in words):
        raise SourceError(f"{index}: expected `time rgb/FILE time depth/FILE` in each line")
    colour, depth = (0, 2) if "depth" not in words[0][1].lower() else (2, 0)
    unit = unit_of([row[colour] for row in words])
    try:
        entries = [(to_seconds(row[colour], unit), row[colour + 1], to_seconds(row[depth], unit), row[depth + 1])
                   for row in words]
    except ValueError:
        raise SourceError(f"{index}: expected `time rgb/FILE time depth/FILE` in each line") from None
    wanted = sorted(entries, key=lambda entry: entry[2]) if options.depth_every else []
    return ([(time_s, name) for time_s, name, _, _ in entries], np.array([entry[2] for entry in wanted], float),
            [folder / entry[3] for entry in wanted])


def _depth_index(folder: Path, options: SourceOptions, tell: Callable[[str], object]) -> tuple[np.ndarray, list[Path]]:
    """Times (N,) and files of the depth images that iterating may want."""
    path = folder / "depth.txt"
    if not options.depth_every or not path.is_file():
        refuse_sensor_depth(options, folder)
        return np.empty(0), []
    index = read_index(path)
    kept = kept_in_time([time_s for time_s, _ in index], [name for _, name in index], path, tell)
    index = [index[k] for k in kept]
    return np.array([time_s for time_s, _ in index]), [folder / name for _, name in index]
