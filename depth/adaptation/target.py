"""What a network learns from: images whose depth is known."""

from typing import NamedTuple

import numpy as np

from calib.geometry.camera import Camera


class Target(NamedTuple):
    """An image, and its depth as geometry found it."""

    rgb: np.ndarray
    """(H, W, 3) uint8."""
    camera: Camera
    """Of rgb."""
    inverse_depth: np.ndarray
    """(h, w) float32 in 1/m, 0 where nothing is known, of the same field of view."""
    log_std: np.ndarray
    """(h, w) float32 standard deviation of the logarithm of depth."""
