"""Scale of a map from what a recording brings along: measured depth of some frames, or poses, as phones record them."""

import numpy as np

from calib.geometry.camera import Camera
from calib.geometry.sim3 import umeyama
from sequences.frame import Frame
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.robust import robust_std
from slam.scale.cue import ScaleEstimate
from slam.tracking.pyramid import inverse_depth_on

STEP = 4
"""Pixels between those that are compared, each way."""
MIN_PIXELS = 100
"""Pixels with both depths that a keyframe needs."""
MIN_LOG_STD = 0.01
"""Standard deviation of the log scale at least: that of sensors themselves."""
MAX_LOG_STD = 0.2
"""Standard deviation of the log scale beyond which there is no estimate: the camera has hardly moved."""
MIN_POSES = 4
"""Keyframes with a recorded pose that a scale needs."""


class RecordedDepthCue:
    """The median over keyframes of each one's median ratio of measured depth to the map's."""

    lack = "no keyframe has recorded depth"

    def __init__(self):
        self.measured: dict[int, np.ndarray] = {}
        """Per keyframe, measured inverse depth on every STEP-th pixel, 0 where unknown."""

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        if frame.sensor_depth is not None:
            self.measured[row] = inverse_depth_on(camera, frame.sensor_depth, is_measured=True)[::STEP, ::STEP].copy()

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        log_ratios = [_log_ratio(keyframes.items[row].inverse_depth[::STEP, ::STEP], measured)
                      for row, measured in self.measured.items()]
        log_ratios = np.array([ratio for ratio in log_ratios if ratio is not None])
        if not len(log_ratios):
            return None
        log_growth = float(np.median(log_ratios))
        return ScaleEstimate(float(np.exp(log_growth)), float(np.hypot(
            MIN_LOG_STD, robust_std(log_ratios - log_growth) / np.sqrt(len(log_ratios)))))


class RecordedPosesCue:
    """The similarity that brings the keyframes' positions onto the recorded ones (Umeyama 1991)."""

    lack = f"fewer than {MIN_POSES} keyframes have a recorded pose, or the camera has hardly moved by these"

    def __init__(self):
        self.positions_m: dict[int, np.ndarray] = {}
        """Per keyframe, (3,) recorded position in the recording's own world."""

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        if frame.T_world_cam_true is not None:
            self.positions_m[row] = frame.T_world_cam_true[:3, 3]

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        """By the submap with most recorded poses. Errors of poses are drift, which keyframes share: no more than one
        independent error is assumed."""
        rows = np.array([*self.positions_m], np.int64)
        if not len(rows):
            return None
        rows = rows[keyframes.submap[rows] == np.bincount(keyframes.submap[rows]).argmax()]
        here, recorded = keyframes.T_world_key[rows, :3, 3], np.array([self.positions_m[row] for row in rows])
        if len(rows) < MIN_POSES or not np.ptp(here, axis=0).any():
            return None
        scale, R, t = umeyama(here, recorded, with_scale=True)
        error_m = np.sqrt(np.square(scale * here @ R.T + t - recorded).sum(1).mean())
        spread_m = np.sqrt(np.square(recorded - recorded.mean(0)).sum(1).mean())
        if not (scale > 0 and error_m < MAX_LOG_STD * spread_m):
            return None
        return ScaleEstimate(scale, float(np.hypot(MIN_LOG_STD, error_m / spread_m)))


def _log_ratio(inverse_depth, measured):
    """Median log of measured depth over the map's, or None for too few pixels."""
    both = (inverse_depth > 0) & (measured > 0)
    return float(np.median(np.log(inverse_depth[both] / measured[both]))) if both.sum() >= MIN_PIXELS else None
