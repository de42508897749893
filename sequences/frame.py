"""Frame: what every source yields and everything after it consumes."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from calib.geometry.camera import Camera


@dataclass(frozen=True)
class DepthImage:
    """A depth map with its own camera, which shares its centre and axes with the colour camera.

    It is a pinhole, or distorted like the colour image that the depth lies on until that is rectified.
    """

    depth_m: np.ndarray
    """(h, w) float32, z in metres, 0 where there is no reading."""
    camera: Camera
    log_error: np.ndarray | None = None
    """(h, w) float32, log of the expected absolute relative error of depth_m, from networks that say it."""


@dataclass(frozen=True)
class Frame:
    """One image in time."""

    index: int
    """Position in the source, counting skipped images too."""
    timestamp_s: float
    rgb: np.ndarray
    """(H, W, 3) uint8."""
    depth: DepthImage | None = None
    """The depth that SLAM works with: the sensor's or a network's."""
    depth_on_request: "Callable[[], Future[DepthImage | None]] | None" = None
    """In place of `depth`, where a network runs only on frames that need it: begins to predict this one's depth. None
    comes of it where nothing usable is predicted."""
    sensor_depth: DepthImage | None = None
    """The depth that the source itself measured, where it was asked for."""
    T_world_cam_true: np.ndarray | None = None
    """(4, 4) ground truth, camera to world, in the source's own world frame."""
    usable: np.ndarray | None = None
    """(H, W) bool: where the image shows the static scene, and not the robot that carries it; None: everywhere."""
    arrived_s: float | None = None
    """time.monotonic() at which a live camera delivered it."""
