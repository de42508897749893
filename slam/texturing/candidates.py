"""Which photos show which triangles, how well, and in which colours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from calib.geometry.camera import Camera
from slam.kernels.texture import Candidates, Sight, add_candidate
from slam.texturing.surface import Photo, Surface, projected, seen_rows


@dataclass(frozen=True)
class CandidateConfig:
    """Settings of the search for photos."""

    max_width: int = 640
    """Columns at which visibility and colours are compared."""
    count: int = 12
    """Photos per triangle, at most."""
    max_angle_rad: float = 1.4
    """Angle between a triangle's normal and the line of sight, at most."""
    occlusion: float = 0.02
    """Relative inverse depth by which another surface hides a triangle."""
    edge: float = 0.08
    """Relative inverse depth that is an edge of depth: geometry is not exact, so beside one a photo may show something
    else."""
    edge_px: int = 4
    """Pixels around an edge of depth that count as beside it."""
    edge_factor: float = 0.5
    """Factor on the quality of photos there."""
    smoothing_px: float = 1.5
    """Standard deviation of the smoothing of colours before they are compared."""


def no_candidates(surface: Surface, config: CandidateConfig) -> Candidates:
    """Before any photo was looked at."""
    shape = len(surface.triangles), config.count
    return Candidates(np.full(shape, -1, np.int32), np.zeros(shape, np.float32), np.zeros((*shape, 3), np.float32),
                      np.zeros(shape, np.float32))


def add_photos(found: Candidates, surface: Surface, photos: Sequence[Photo], config: CandidateConfig
               ) -> Iterator[None]:
    """Update `found` with one photo after the other."""
    corners = surface.corners
    middles, normals = corners.mean(1), np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    limits = np.float32(config.occlusion), np.float32(config.edge), np.float32(config.edge_factor)
    for row, photo in enumerate(photos):
        add_candidate(surface.triangles, _sight(surface, middles, normals, photo, config), row, limits, found)
        yield


def _sight(surface: Surface, middles: np.ndarray, normals: np.ndarray, photo: Photo, config: CandidateConfig) -> Sight:
    camera = _small(photo.camera, config.max_width)
    corners = projected(surface.vertices, photo.T_world_key, camera)
    _, nearest = seen_rows(corners, surface.triangles, camera.size)
    window = np.ones((2 * config.edge_px + 1,) * 2, np.uint8)
    known = np.where(nearest > 0, nearest, np.float32(np.inf))
    edge_span = np.stack([cv2.erode(known, window), cv2.dilate(nearest, window)], -1)
    around = cv2.erode(nearest, np.ones((3, 3), np.uint8))  # corners are rounded to pixels
    return Sight(corners, _resolution(middles, normals, photo.T_world_key, camera, config), around, edge_span,
                 _pixels(photo.read(), camera, config))


def _resolution(middles, normals, T_world_key, camera, config):
    sight = middles - T_world_key[:3, 3]
    distance = np.linalg.norm(sight, axis=1)
    cosine = -(sight * normals).sum(1) / np.maximum(distance, 1e-9)
    depth = sight @ T_world_key[:3, 2]
    return np.where((cosine > np.cos(config.max_angle_rad)) & (depth > 0),
                    camera.focal_px * cosine / np.maximum(depth, 1e-9), 0).astype(np.float32)


def _pixels(rgb, camera, config):
    small = cv2.resize(rgb, camera.size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    smooth = cv2.GaussianBlur(small, (0, 0), config.smoothing_px)
    gray = small @ np.array([0.299, 0.587, 0.114], np.float32)
    gradient = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(gray, cv2.CV_32F, 0, 1, scale=0.125))
    return np.dstack([smooth, cv2.blur(gradient, (9, 9))])


def _small(camera: Camera, max_width: int) -> Camera:
    if camera.width <= max_width:
        return camera
    return camera.resized((round(camera.height * max_width / camera.width), max_width))
