"""KITTI's laser scans in its images, and whether the car stood still. Geiger 2013; Eigen 2014, section 4.2."""

from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError
from calib.files.bounded_file import bytes_of
from calib.files.text_file import text_of

ALONG, MEETING = ("camera", "laser"), ("nearest", "in_time")
FORWARD, LEFTWARD = 14, 15
"""Fields of an oxts file with the acceleration along the ground, in m/s^2."""
MAX_BYTES = 64 << 20
"""Of a file of laser points; one turn of the laser is 2 MB."""
MIN_ACCELERATION_M_S2 = 0.1
"""A car that is accelerated less stands still. Eigen 2014, section 4.2, has such a threshold, but no number."""


def read_points(path: Path) -> np.ndarray:
    """Path -> (N, 3) metres: ahead, left, up. Raises BadInputError."""
    try:
        return np.frombuffer(bytes_of(path, MAX_BYTES, "laser points"), np.float32).reshape(-1, 4)[:, :3]
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} is not a file of laser points (x, y, z, reflectance)") from error


def projected(points: np.ndarray, P: np.ndarray, size: tuple[int, int], along: str = "camera",
              meeting: str = "nearest") -> np.ndarray:
    """(N, 3) laser points, ahead along x, and their (3, 4) projection -> (height, width) depth.

    `along`: what depth is measured along, the camera's axis (z, as everywhere here) or the laser's forward axis, which
    gives about 0.27 m more, as in the evaluation code that papers share (Godard 2017). `meeting`: which of the points
    in one pixel counts, the nearest, as there, or the one measured when the camera took its image, that is while the
    laser looked straight ahead (Eigen 2014, section 4.2). Pixels count from 1 in the projection, as in that code.
    """
    points = points[points[:, 0] >= 0]
    u, v, z = (points @ P[:, :3].T + P[:, 3]).T
    points, u, v, z = (values[z > 0] for values in (points, u, v, z))
    column, row = (np.rint(x / z).astype(int) - 1 for x in (u, v))
    distance_m = z if along == "camera" else points[:, 0]
    rank = distance_m if meeting == "nearest" else np.abs(np.arctan2(points[:, 1], points[:, 0]))
    order = np.argsort(-rank, kind="stable")  # the last one written stays
    order = order[((column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0]))[order]]
    depth_m = np.zeros(size, np.float32)
    depth_m[row[order], column[order]] = distance_m[order]
    return depth_m


def stands(oxts_file: Path) -> bool:
    """Whether the car stood still by the reading that belongs to an image. Raises BadInputError."""
    try:
        fields = [float(number) for number in text_of(oxts_file).split()]
        return bool(np.hypot(fields[FORWARD], fields[LEFTWARD]) < MIN_ACCELERATION_M_S2)
    except (OSError, ValueError, IndexError) as error:
        raise BadInputError(f"{oxts_file} does not say how the car moved: leave standing=dropped away") from error
