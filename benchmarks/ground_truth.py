#!/usr/bin/env python3
"""Does a recording's ground truth fit its depth maps? python -m benchmarks.ground_truth SEQUENCE_DIR [RESULT_DIR]

For each pair of neighbouring frames, depth of the first is carried into the second by their relative pose, and compared
with what is measured there: the median difference of inverse depth. With RESULT_DIR the same for the trajectory of a
run. Prints the five worst pairs by the ground truth; a pair that stands out there and not in the run is a jump of the
ground truth.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.runs import table
from calib.base.command_line import exit_code
from calib.base.errors import SourceError
from calib.files.tum_files import read_trajectory
from calib.geometry import se3
from sequences.datasets.tum import TumSequence
from sequences.frame import Frame
from sequences.sequence import SourceOptions

WORST = 5
STRIDE = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sequence", metavar="SEQUENCE_DIR")
    parser.add_argument("results", type=Path, nargs="?", metavar="RESULT_DIR")
    arguments = parser.parse_args()
    frames = [f for f in TumSequence(arguments.sequence, SourceOptions(depth_every=1))
              if f.T_world_cam_true is not None and f.sensor_depth is not None]
    trajectories = {"ground truth": {milliseconds(f.timestamp_s): f.T_world_cam_true for f in frames
                                     if f.T_world_cam_true is not None}}
    if arguments.results:
        times_s, T_world_cam = read_trajectory(arguments.results / "trajectory.txt")
        trajectories["run"] = dict(zip(map(milliseconds, times_s), T_world_cam))
        frames = [f for f in frames if milliseconds(f.timestamp_s) in trajectories["run"]]
    if len(frames) < 2:
        raise SourceError(f"{arguments.sequence}: no two frames have a depth map and a pose")
    pairs = list(pairwise(frames))
    differences = {name: np.array([difference(a, b, relative_pose(trajectory, a, b)) for a, b in pairs])
                   for name, trajectory in trajectories.items()}
    order = np.argsort(differences["ground truth"])[::-1][:WORST]
    print("median difference of inverse depth between neighbouring frames, 1/m")
    rows = [[f"{pairs[k][0].index} to {pairs[k][1].index}", *(f"{d[k]:.4f}" for d in differences.values())]
            for k in order]
    table(["frames", *trajectories], rows + [["all, median", *(f"{np.median(d):.4f}" for d in differences.values())]])


def milliseconds(time_s: float) -> int:
    """What a frame is known by in a trajectory."""
    return round(1e3 * time_s)


def relative_pose(trajectory: dict[int, np.ndarray], a: Frame, b: Frame) -> np.ndarray:
    """-> T_b_a"""
    return se3.inverse(trajectory[milliseconds(b.timestamp_s)]) @ trajectory[milliseconds(a.timestamp_s)]


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
