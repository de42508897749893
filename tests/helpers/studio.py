"""The synthetic room through any camera, distorted ones too: what the samples of recorded datasets are made of."""

from functools import cache

import cv2
import numpy as np

from calib.geometry.camera import Camera
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed


class Studio:
    """`T_world_cam`: (N, 4, 4) motions of a hand-held walk, 1/30 s apart."""

    def __init__(self, room, count):
        self.room = room
        self.T_world_cam = hand_held_walk(room, 160, 30, 7, True)[:count]
        self._renderers = {}

    def shoot(self, camera, T_world_cam):
        """-> rgb (H, W, 3) uint8 and depth (H, W) float32, z in metres, as `camera` sees them."""
        if not camera.is_distorted:
            radiance, depth_m = self._renderer(camera).render(T_world_cam)
            return developed(radiance), depth_m
        wide, u, v = _undistorted(camera)
        rgb, depth_m = self.shoot(wide, T_world_cam)
        return cv2.remap(rgb, u, v, cv2.INTER_LINEAR), cv2.remap(depth_m, u, v, cv2.INTER_NEAREST)

    def _renderer(self, camera):
        if camera not in self._renderers:
            self._renderers[camera] = Renderer(self.room, camera)
        return self._renderers[camera]


@cache
def _undistorted(camera):
    """-> a pinhole that sees all that the distorted camera sees, and where in it each pixel lies, (H, W) each."""
    v, u = np.mgrid[: camera.height, : camera.width].astype(np.float64)
    pixels, distortion = np.stack([u, v], -1).reshape(-1, 1, 2), np.array(camera.distortion)
    plane = cv2.undistortPoints(pixels, camera.K, distortion, criteria=(cv2.TERM_CRITERIA_COUNT, 100, 0))
    again = cv2.projectPoints(np.insert(plane[:, 0], 2, 1, 1), np.zeros(3), np.zeros(3), camera.K, distortion)[0]
    assert np.abs(again - pixels).max() < 0.01
    x, y = camera.fx * plane[:, 0, 0], camera.fy * plane[:, 0, 1]
    wide = Camera(int(np.ptp(x)) + 3, int(np.ptp(y)) + 3, camera.fx, camera.fy, 1 - x.min(), 1 - y.min())
    return wide, *((values.reshape(camera.size) + centre).astype(np.float32)
                   for values, centre in ((x, wide.cx), (y, wide.cy)))
