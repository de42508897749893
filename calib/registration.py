"""Depth as another camera sees it: the sensor that measures depth seldom sits where the colour camera does."""

import numpy as np

from calib.distortion import to_plane


class Registration:
    """Moves depth images of one camera into another beside it. What depends on the cameras alone is computed once."""

    def __init__(self, depth_camera, T_colour_depth, colour_camera):
        """`depth_camera` may be distorted; of `colour_camera` the pinhole is taken, of any size."""
        self.size, self.camera = depth_camera.size, colour_camera.rectified()
        rays = undistorted_rays(depth_camera) @ T_colour_depth[:3, :3].T
        self._rays = rays.reshape(-1, 3).astype(np.float32)
        self._offset_m = T_colour_depth[:3, 3].astype(np.float32)

    def apply(self, depth_m):
        """(h, w) float32 z of the depth camera, 0 unknown -> (H, W) float32 z of the colour camera, 0 where none falls.

        Each reading falls onto the nearest pixel; of several on one pixel the nearest to the camera stays.
        """
        known = np.flatnonzero(depth_m)
        x, y, z = (self._rays[known] * depth_m.ravel()[known, None] + self._offset_m).T
        ahead = z > 0
        x, y, z = x[ahead], y[ahead], z[ahead]
        camera = self.camera
        column = np.rint(camera.fx * x / z + camera.cx).astype(np.int64)
        row = np.rint(camera.fy * y / z + camera.cy).astype(np.int64)
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        nearest = np.full(camera.height * camera.width, np.inf, np.float32)
        np.minimum.at(nearest, row[inside] * camera.width + column[inside], z[inside])
        nearest[np.isinf(nearest)] = 0
        return nearest.reshape(camera.size)


def undistorted_rays(camera):
    """(height, width, 3) points with z = 1 that the pixels of a camera, distorted or not, look at."""
    if not camera.is_distorted:
        return camera.rays()
    v, u = np.indices(camera.size)
    return np.insert(to_plane(camera, np.stack([u, v], -1)), 2, 1, axis=-1)
