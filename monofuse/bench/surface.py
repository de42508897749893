"""How close a mesh is to the true surface, in metres: accuracy, completion, chamfer, F-score.

The true surface is all measured depth, carried into the world by the true poses, as MASt3R-SLAM does for 7-Scenes (what
no camera has seen is thus no part of it, and nothing has to be culled). Points sampled on the mesh, aligned by the
trajectory, are compared with their nearest true ones (accuracy) and the other way round (completion).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from sequences.datasets.recorded_dataset import ground_truth_at
from sequences.sequence import Sequence

if TYPE_CHECKING:
    import trimesh

POINTS = 200_000
"""Points on either side, as NICE-SLAM samples."""
MAX_M = 0.5
"""Larger distances count as this much in the RMSE: one stray piece does not make the figure."""
NEAR_M = 0.05
"""Distance up to which a point counts as right."""
MAX_DEPTH_M = 8.0
POSE_TOLERANCE_S = 0.02


def true_points(sequence: Sequence) -> np.ndarray:
    """Measured depth of a recording that was opened with it -> (N, 3) in the world of its ground truth, at most POINTS,
    drawn evenly; empty without depth or poses."""
    rng = np.random.default_rng(0)
    parts = []
    for frame in sequence:
        (T_world_cam,) = ground_truth_at(sequence.ground_truth, [frame.timestamp_s], POSE_TOLERANCE_S)
        if frame.sensor_depth is None or T_world_cam is None:
            continue
        depth_m, camera = frame.sensor_depth.depth_m, frame.sensor_depth.camera
        points = camera.backproject(depth_m)[(depth_m > 0) & (depth_m < MAX_DEPTH_M)]
        points = _drawn(points, POINTS // 10, rng)
        parts.append(points @ T_world_cam[:3, :3].T + T_world_cam[:3, 3])
    return _drawn(np.concatenate(parts), POINTS, rng) if parts else np.empty((0, 3))


def surface_scores(mesh: trimesh.Trimesh, truth: np.ndarray) -> dict[str, float]:
    """A mesh in the world of the ground truth, and true points (N, 3) -> scores by name; empty without either.

    `accuracy_m`, `completion_m`: means of distances. `accuracy_rmse_m`, `completion_rmse_m`: root mean squares of
    distances cut off at MAX_M; `chamfer_m`: the mean of these two. `completion_ratio`, `precision`, `f_score`: shares
    within NEAR_M.
    """
    from trimesh.sample import sample_surface
    if not len(truth) or not len(mesh.faces):
        return {}
    ours = np.asarray(sample_surface(mesh, POINTS, seed=0)[0])
    to_truth, to_ours = KDTree(truth).query(ours)[0], KDTree(ours).query(truth)[0]
    rmse = [float(np.sqrt(np.square(np.minimum(distance, MAX_M)).mean())) for distance in (to_truth, to_ours)]
    precision, recall = float((to_truth < NEAR_M).mean()), float((to_ours < NEAR_M).mean())
    scores = {"accuracy_m": float(to_truth.mean()), "completion_m": float(to_ours.mean()), "accuracy_rmse_m": rmse[0],
              "completion_rmse_m": rmse[1], "chamfer_m": sum(rmse) / 2, "precision": precision,
              "completion_ratio": recall,
              "f_score": 2 * precision * recall / (precision + recall) if precision + recall else 0.0}
    return {name: round(value, 4) for name, value in scores.items()}


def _drawn(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return points if len(points) <= count else points[rng.choice(len(points), count, replace=False)]
