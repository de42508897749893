"""Prediction of the camera's pose before its image is aligned."""

import numpy as np

from calib.geometry import se3

MAX_STRETCH = 3.0
"""Gaps up to this many times the last frame interval are extrapolated; over longer ones the pose is kept."""


class ConstantVelocity:
    """Constant-velocity prediction in SE(3), for uneven timestamps."""

    def __init__(self):
        self.reset(np.eye(4))

    def reset(self, T_world_cam: np.ndarray) -> None:
        """Forget the velocity; the camera is at T_world_cam (4, 4)."""
        self.T_world_cam = T_world_cam
        self.timestamp_s = None
        self.step = np.zeros(6)
        self.interval_s = None

    def move(self, T_world_cam: np.ndarray, growth: float) -> None:
        """The map was corrected: the camera is at T_world_cam (4, 4) now, and lengths are `growth` times as large."""
        self.T_world_cam = T_world_cam
        self.step = np.concatenate([growth * self.step[:3], self.step[3:]])

    def predict(self, timestamp_s: float) -> np.ndarray:
        """-> T_world_cam (4, 4) expected at timestamp_s"""
        if self.interval_s is None or self.is_too_far(timestamp_s):
            return self.T_world_cam
        return self.T_world_cam @ se3.exp(self._stretch(timestamp_s) * self.step)

    def is_too_far(self, timestamp_s: float) -> bool:
        """Whether there is a velocity, but the gap since then is too long to extrapolate it."""
        return self.interval_s is not None and self._stretch(timestamp_s) > MAX_STRETCH

    def _stretch(self, timestamp_s):
        return (timestamp_s - self.timestamp_s) / self.interval_s

    def update(self, timestamp_s: float, T_world_cam: np.ndarray) -> None:
        """Note the pose (4, 4) of a located image."""
        if self.timestamp_s is not None and timestamp_s > self.timestamp_s:
            self.interval_s = timestamp_s - self.timestamp_s
            self.step = se3.log(se3.inverse(self.T_world_cam) @ T_world_cam)
        self.T_world_cam, self.timestamp_s = T_world_cam, timestamp_s
