"""Windows of keyframes in a box of which everything is known."""

import numpy as np

from calib.geometry import se3
from slam.keyframe_depth.keyframe_window import Window, WindowConfig
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from tests.helpers import scenes

CONFIG = WindowConfig(min_located=40)
WALK = [se3.exp(np.array([0.09 * k, 0.01 * k, 0.02 * k, 0.004 * k, -0.02 * k, 0])) for k in range(9)]
"""T_world_cam"""


def pyramid_at(T_world_cam):
    rgb, depth_m = scenes.picture(T_world_cam)
    return build_pyramid(rgb.astype(np.float32).mean(-1) / 255, NO_DEPTH, scenes.CAMERA, 3), 1 / depth_m


def filled(count, errors, config=CONFIG):
    """A window that has seen `count` views, each at its true pose times an error."""
    window = Window(config)
    for row, (T, error) in enumerate(zip(WALK[:count], errors)):
        pyramid, rho = pyramid_at(T)
        window.add(row, T @ error, (0, 0), pyramid, rho, np.full(rho.shape, 0.3, np.float32))
        window.adjust()
    return window


def small_pose_errors(count, seed=0):
    """(4, 4) transforms, the first one the identity."""
    rng = np.random.default_rng(seed)
    return [np.eye(4)] + [se3.exp(rng.normal(0, [0.01] * 3 + [0.004] * 3)) for _ in range(count - 1)]
