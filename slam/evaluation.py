"""Errors of an estimated trajectory and of depth against ground truth.

Absolute and relative trajectory errors (ATE, RPE) as defined by Sturm et al. 2012; alignment by Umeyama 1991.
"""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from calib.base.errors import SourceError
from calib.files.association import associate
from calib.files.tum_files import ground_truth_file, read_trajectory
from calib.geometry import se3
from calib.geometry.sim3 import umeyama

MAX_TIME_OFFSET_S = 0.02
"""Timestamps match within this, and within half the interval between frames."""


def absolute_error(estimate: np.ndarray, ground_truth: np.ndarray, with_scale: bool) -> tuple[float, float]:
    """ATE of matched positions (N, 3) -> RMSE in metres after alignment, and the scale of the alignment"""
    scale, R, t = umeyama(estimate, ground_truth, with_scale)
    return float(np.sqrt((((scale * estimate @ R.T + t) - ground_truth) ** 2).sum(1).mean())), scale


def relative_error(times_s: np.ndarray, T_estimate: np.ndarray, T_gt: np.ndarray,
                   interval_s: float = 1.0) -> tuple[float, float] | None:
    """RPE of matched poses (N, 4, 4) over interval_s -> RMSE in metres and degrees, None where the time is too short"""
    later, earlier = associate(times_s, times_s + interval_s, 0.5 * float(np.median(np.diff(times_s))))
    if not len(later):
        return None
    def relative(T):
        return se3.inverse(T[earlier]) @ T[later]
    error = se3.inverse(relative(T_gt)) @ relative(T_estimate)
    angles_rad = Rotation.from_matrix(error[:, :3, :3]).magnitude()
    return (float(np.sqrt((error[:, :3, 3] ** 2).sum(1).mean())),
            float(np.degrees(np.sqrt(np.square(angles_rad).mean()))))


def matches(times_s: np.ndarray, gt_times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices (i, j) of timestamps (N,) and (M,) that belong together; none for fewer than 3 of either."""
    if len(times_s) < 3 or len(gt_times_s) < 3:
        return np.empty(0, int), np.empty(0, int)
    half_interval_s = 0.5 * min(float(np.median(np.diff(times))) for times in (times_s, gt_times_s))
    return associate(times_s, gt_times_s, min(half_interval_s, MAX_TIME_OFFSET_S))


def length_m(positions: np.ndarray) -> float:
    """Length of the line through (N, 3) positions, in their order."""
    return float(np.linalg.norm(np.diff(positions, axis=0), axis=1).sum())


def evaluate_trajectory(times_s: np.ndarray, T_world_cam: np.ndarray, gt_times_s: np.ndarray, T_gt: np.ndarray) -> dict:
    """Poses (N, 4, 4) and ground truth (M, 4, 4), each with its timestamps -> errors; empty for fewer than 3 matches

    {ate_se3_m, ate_sim3_m, ate_scale, rpe_1s_m, rpe_1s_deg, path_m, trajectory_m, length_ratio, matched}; path_m and
    trajectory_m: length of the true and of the estimated trajectory; length_ratio: what the latter, times ate_scale, is
    of the former, which jitter makes more than 1; left out where the camera stood still.
    """
    i, j = matches(times_s, gt_times_s)
    if len(i) < 3:
        return {}
    T_estimate, T_gt = T_world_cam[i], T_gt[j]
    estimate, ground_truth = T_estimate[:, :3, 3], T_gt[:, :3, 3]
    ate_sim3_m, scale = absolute_error(estimate, ground_truth, with_scale=True)
    scores = {"ate_se3_m": absolute_error(estimate, ground_truth, with_scale=False)[0],
              "ate_sim3_m": ate_sim3_m, "ate_scale": scale}
    relative = relative_error(gt_times_s[j], T_estimate, T_gt)
    if relative:
        scores["rpe_1s_m"], scores["rpe_1s_deg"] = relative
    scores["path_m"], scores["trajectory_m"] = length_m(ground_truth), length_m(estimate)
    if scores["path_m"] > 0:
        scores["length_ratio"] = scale * scores["trajectory_m"] / scores["path_m"]
    return {name: round(value, 5) for name, value in scores.items()} | {"matched": len(i)}


class DepthErrors:
    """Errors of depth maps against measured depth, averaged over images."""

    def __init__(self):
        self.images = []

    def add(self, inverse_depth: np.ndarray, measured_inverse_depth: np.ndarray) -> None:
        """Compare two maps (h, w) on one grid, 1/m, 0 where unknown."""
        both = (inverse_depth > 0) & (measured_inverse_depth > 0)
        if both.sum() >= 100:
            ratio = measured_inverse_depth[both] / inverse_depth[both]
            self.images.append((np.abs(ratio - 1).mean(), (np.maximum(ratio, 1 / ratio) < 1.25).mean(),
                                np.abs(ratio / np.median(ratio) - 1).mean()))

    def summary(self) -> dict:
        """-> {depth_rel, depth_delta1, depth_rel_scaled, depth_images}; empty without any image

        Mean absolute relative error, share within 25 %, relative error after median scaling, number of images.
        """
        if not self.images:
            return {}
        rel, delta1, rel_scaled = np.mean(self.images, axis=0)
        return {"depth_rel": round(float(rel), 4), "depth_delta1": round(float(delta1), 4),
                "depth_rel_scaled": round(float(rel_scaled), 4), "depth_images": len(self.images)}


def trajectory_files(estimate: str | Path, ground_truth: str | Path) -> tuple[Path, Path]:
    """Files, or the folders that hold them -> the files. Raises SourceError for a data set without ground truth."""
    estimate, ground_truth = Path(estimate), Path(ground_truth)
    return (estimate / "trajectory.txt" if estimate.is_dir() else estimate,
            ground_truth_file(ground_truth) if ground_truth.is_dir() else ground_truth)


def matched_positions(estimate: str | Path, ground_truth: str | Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As evaluate_files -> times (N,) in seconds, estimated and true positions (N, 3), not aligned"""
    (times_s, T), (gt_times_s, T_gt) = map(read_trajectory, trajectory_files(estimate, ground_truth))
    i, j = matches(times_s, gt_times_s)
    return times_s[i], T[i, :3, 3], T_gt[j, :3, 3]


def evaluate_files(estimate: str | Path, ground_truth: str | Path) -> dict:
    """Two TUM files, or folders with trajectory.txt and ground truth -> errors, see evaluate_trajectory, `poses` and
    `ground_truth`

    `poses`: number of the estimate's; `ground_truth`: name of the file that it was compared with. Raises SourceError
    where fewer than three timestamps match.
    """
    estimate, ground_truth = trajectory_files(estimate, ground_truth)
    times_s, T_world_cam = read_trajectory(estimate)
    scores = evaluate_trajectory(times_s, T_world_cam, *read_trajectory(ground_truth))
    if not scores:
        raise SourceError(f"{estimate} and {ground_truth} have fewer than three timestamps in common: are they of one "
                          f"sequence, and both in seconds?")
    return scores | {"poses": len(times_s), "ground_truth": ground_truth.name}
