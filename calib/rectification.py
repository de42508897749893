"""Images without lens distortion: maps computed once, applied per frame."""

from dataclasses import replace

import cv2
import numpy as np

from calib.camera import Camera
from calib.errors import CalibrationError


class Rectifier:
    """Undistorts images of one camera. `camera` is the pinhole of what comes out: same size, no black borders."""

    def __init__(self, source):
        self.source = source
        self.camera = _inner_camera(source) if source.is_distorted else source.rectified()
        self._maps = _maps(source, self.camera, source.size, fixed_point=True) if source.is_distorted else None
        self._depth_maps = {}

    def image(self, rgb):
        """(H, W, 3) uint8 -> the same without distortion; the array itself where there is none."""
        return rgb if self._maps is None else cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR,
                                                        borderMode=cv2.BORDER_REPLICATE)

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
    """Frames -> frames whose rgb follows `rectifier.camera`, and whose sensor depth is that of a pinhole."""
    for frame in frames:
        depth = frame.sensor_depth
        if depth is not None and depth.camera.is_distorted:
            depth_m, camera = rectifier.depth(depth.depth_m)
            depth = replace(depth, depth_m=depth_m, camera=camera)
        yield replace(frame, rgb=rectifier.image(frame.rgb), sensor_depth=depth)


def _inner_camera(source):
    """The pinhole of `source`'s size that shows as much as it can but no pixel from outside the distorted image."""
    left, top, right, bottom = _undistorted_edges(source)
    x0, x1 = left[:, 0].max(), right[:, 0].min()
    inner = (np.max, np.min) if source.fy > 0 else (np.min, np.max)
    y0, y1 = inner[0](top[:, 1]), inner[1](bottom[:, 1])
    fx, fy = (source.width - 1) / (x1 - x0), (source.height - 1) / (y1 - y0)
    return Camera(source.width, source.height, fx, fy, -fx * x0, -fy * y0)


def _undistorted_edges(source):
    """Left, top, right and bottom row of pixels of the distorted image, each (N, 2) on the plane z = 1.

    Raises CalibrationError where the lens model cannot be inverted there.
    """
    u, v = np.arange(source.width), np.arange(source.height)
    edges = [np.stack(np.broadcast_arrays(*edge), -1).astype(float)
             for edge in ((0, v), (u, 0), (source.width - 1, v), (u, source.height - 1))]
    K, distortion = source.K, np.array(source.distortion)
    pixels = np.concatenate(edges)
    plane = cv2.undistortPoints(pixels[:, None], K, distortion, criteria=(cv2.TERM_CRITERIA_COUNT, 100, 0))[:, 0]
    again = cv2.projectPoints(np.insert(plane, 2, 1, axis=1), np.zeros(3), np.zeros(3), K, distortion)[0][:, 0]
    if not np.abs(again - pixels).max() < 0.1:
        raise CalibrationError(f"distortion {', '.join(f'{k:g}' for k in source.distortion)} cannot be undone at the "
                               f"edges of a {source.width}x{source.height} image: calibrate again, with the board "
                               f"also in its corners")
    return np.split(plane, np.cumsum([len(edge) for edge in edges])[:-1])


def _maps(source, target, size, fixed_point):
    """Look-up maps for images of `size`, whose pixel (u, v) is pixel (u W/w, v H/h) of the calibrated image."""
    kind = cv2.CV_16SC2 if fixed_point else cv2.CV_32FC1
    return cv2.initUndistortRectifyMap(source.rectified().subsampled(size).K, np.array(source.distortion), None,
                                       target.subsampled(size).K, size[::-1], kind)
