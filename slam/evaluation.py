"""How far an estimated path and its depth are from the truth.

Absolute and relative errors as defined by Sturm et al. 2012; alignment by Umeyama 1991.
"""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from calib.base.errors import SourceError
from calib.files.association import associate
from calib.files.tum_files import read_trajectory
from calib.geometry import se3

MAX_TIME_OFFSET_S = 0.02
"""Two timestamps this close, and closer than half the interval between frames, are of one moment."""


def umeyama(source: np.ndarray, target: np.ndarray, with_scale: bool) -> tuple[float, np.ndarray, np.ndarray]:
    """Points (N, 3) -> (scale, R, t) that minimise |scale R source + t - target|."""
    source_mean, target_mean = source.mean(0), target.mean(0)
    s, t = source - source_mean, target - target_mean
    U, D, Vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(U) * np.linalg.det(Vt))])
    R = U @ np.diag(sign) @ Vt
    variance = (s**2).sum(1).mean()
    scale = float(D @ sign / variance) if with_scale and variance > 0 else 1.0
    return scale, R, target_mean - scale * R @ source_mean


def absolute_error(estimate: np.ndarray, truth: np.ndarray, with_scale: bool) -> tuple[float, float]:
    """Matched positions (N, 3) -> (RMSE in metres after alignment, the scale that alignment chose)."""
    scale, R, t = umeyama(estimate, truth, with_scale)
    return float(np.sqrt((((scale * estimate @ R.T + t) - truth) ** 2).sum(1).mean())), scale


def relative_error(times_s: np.ndarray, T_estimate: np.ndarray, T_truth: np.ndarray,
                   interval_s: float = 1.0) -> tuple[float, float] | None:
    """Matched motions -> (metres, degrees): RMSE of the motion over interval_s, or None where none is that long."""
    later, earlier = associate(times_s, times_s + interval_s, 0.5 * float(np.median(np.diff(times_s))))
    if not len(later):
        return None
    def motion(T):
        return se3.inverse(T[earlier]) @ T[later]
    error = se3.inverse(motion(T_truth)) @ motion(T_estimate)
    angles_rad = Rotation.from_matrix(error[:, :3, :3]).magnitude()
    return (float(np.sqrt((error[:, :3, 3] ** 2).sum(1).mean())),
            float(np.degrees(np.sqrt(np.square(angles_rad).mean()))))


def evaluate_trajectory(times_s: np.ndarray, T_world_cam: np.ndarray, true_times_s: np.ndarray,
                        T_true: np.ndarray) -> dict:
    """-> {ate_se3_m, ate_sim3_m, ate_scale, rpe_1s_m, rpe_1s_deg, path_m, matched}; empty with under 3 matches."""
    if len(times_s) < 3 or len(true_times_s) < 3:
        return {}
    half_interval_s = 0.5 * min(float(np.median(np.diff(times))) for times in (times_s, true_times_s))
    i, j = associate(times_s, true_times_s, min(half_interval_s, MAX_TIME_OFFSET_S))
    if len(i) < 3:
        return {}
    estimate, truth = T_world_cam[i], T_true[j]
    ate_sim3_m, scale = absolute_error(estimate[:, :3, 3], truth[:, :3, 3], with_scale=True)
    scores = {"ate_se3_m": absolute_error(estimate[:, :3, 3], truth[:, :3, 3], with_scale=False)[0],
              "ate_sim3_m": ate_sim3_m, "ate_scale": scale}
    relative = relative_error(true_times_s[j], estimate, truth)
    if relative:
        scores["rpe_1s_m"], scores["rpe_1s_deg"] = relative
    scores["path_m"] = float(np.linalg.norm(np.diff(truth[:, :3, 3], axis=0), axis=1).sum())
    return {name: round(value, 5) for name, value in scores.items()} | {"matched": len(i)}


class DepthErrors:
    """Mean relative error and share within 25 % of depth maps against measured depth, image by image."""

    def __init__(self):
        self.images = []

    def add(self, inverse_depth: np.ndarray, true_inverse_depth: np.ndarray) -> None:
        """Both (h, w) on one grid, 1/m, 0 where unknown."""
        both = (inverse_depth > 0) & (true_inverse_depth > 0)
        if both.sum() >= 100:
            ratio = true_inverse_depth[both] / inverse_depth[both]
            self.images.append((np.abs(ratio - 1).mean(), (np.maximum(ratio, 1 / ratio) < 1.25).mean(),
                                np.abs(ratio / np.median(ratio) - 1).mean()))

    def summary(self) -> dict:
        """-> {depth_rel, depth_delta1, depth_rel_scaled, depth_images}; empty without any image."""
        if not self.images:
            return {}
        rel, delta1, rel_scaled = np.mean(self.images, axis=0)
        return {"depth_rel": round(float(rel), 4), "depth_delta1": round(float(delta1), 4),
                "depth_rel_scaled": round(float(rel_scaled), 4), "depth_images": len(self.images)}


def evaluate_files(estimate: str | Path, truth: str | Path) -> dict:
    """Two TUM files, or folders with trajectory.txt and groundtruth.txt -> scores of evaluate_trajectory and `poses`,
    how many the estimate has. Raises SourceError where the two do not share three moments."""
    estimate, truth = _file_in(estimate, "trajectory.txt"), _file_in(truth, "groundtruth.txt")
    times_s, T_world_cam = read_trajectory(estimate)
    scores = evaluate_trajectory(times_s, T_world_cam, *read_trajectory(truth))
    if not scores:
        raise SourceError(f"{estimate} and {truth} have fewer than three timestamps in common: are they of one "
                          f"sequence, and both in seconds?")
    return scores | {"poses": len(times_s)}


def _file_in(path, name):
    return Path(path) / name if Path(path).is_dir() else Path(path)
