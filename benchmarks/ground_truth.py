#!/usr/bin/env python3
"""Do a recording's true poses fit its depth maps? python -m benchmarks.ground_truth SEQUENCE_DIR [RESULT_DIR]

For each pair of neighbouring frames, depth of the first is carried into the second by the true relative motion, and
compared with what is measured there: the median difference of inverse depth. With RESULT_DIR the same for the path of
a run. Prints the five worst pairs by the true poses; a pair that stands out there and not in the run is a jump of the
ground truth.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.runs import table
from calib.files.tum_files import read_trajectory
from calib.geometry import se3
from sequences.datasets.tum import TumSequence
from sequences.sequence import SourceOptions

WORST = 5
STRIDE = 3


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    frames = [f for f in TumSequence(sys.argv[1], SourceOptions(depth_every=1)) if f.T_world_cam_true is not None]
    paths = {"true poses": {milliseconds(f.timestamp_s): f.T_world_cam_true for f in frames}}
    if len(sys.argv) == 3:
        times_s, T_world_cam = read_trajectory(Path(sys.argv[2]) / "trajectory.txt")
        paths["run"] = dict(zip(map(milliseconds, times_s), T_world_cam))
        frames = [f for f in frames if milliseconds(f.timestamp_s) in paths["run"]]
    pairs = list(zip(frames, frames[1:]))
    differences = {name: np.array([difference(a, b, motion(path, a, b)) for a, b in pairs])
                   for name, path in paths.items()}
    order = np.argsort(differences["true poses"])[::-1][:WORST]
    print("median difference of inverse depth between neighbouring frames, 1/m")
    rows = [[f"{pairs[k][0].index} to {pairs[k][1].index}", *(f"{d[k]:.4f}" for d in differences.values())]
            for k in order]
    table(["frames", *paths], rows + [["all, median", *(f"{np.median(d):.4f}" for d in differences.values())]])


def milliseconds(time_s):
    return round(1e3 * time_s)


def motion(path, a, b):
    """-> T_b_a"""
    return se3.inverse(path[milliseconds(b.timestamp_s)]) @ path[milliseconds(a.timestamp_s)]


def difference(a, b, T_b_a):
    """Median |1/z - 1/z_measured| of a's depth carried into b."""
    camera = a.sensor_depth.camera
    points = camera.backproject(a.sensor_depth.depth_m)[::STRIDE, ::STRIDE].reshape(-1, 3)
    points = points[points[:, 2] > 0] @ T_b_a[:3, :3].T + T_b_a[:3, 3]
    points = points[points[:, 2] > 0.1]
    u, v = np.round(camera.project(points)).astype(int).T
    inside = (u >= 0) & (v >= 0) & (u < camera.width) & (v < camera.height)
    measured = b.sensor_depth.depth_m[v[inside], u[inside]]
    return float(np.median(np.abs(1 / points[inside, 2][measured > 0] - 1 / measured[measured > 0])))


if __name__ == "__main__":
    main()
