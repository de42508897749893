"""What brings a run's world into that of the ground truth."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation


class Alignment(NamedTuple):
    """What brings points of a run's world into that of the ground truth: scale R p + t."""

    scale: float
    R: np.ndarray
    t: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the run -> (N, 3) in the world of the ground truth."""
        return self.scale * points @ self.R.T + self.t


def fitting_poses(T_a: np.ndarray, T_b: np.ndarray, scale: float) -> Alignment:
    """Cameras (N, 4, 4) in two worlds -> from a to b: rotation by the mean difference of their orientations (chordal,
    Hartley 2013), translation by the mean of what then is left between their positions."""
    R = Rotation.from_matrix(T_b[:, :3, :3] @ np.swapaxes(T_a[:, :3, :3], 1, 2)).mean().as_matrix()
    return Alignment(scale, R, (T_b[:, :3, 3] - scale * T_a[:, :3, 3] @ R.T).mean(0))
