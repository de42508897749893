"""Camera poses as datasets write them: 12 or 16 numbers of a matrix, row by row, camera to world."""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.text_file import data_lines, numbers_in, read_numbers
from calib.geometry.se3 import orthonormalised

MAX_SKEW = 0.02
"""Of R^T R - 1. Files round to six or seven digits; more than this is no rotation."""


def read_pose(path: Path) -> np.ndarray | None:
    """A 4x4 matrix in a file of its own -> T_world_cam (4, 4); None without the file, or where the camera was lost.

    Raises SourceError where it holds something else.
    """
    return pose_from(read_numbers(path, 16), path) if path.is_file() else None


def read_poses(path: Path) -> list[np.ndarray | None]:
    """One pose a line -> list of T_world_cam (4, 4), None for lost ones; empty without the file.

    Raises SourceError that names the line.
    """
    lines = data_lines(path) if path.is_file() else []
    return [pose_from(numbers_in(line, f"{path} line {number}"), f"{path} line {number}") for number, line in lines]


def pose_from(numbers: np.ndarray, where: object) -> np.ndarray | None:
    """12 or 16 numbers -> (4, 4), or None where they are not finite, as datasets mark lost cameras.

    Raises SourceError, beginning with `where`, for what is no rigid transform.
    """
    if numbers.size not in (12, 16):
        raise SourceError(f"{where}: expected the 12 or 16 numbers of a camera pose, found {numbers.size}")
    if not np.all(np.isfinite(numbers)):
        return None
    T = np.eye(4)
    T[:3] = numbers[:12].reshape(3, 4)
    R = T[:3, :3]
    if np.abs(R).max() > 2 or np.abs(R.T @ R - np.eye(3)).max() > MAX_SKEW or np.linalg.det(R) < 0:
        raise SourceError(f"{where}: not a camera pose, its first three columns are no rotation")
    return orthonormalised(T)
