"""The surfel map rendered at a pose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.kernels.render import VIEW_FIELDS, render_index, resolve_view

if TYPE_CHECKING:
    from slam.mapping.surfels import Surfels

SAME_SURFACE = np.float32(1.03)
"""Depth ratio up to which two surfels of one pixel are one surface."""
BEHIND = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, -1]], np.float32)
"""(3, 4) transform that puts every point behind the camera."""


class View(NamedTuple):
    """The map seen from one pose."""

    index: np.ndarray
    """(h, w) int32 surfel rows, -1 where the map is empty."""
    surface: np.ndarray
    """(h, w, VIEW_FIELDS) float32, see slam.kernels.render."""
    depth_m: np.ndarray
    """(h, w) z of the surface on the pixel's ray, metres, 0 where empty."""
    cam_from_key: np.ndarray
    """(K, 3, 4) float32 T_cam_key of all keyframes."""

    @property
    def confidence(self) -> np.ndarray:
        """(h, w) observations of the surface, 0 where empty."""
        return self.surface[..., 7]


def render(surfels: Surfels, camera: Camera, T_world_cam: np.ndarray, T_world_key: np.ndarray,
           is_shown: np.ndarray | None = None) -> View:
    """Surfels -> View of `camera` at T_world_cam (4, 4), with keyframes at T_world_key (K, 4, 4)

    is_shown (K,) bool: keyframes whose surfels are rendered, by default all.
    """
    cam_from_key = (se3.inverse(T_world_cam) @ T_world_key)[:, :3].astype(np.float32)
    if is_shown is not None:
        cam_from_key[~is_shown] = BEHIND
    index = np.empty(camera.size, np.int32)
    surface = np.empty((*camera.size, VIEW_FIELDS), np.float32)
    depth_m = np.empty(camera.size, np.float32)
    render_index(surfels.arrays, surfels.chunks, cam_from_key, camera.pinhole, SAME_SURFACE, index)
    resolve_view(surfels.arrays, surfels.chunks, index, cam_from_key, camera.pinhole, surface, depth_m)
    return View(index, surface, depth_m, cam_from_key)
