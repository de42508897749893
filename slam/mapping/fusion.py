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
    """Settings of Fusion; depth differences are relative."""

    depth_tolerance: float = 0.03
    """Relative depth difference up to which a measurement and a surfel are one surface."""
    ambiguity: float = 0.0
    """Relative depth difference up to which a measurement that fits no surfel contradicts the one in its pixel; beyond,
    it is another surface. 0 for a sensor, whose errors are not that large."""
    doubt: float = 0.95
    """Factor on the confidence of a contradicted surfel, per measurement."""
    max_normal_angle_rad: float = 0.7
    """Angle between normals up to which a measurement and a surfel are one surface."""
    free_space_margin: float = 0.05
    """Relative depth difference beyond which a surfel in front of the measured surface lies in free space."""
    free_space_factor: float = 0.8
    """Factor on the confidence of a surfel in free space, per measurement."""
    min_confidence: float = 0.5
    """Confidence below which a surfel is removed."""
    max_confidence: float = 100.0
    """Upper limit of confidence, so that the map can still follow changes."""
    sweep_period: int = 20
    """Frames over which one search of the whole map for unstable surfels is spread."""

    @property
    def tolerances(self) -> Tolerances:
        """Where surfel and measurement are one surface, as kernels take it."""
        return Tolerances(np.float32(self.depth_tolerance), np.float32(np.cos(self.max_normal_angle_rad)),
                          np.float32(self.ambiguity), np.float32(self.doubt), np.float32(self.min_confidence),
                          np.float32(self.max_confidence))


class FusionResult(NamedTuple):
    """Counts of what one depth map did to the surfels."""

    merged: int
    """Measurements averaged into surfels."""
    added: int
    """New surfels."""
    refused: int
    """Measurements that contradict the map, or found no room."""
    carved: int
    """Surfels removed from free space."""
    dropped: int
    """Surfels removed because they stayed unstable."""


class Fusion:
    """Fuses depth maps on the pixel grid of one camera."""

    def __init__(self, camera: Camera, config: FusionConfig):
        self.config = config
        self.camera = camera
        self.weights = _radial_weight(camera)

    def __call__(self, surfels: Surfels, view: View, inverse_depth: np.ndarray, rgb: np.ndarray, keyframe: int,
                 frame_index: int, weights: np.ndarray | None = None) -> FusionResult:
        """Fuse one depth map.

        view: rendered at its pose; inverse_depth (h, w) 1/m and rgb (h, w, 3) uint8 on the grid of the camera;
        keyframe: row that new surfels belong to; weights (h, w): observations that each pixel counts as, by default one
        in the middle of the image and fewer towards its border."""
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
