"""Depth maps of a recording in TUM layout, each with the true pose of its camera."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import read_depth_m
from calib.files.tum_files import ground_truth_file, read_ground_truth, read_index
from calib.geometry.camera import Camera
from sequences.datasets.tum import calibration_of
from sequences.sequence import SourceOptions

COUNT = 60
"""About how many depth maps stand for a recording, evenly spread."""
MIN_DEPTH_M, MAX_DEPTH_M = 0.1, 8.0
"""Readings outside are left out: sensors are not made for them."""


class MeasuredView(NamedTuple):
    """What was measured from one place."""

    depth_m: np.ndarray
    """(h, w) float32, 0 where there is no reading or one out of range."""
    camera: Camera
    """Of the depth map."""
    T_world_cam: np.ndarray
    """(4, 4) true pose, nearest in time."""


def measured_views(recording: Path, count: int = COUNT) -> Iterator[MeasuredView]:
    """At least `count` depth maps of a recording, fewer only where it has fewer. Raises SourceError without ground
    truth."""
    times_s, T_world_cam = true_trajectory(recording)
    calibration = calibration_of(recording, SourceOptions())
    index = read_index(recording / "depth.txt")
    for time_s, name in index[:: max(1, len(index) // count)]:
        depth_m = read_depth_m(recording / name, calibration.depth_scale)
        depth_m[(depth_m <= MIN_DEPTH_M) | (depth_m >= MAX_DEPTH_M)] = 0
        yield MeasuredView(depth_m, calibration.camera.subsampled(depth_m.shape),
                           T_world_cam[np.abs(times_s - time_s).argmin()])


def true_trajectory(recording: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times (N,) and T_world_cam (N, 4, 4) of a recording's ground truth. Raises SourceError without."""
    ground_truth = read_ground_truth(ground_truth_file(recording))
    if ground_truth is None:
        raise SourceError(f"{recording} has no ground truth")
    return ground_truth
