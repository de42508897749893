"""Images without lens distortion: maps computed once, applied per frame."""

from dataclasses import replace

import cv2
import numpy as np

from calib.camera import Camera


class Rectifier:
    """Undistorts images of one camera. `camera` is the pinhole of what comes out: same size, no black borders."""

    def __init__(self, source):
        self.source = source
        self.camera = _inner_camera(source) if source.is_distorted else source.rectified()
        self._maps = _maps(source, self.camera, source.size, fixed_point=True) if source.is_distorted else None
        self._depth_maps = {}

    def image(self, rgb):
        """(H, W, 3) uint8 -> the same without distortion; the array itself where there is none."""
        return rgb if self._maps is None else cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR)

    def depth(self, depth_m):
        """(h, w) depth registered to the distorted image, of any size -> (depth_m, Camera) without distortion.

        Nearest neighbour: depth must not be averaged across edges.
        """
        size = depth_m.shape
        if self._maps is None:
            return depth_m, self.camera.subsampled(size)
        if size not in self._depth_maps:
            self._depth_maps[size] = _maps(self.source, self.camera, size, fixed_point=False)
        return cv2.remap(depth_m, *self._depth_maps[size], cv2.INTER_NEAREST), self.camera.subsampled(size)


def rectified(frames, rectifier):
    """Frames -> frames whose rgb and sensor depth follow `rectifier.camera`."""
    for frame in frames:
        depth = frame.sensor_depth
        if depth is not None and rectifier.source.is_distorted:
            depth_m, camera = rectifier.depth(depth.depth_m)
            depth = replace(depth, depth_m=depth_m, camera=camera)
        yield replace(frame, rgb=rectifier.image(frame.rgb), sensor_depth=depth)


def _inner_camera(source):
    """The pinhole of `source`'s size that shows no pixel from outside the distorted image."""
    K, _ = cv2.getOptimalNewCameraMatrix(source.K, np.array(source.distortion), (source.width, source.height), 0)
    return Camera(source.width, source.height, K[0, 0], K[1, 1], K[0, 2], K[1, 2])


def _maps(source, target, size, fixed_point):
    """Look-up maps for images of `size`, whose pixel (u, v) is pixel (u W/w, v H/h) of the calibrated image."""
    kind = cv2.CV_16SC2 if fixed_point else cv2.CV_32FC1
    return cv2.initUndistortRectifyMap(source.rectified().subsampled(size).K, np.array(source.distortion), None,
                                       target.subsampled(size).K, size[::-1], kind)
