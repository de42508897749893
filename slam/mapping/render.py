"""The surfel map rendered at a pose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.render import VIEW_FIELDS, View, render_index, resolve_view

if TYPE_CHECKING:
    from slam.mapping.surfels import Surfels

SAME_SURFACE = np.float32(1.03)
"""Depth ratio up to which two surfels of one pixel are one surface."""
BEHIND = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, -1]], np.float32)
"""(3, 4) transform that puts every point behind the camera."""


def render(surfels: Surfels, camera: Camera, T_world_cam: np.ndarray, T_world_key: np.ndarray,
           is_shown: np.ndarray | None = None) -> View:
    """Surfels -> View of `camera` at T_world_cam (4, 4), with keyframes at T_world_key (K, 4, 4)

    is_shown (K,) bool: keyframes whose surfels are rendered, by default all.
    """
    cam_from_key = (se3.inverse(T_world_cam) @ T_world_key)[:, :3].astype(np.float32)
    if is_shown is not None:
        cam_from_key[~is_shown] = BEHIND
    view = View(np.empty(camera.size, np.int32), np.empty((*camera.size, VIEW_FIELDS), np.float32),
                np.empty(camera.size, np.float32), cam_from_key)
    render_index(surfels.arrays, surfels.chunks, cam_from_key, camera.pinhole, SAME_SURFACE, view.index)
    resolve_view(surfels.arrays, surfels.chunks, camera.pinhole, view)
    return view
