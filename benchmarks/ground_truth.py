#!/usr/bin/env python3
"""Does a recording's ground truth fit its depth maps? python -m benchmarks.ground_truth SEQUENCE_DIR [RESULT_DIR]

For each pair of neighbouring frames, depth of the first is carried into the second by their relative pose, and compared
with what is measured there: the median difference of inverse depth. By each file of ground truth that the recording
has, and with RESULT_DIR also by the trajectory of a run. Prints the five worst pairs by the first; a pair that stands
out in one column only is a jump of that trajectory.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.runs import table
from calib.base.command_line import exit_code
from calib.base.errors import SourceError
from calib.files.tum_files import GROUND_TRUTH_FILES, read_ground_truth
from calib.geometry import se3
from sequences.datasets.recorded_dataset import ground_truth_at
from sequences.datasets.tum import ASSOCIATION_TOLERANCE_S, TumSequence
from sequences.frame import Frame
from sequences.sequence import SourceOptions

Trajectory = tuple[np.ndarray, np.ndarray]
"""Timestamps (N,) in seconds and T_world_cam (N, 4, 4)."""
WORST = 5
STRIDE = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequence", type=Path, metavar="SEQUENCE_DIR")
    parser.add_argument("results", type=Path, nargs="?", metavar="RESULT_DIR")
    arguments = parser.parse_args()
    trajectories = read_trajectories(arguments.sequence, arguments.results)
    frames = [frame for frame in TumSequence(arguments.sequence, SourceOptions(depth_every=1))
              if frame.sensor_depth is not None
              and all(pose_at(trajectory, frame) is not None for trajectory in trajectories.values())]
    if len(frames) < 2 or not trajectories:
        raise SourceError(f"{arguments.sequence}: no two frames have a depth map and a pose")
    pairs = list(pairwise(frames))
    differences = {name: np.array([difference(a, b, relative_pose(trajectory, a, b)) for a, b in pairs])
                   for name, trajectory in trajectories.items()}
    order = np.argsort(next(iter(differences.values())))[::-1][:WORST]
    print("median difference of inverse depth between neighbouring frames, 1/m")
    rows = [[f"{pairs[k][0].index} to {pairs[k][1].index}", *(f"{d[k]:.4f}" for d in differences.values())]
            for k in order]
    table(["frames", *trajectories], rows + [["all, median", *(f"{np.median(d):.4f}" for d in differences.values())]])


def read_trajectories(sequence: Path, results: Path | None) -> dict[str, Trajectory]:
    """By the name of their column."""
    files = {name: sequence / name for name in reversed(GROUND_TRUTH_FILES)}
    if results:
        files["run"] = results / "trajectory.txt"
    trajectories = {name: read_ground_truth(path) for name, path in files.items()}
    return {name: trajectory for name, trajectory in trajectories.items() if trajectory is not None}


def pose_at(trajectory: Trajectory, frame: Frame) -> np.ndarray | None:
    """-> T_world_cam (4, 4), None where the trajectory has none at this time"""
    return ground_truth_at(trajectory, [frame.timestamp_s], ASSOCIATION_TOLERANCE_S)[0]


def relative_pose(trajectory: Trajectory, a: Frame, b: Frame) -> np.ndarray:
    """-> T_b_a"""
    T_world_a, T_world_b = pose_at(trajectory, a), pose_at(trajectory, b)
    assert T_world_a is not None and T_world_b is not None
    return se3.inverse(T_world_b) @ T_world_a


def difference(a: Frame, b: Frame, T_b_a: np.ndarray) -> float:
    """Median |1/z - 1/z_measured| of a's depth carried into b, 1/m."""
    assert a.sensor_depth is not None and b.sensor_depth is not None
    camera = a.sensor_depth.camera
    points = camera.backproject(a.sensor_depth.depth_m)[::STRIDE, ::STRIDE].reshape(-1, 3)
    points = points[points[:, 2] > 0] @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    points = points[points[:, 2] > 0.1]
    u, v = np.round(camera.project(points)).astype(int).T
    inside = (u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height)
    measured = b.sensor_depth.depth_m[v[inside], u[inside]]
    return float(np.median(np.abs(1 / points[inside, 2][measured > 0] - 1 / measured[measured > 0])))


if __name__ == "__main__":
    sys.exit(exit_code("ground_truth", main))
