"""Trajectories in the forms of TUM, KITTI and EuRoC."""

from collections.abc import Iterator

import numpy as np

from calib.files.tum_files import trajectory_text
from calib.geometry.se3 import to_quaternion

NS_PER_S = 1_000_000_000
EUROC_HEADER = ("#timestamp [ns], p_RS_R_x [m], p_RS_R_y [m], p_RS_R_z [m], q_RS_w [], q_RS_x [], q_RS_y [], q_RS_z []")


def tum_files(times_s: np.ndarray, T_world_cam: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Times (N,) and poses (N, 4, 4) -> name and content of trajectory.txt"""
    yield "trajectory.txt", trajectory_text(times_s, T_world_cam)


def kitti_files(times_s: np.ndarray, T_world_cam: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """-> poses.txt, the upper three rows of each pose, and times.txt"""
    rows = (" ".join(f"{value:.9e}" for value in T[:3].ravel()) for T in T_world_cam)
    yield "poses.txt", ("\n".join(rows) + "\n").encode()
    yield "times.txt", ("\n".join(f"{time_s:.6e}" for time_s in times_s) + "\n").encode()


def euroc_files(times_s: np.ndarray, T_world_cam: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """-> trajectory.csv, nanoseconds, position and quaternion, w first"""
    lines = [EUROC_HEADER]
    for time_s, T in zip(times_s, T_world_cam):
        position, quat_xyzw = to_quaternion(T)
        numbers = [*position, quat_xyzw[3], *quat_xyzw[:3]]
        lines.append(",".join([str(round(float(time_s) * NS_PER_S)), *(f"{value:.9f}" for value in numbers)]))
    yield "trajectory.csv", ("\n".join(lines) + "\n").encode()
