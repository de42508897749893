"""Draws a room as a pinhole camera sees it: linear radiance and exact depth."""

import numpy as np

from calib.geometry.camera import Camera
from calib.geometry.se3 import inverse
from sequences.synthetic.rendering.raster import Grid, rasterise
from sequences.synthetic.rendering.shading import Eye, shade, soften_edges
from sequences.synthetic.room import Room


class Renderer:
    """Keeps the buffers for one room and one camera; one thread at a time may use it."""

    def __init__(self, room: Room, camera: Camera, samples: int = 1):
        """`samples` (odd): samples along each side of a pixel; above 1, edges between surfaces are smooth."""
        self.room, self.camera, self.samples = room, camera, samples
        height, width = camera.size
        self._grid = Grid(width * samples, height * samples, camera.fx * samples, camera.fy * samples,
                          (camera.cx + 0.5) * samples - 0.5, (camera.cy + 0.5) * samples - 0.5)
        self._nearest = np.empty((height * samples, width * samples), np.float32)
        self._seen = np.empty((height * samples, width * samples), np.int32)
        self._inverse_depth = np.empty((len(room.shell.triangles), 3))

    def render(self, T_world_cam: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(4, 4) camera in the room -> radiance (H, W, 3) float32, linear, and depth (H, W) float32, z in metres."""
        T_world_cam = np.ascontiguousarray(T_world_cam, dtype=np.float64)
        radiance = np.empty((*self.camera.size, 3), np.float32)
        depth_m = np.empty(self.camera.size, np.float32)
        rasterise(self.room.shell, self._grid, inverse(T_world_cam), self._inverse_depth, self._nearest, self._seen)
        eye = Eye(np.ascontiguousarray(T_world_cam[:3, :3]), np.ascontiguousarray(T_world_cam[:3, 3]), self.camera.fx,
                  self.camera.fy, self.camera.cx, self.camera.cy, self.samples)
        shade(self.room.look, eye, self._seen, self._inverse_depth, radiance, depth_m)
        if self.samples > 1:
            soften_edges(self.room.look, eye, self._seen, self._inverse_depth, radiance)
        return radiance, depth_m
