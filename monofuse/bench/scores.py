"""What a finished result is worth by the protocols of the field: its trajectory and its mesh against ground truth."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import SourceError
from calib.files.tum_files import read_ground_truth, read_trajectory
from monofuse.bench.alignment import fitting_poses
from monofuse.bench.surface import surface_scores, true_points
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions
from slam.evaluation import absolute_error, evaluate_trajectory, matches

DEPTH_MAPS = 60
"""About how many depth maps make the true surface."""
SFM = "groundtruth_sfm.txt"
"""Beside a sequence: poses by structure from motion (COLMAP), TUM format; better than KinectFusion's of 7-Scenes."""
Trajectory = tuple[np.ndarray, np.ndarray]
"""Times (N,) in seconds and T_world_cam (N, 4, 4)."""


def result_scores(result: Path, source: str, with_mesh: bool) -> dict[str, Any]:
    """A folder of results, and the recording that it was made of -> figures by name, few where it has no ground truth.

    All frames: `ate_sim3_m`, `ate_se3_m`, `ate_scale`, `rpe_*`, `coverage` (share of frames with a pose); keyframes:
    `keyframes_ate_sim3_m`, `keyframes_ate_se3_m`; against structure from motion where it is there: `sfm_*`; with
    `with_mesh`, see surface_scores. Raises SourceError.
    """
    sequence = open_sequence(source, SourceOptions())
    report = json.loads((result / "report.json").read_text())
    estimate = read_trajectory(result / "trajectory.txt")
    scores = {name: report[name] for name in ("fps", "peak_memory_mb", "total_s", "frames") if name in report}
    if sequence.ground_truth is None:
        return scores
    scores |= trajectory_scores(estimate, sequence.ground_truth, report.get("keyframe_times_s", []))
    scores["coverage"] = round(len(estimate[0]) / max(1, report["frames"]), 4)
    better = read_ground_truth(Path(source.partition(":")[2] or source) / SFM)
    if better:
        scores |= {f"sfm_{name}": value for name, value in trajectory_scores(estimate, better, []).items()
                   if name.startswith("ate")}
    return scores | (_mesh_scores(result, source, estimate, sequence) if with_mesh else {})


def trajectory_scores(estimate: Trajectory, truth: Trajectory, keyframe_times_s: "list[float]") -> dict[str, Any]:
    """Errors over all frames, and over keyframes where their times are known. Raises SourceError without any match."""
    scores = evaluate_trajectory(*estimate, *truth)
    if not scores:
        raise SourceError("the result and the ground truth have fewer than three timestamps in common")
    is_key = np.isin(np.round(estimate[0], 6), np.round(keyframe_times_s, 6))
    if is_key.sum() >= 3:
        # Matched among all frames: the few keyframes alone would be matched more loosely.
        i, j = matches(estimate[0], truth[0])
        i, j = i[is_key[i]], j[is_key[i]]
        for name, with_scale in (("sim3", True), ("se3", False)):
            if len(i) >= 3:
                error_m = absolute_error(estimate[1][i, :3, 3], truth[1][j, :3, 3], with_scale)[0]
                scores[f"keyframes_ate_{name}_m"] = round(error_m, 5)
    return scores


def _mesh_scores(result, source, estimate, sequence):
    import trimesh
    every = max(2, (sequence.frame_count or 0) // DEPTH_MAPS)  # each frame's, if asked for, would have to be there
    truth = true_points(open_sequence(source, SourceOptions(depth_every=every)))
    if not len(truth) or not (result / "mesh.ply").is_file():
        return {}
    i, j = matches(estimate[0], sequence.ground_truth[0])
    T_run, T_true = estimate[1][i], sequence.ground_truth[1][j]
    scale = absolute_error(T_run[:, :3, 3], T_true[:, :3, 3], with_scale=True)[1]
    mesh = trimesh.load(result / "mesh.ply", process=False)
    if not isinstance(mesh, trimesh.Trimesh):
        return {}
    mesh.vertices = fitting_poses(T_run, T_true, scale)(np.asarray(mesh.vertices))
    return surface_scores(mesh, truth)
