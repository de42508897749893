"""A slab that moves through the box of scenes.py, as a person would."""

import cv2
import numpy as np

from sequences.frame import DepthImage, Frame
from tests.helpers import scenes

HALF_SIZE_M = np.array([0.25, 0.45])
"""Of the slab, to the sides and up; it always faces along the world's z axis."""
SHADES = np.random.default_rng(5).integers(40, 216, (997, 3)).astype(np.uint8)


def checked(points, cell_m):
    """(..., 3) points -> (..., 3) uint8: cubes of this size that have nothing in common with their neighbours"""
    cells = np.floor(points / cell_m).astype(int)
    return SHADES[cells @ [7385, 1934, 8349] % len(SHADES)]


def frame(index, T_world_cam, center_m, camera=scenes.CAMERA):
    """A chequered box, with the slab's centre at center_m (3,) -> Frame, and (h, w) bool: where the slab is."""
    fine, depth_m, is_slab = drawn(T_world_cam, center_m, camera.resized((2 * camera.height, 2 * camera.width)))
    rgb = cv2.resize(fine, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return Frame(index, index / 30, rgb, DepthImage(depth_m[::2, ::2].astype(np.float32), camera),
                 T_world_cam_true=T_world_cam), is_slab[::2, ::2]


def drawn(T_world_cam, center_m, camera):
    """-> rgb (h, w, 3) uint8, depth (h, w), and where the slab is."""
    wall_m, points = scenes.cast(T_world_cam, camera)
    directions = camera.rays() @ T_world_cam[:3, :3].T
    slab_m = (center_m[2] - T_world_cam[2, 3]) / directions[..., 2]
    on_slab = T_world_cam[:3, 3] + slab_m[..., None] * directions - center_m
    is_slab = (slab_m > 0) & (slab_m < wall_m) & np.all(np.abs(on_slab[..., :2]) < HALF_SIZE_M, axis=-1)
    rgb = np.where(is_slab[..., None], checked(on_slab + 0.01, 0.06), checked(points, 0.12))
    return rgb, np.where(is_slab, slab_m, wall_m), is_slab
