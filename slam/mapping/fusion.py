"""Depth maps into surfels (Keller et al. 2013): associate, average, add, carve free space, drop what stays unstable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry.camera import Camera
from slam.kernels.fuse import Measurement, Tolerances, carve_free_space, fuse
from slam.kernels.normals import surface_normals

if TYPE_CHECKING:
    from slam.mapping.render import View
    from slam.mapping.surfels import Surfels


@dataclass(frozen=True)
class FusionConfig:
    depth_tolerance: float = 0.03
    """Relative depth difference up to which a measurement and a surfel are one surface."""
    ambiguity: float = 0.0
    """Relative depth difference up to which a measurement that fits no surfel contradicts the one in its pixel, so
    that one of the two is wrong; beyond, it is another surface. A sensor's errors are never that large."""
    doubt: float = 0.95
    """What the confidence of a contradicted surfel is multiplied with."""
    max_normal_angle_rad: float = 0.7
    """Angle between their normals up to which they are."""
    free_space_margin: float = 0.05
    """A surfel this much (relative) in front of the measured surface is in the way."""
    free_space_factor: float = 0.8
    """What its confidence is multiplied with, each time."""
    min_confidence: float = 0.5
    """Below, it is removed."""
    max_confidence: float = 100.0
    """Cap, so that the map can still follow changes."""
    sweep_period: int = 20
    """Frames over which one search of the whole map for unstable surfels is spread."""

    @property
    def tolerances(self) -> Tolerances:
        """Where surfel and measurement are one surface, as kernels take it."""
        return Tolerances(np.float32(self.depth_tolerance), np.float32(np.cos(self.max_normal_angle_rad)),
                          np.float32(self.ambiguity), np.float32(self.doubt), np.float32(self.min_confidence),
                          np.float32(self.max_confidence))


class FusionResult(NamedTuple):
    merged: int
    added: int
    refused: int
    """Measurements that contradict the map, or found no room."""
    carved: int
    dropped: int


class Fusion:
    def __init__(self, camera: Camera, config: FusionConfig):
        self.config = config
        self.camera = camera
        self.weights = _radial_weight(camera)

    def __call__(self, surfels: Surfels, view: View, inverse_depth: np.ndarray, rgb: np.ndarray, keyframe: int,
                 frame_index: int, weights: np.ndarray | None = None) -> FusionResult:
        """Fuse one frame. view must be rendered at the frame's pose; rgb (h, w, 3) uint8 and inverse_depth (h, w)
        on the grid of the camera; `keyframe` is the row new surfels belong to; weights: how many observations each
        pixel counts as (h, w), one near the middle and fewer at the border if not given."""
        c, arrays = self.config, surfels.arrays
        normals = np.empty((*inverse_depth.shape, 3), np.float32)
        surface_normals(inverse_depth, self.camera.pinhole, np.float32(1.05), normals)
        measurement = Measurement(inverse_depth, normals, rgb, self.weights if weights is None else weights,
                                  frame_index)
        merged, added, refused = fuse(arrays, surfels.chunks, view, measurement, c.tolerances, self.camera.pinhole,
                                      keyframe, surfels.config.max_surfels)
        carved = carve_free_space(
            arrays, surfels.chunks, view, inverse_depth, np.float32(c.free_space_margin),
            np.float32(c.free_space_factor), np.float32(c.min_confidence))
        dropped = surfels.sweep(frame_index, c.sweep_period)
        surfels.make_room(min(inverse_depth.size, surfels.config.max_surfels // 20))
        return FusionResult(merged, added, refused, carved, dropped)


def _radial_weight(camera):
    """(h, w) float32: measurements near the image centre are the most accurate (Keller 2013, section 5)."""
    v, u = np.mgrid[: camera.height, : camera.width]
    distance = np.hypot(u - (camera.width - 1) / 2, v - (camera.height - 1) / 2)
    distance /= np.hypot(camera.width, camera.height) / 2
    return np.exp(-0.5 * (distance / 0.6) ** 2).astype(np.float32)
