"""Depth as another camera sees it: the sensor that measures depth seldom sits where the colour camera does."""

import numpy as np

from calib.geometry.camera import Camera
from calib.geometry.distortion import to_pixels, to_plane

MARGIN = 0.01
"""Around what the colour camera shows, on the plane z = 1."""
FINENESS = 4
"""Cells of the table of a distorted camera for each of its pixels, along both axes."""


class Registration:
    """Moves depth images of one camera into another next to it. What depends on the cameras alone is computed once."""

    def __init__(self, depth_camera: Camera, T_colour_depth: np.ndarray, colour_camera: Camera):
        """Both cameras may be distorted; `camera` is that of the depth images that come out."""
        self.size, self.camera = depth_camera.size, colour_camera
        shown = undistorted_rays(colour_camera)[..., :2]
        self._lowest, self._highest = shown.min((0, 1)) - MARGIN, shown.max((0, 1)) + MARGIN
        if colour_camera.is_distorted:
            self._per_cell = (self._highest - self._lowest) / (FINENESS * np.array(self.camera.size[::-1]))
            v, u = np.indices([FINENESS * side for side in self.camera.size])
            self._bent = self._rounded(self._lowest + (np.stack([u, v], -1) + 0.5) * self._per_cell)
        rays = undistorted_rays(depth_camera) @ T_colour_depth[:3, :3].T
        self._rays = np.ascontiguousarray(rays.reshape(-1, 3).T, np.float32)
        self._offset_m = T_colour_depth[:3, 3].astype(np.float32)

    def apply(self, depth_m: np.ndarray) -> np.ndarray:
        """(h, w) float32 z of the depth camera, 0 unknown -> (H, W) float32 z of the colour camera, 0 where none falls.

        Each reading falls onto the nearest pixel; of several on one pixel the nearest to the camera stays.
        """
        known = np.flatnonzero(depth_m)
        depth_m = depth_m.ravel()[known]
        x, y, z = (rays[known] * depth_m + offset_m for rays, offset_m in zip(self._rays, self._offset_m))
        if not np.all(ahead := z > 0):
            x, y, z = x[ahead], y[ahead], z[ahead]
        x, y, camera = x / z, y / z, self.camera
        (left, top), (right, bottom) = self._lowest, self._highest
        shown = (x > left) & (x < right) & (y > top) & (y < bottom)  # far outside, lens models fold back
        z, (column, row) = z[shown], self._pixels(x[shown], y[shown])
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        nearest = np.full(camera.height * camera.width, np.inf, np.float32)
        np.minimum.at(nearest, (row * camera.width + column)[inside], z[inside])
        nearest[np.isinf(nearest)] = 0
        return nearest.reshape(camera.size)

    def _pixels(self, x, y):
        """Points with z = 1 -> whole columns and rows; of a distorted camera from a table, which is much faster."""
        if not self.camera.is_distorted:
            return self._rounded(np.stack([x, y], -1)).T
        u, v = (((along - lowest) / per_cell).astype(np.int64)
                for along, lowest, per_cell in zip((x, y), self._lowest, self._per_cell))
        return self._bent[v, u].T

    def _rounded(self, plane):
        return np.rint(to_pixels(self.camera, plane)).astype(np.int64)


def undistorted_rays(camera: Camera) -> np.ndarray:
    """(height, width, 3) points with z = 1 that the pixels of a camera, distorted or not, look at."""
    if not camera.is_distorted:
        return camera.rays()
    v, u = np.indices(camera.size)
    return np.insert(to_plane(camera, np.stack([u, v], -1)), 2, 1, axis=-1)
