"""Images without lens distortion: maps computed once, applied per frame."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.base.errors import CalibrationError
from calib.geometry.camera import Camera
from calib.geometry.distortion import MAX_RAY_ANGLE_RAD, to_pixels, to_plane

if TYPE_CHECKING:
    from sequences.frame import Frame

MAX_EDGE = np.tan(np.radians(60.0))
"""On the plane z = 1. A flat picture that shows more than 120 degrees across is mostly stretched border."""
MAX_ERROR_PX = 0.1
"""Of a pixel at the edge that is straightened and bent again."""


class Rectifier:
    """Undistorts images of one camera. `camera` is the pinhole of what comes out: same size, no black borders, and
    pixels as square as they were, since depth networks know the shapes of things."""

    def __init__(self, source: Camera, target: Camera | None = None):
        """target: a pinhole that the images shall follow, whatever of them it leaves out or they lack."""
        self.source = source
        self.camera = target or (_inner_camera(source) if source.is_distorted else source.rectified())
        self.seen: np.ndarray | None = None
        """(H, W) bool of `camera`: what the source shows; None: all of it."""
        self._maps = None
        if source.is_distorted or source.rectified() != self.camera:
            pixels = to_pixels(source, self.camera.rays()[..., :2]).astype(np.float32)
            self._maps = cv2.convertMaps(pixels[..., 0], pixels[..., 1], cv2.CV_16SC2)
            if target:
                last = np.array([source.width - 1, source.height - 1])
                seen = np.asarray(((pixels >= 0) & (pixels <= last)).all(-1))
                self.seen = None if seen.all() else seen
        self._depth_maps = {}

    def image(self, rgb: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> the same without distortion; the array itself where there is none."""
        return rgb if self._maps is None else cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR,
                                                        borderMode=cv2.BORDER_REPLICATE)

    def mask(self, usable: np.ndarray) -> np.ndarray:
        """(H, W) bool of the distorted image -> (H, W) bool, True where all that a pixel is made of is."""
        if self._maps is None:
            return usable
        return cv2.remap(255 * usable.astype(np.uint8), *self._maps, cv2.INTER_LINEAR) == 255

    def depth(self, depth_m: np.ndarray) -> tuple[np.ndarray, Camera]:
        """(h, w) depth registered to the distorted image, of any size -> (depth_m, Camera) without distortion.

        Nearest neighbour: depth must not be averaged across edges.
        """
        size = depth_m.shape
        if self._maps is None:
            return depth_m, self.camera.subsampled(size)
        if size not in self._depth_maps:
            self._depth_maps[size] = _maps(self.source, self.camera, size)
        map_u, map_v = self._depth_maps[size]
        return cv2.remap(depth_m, map_u, map_v, cv2.INTER_NEAREST), self.camera.subsampled(size)

    def describe_loss(self) -> str:
        """What straightening costs, as in `84 x 65 of 92 x 70 degrees are left`; empty if nothing is."""
        if self._maps is None:
            return ""
        if self.seen is not None:
            return f"to the map's camera, of whose images these fill {self.seen.mean():.0%}"
        left, before = field_of_view_deg(self.camera), field_of_view_deg(self.source)
        return f"{left[0]:.0f} x {left[1]:.0f} of {before[0]:.0f} x {before[1]:.0f} degrees are left"


def rectified(frames: Iterable["Frame"], rectifier: Rectifier) -> Iterator["Frame"]:
    """Frames -> frames whose rgb follows `rectifier.camera`, and whose sensor depth is that of a pinhole."""
    for frame in frames:
        depth = frame.sensor_depth
        if depth is not None and depth.camera.is_distorted:
            depth_m, camera = rectifier.depth(depth.depth_m)
            depth = replace(depth, depth_m=depth_m, camera=camera)
        yield replace(frame, rgb=rectifier.image(frame.rgb), sensor_depth=depth)


def field_of_view_deg(camera: Camera) -> tuple[float, float]:
    """(horizontal, vertical) degrees through the principal point, at most 178."""
    middle = np.array([[0, camera.cy], [camera.width - 1, camera.cy], [camera.cx, 0], [camera.cx, camera.height - 1]])
    left, right, top, bottom = np.degrees(np.arctan(to_plane(camera, middle)))
    return abs(right[0] - left[0]), abs(bottom[1] - top[1])


def _inner_camera(source):
    """The pinhole of `source`'s size and shape of pixels that shows as much as it can, but no pixel from outside the
    distorted image. Raises CalibrationError where the lens model cannot be inverted."""
    left, top, right, bottom = _undistorted_edges(source)
    x = np.clip([left[:, 0].max(), right[:, 0].min()], -MAX_EDGE, MAX_EDGE)
    down = np.sign(source.fy)
    y = down * np.clip([(down * top[:, 1]).max(), (down * bottom[:, 1]).min()], -MAX_EDGE, MAX_EDGE)
    if x[0] >= x[1] or down * y[0] >= down * y[1]:
        raise _folded(source)
    last, focal = np.array([source.width - 1, source.height - 1]), np.array([source.fx, source.fy])
    focal = focal * max(last / (focal * [x[1] - x[0], y[1] - y[0]]))
    centre = last / 2 - focal * [x.mean(), y.mean()]  # the side that must be cropped keeps its middle
    camera = Camera(source.width, source.height, *focal.tolist(), *centre.tolist())
    border = camera.rays()[[0, -1], :, :2]
    if not np.allclose(to_plane(source, to_pixels(source, border)), border, atol=0.01):
        raise _folded(source)
    return camera


def _undistorted_edges(source):
    """Left, top, right and bottom row of pixels of the distorted image, each (N, 2) on the plane z = 1."""
    u, v = np.arange(source.width), np.arange(source.height)
    edges = [np.stack(np.broadcast_arrays(*edge), -1).astype(float)
             for edge in ((0, v), (u, 0), (source.width - 1, v), (u, source.height - 1))]
    pixels = np.concatenate(edges)
    plane = to_plane(source, pixels)
    error_px = np.abs(to_pixels(source, plane) - pixels).max(1)
    if source.model == "fisheye":  # edges that do not meet the plane are cut off anyway
        error_px = error_px[np.linalg.norm(plane, axis=1) < 0.99 * np.tan(MAX_RAY_ANGLE_RAD)]
    if not error_px.max(initial=0) < MAX_ERROR_PX:
        raise _folded(source)
    return np.split(plane, np.cumsum([len(edge) for edge in edges])[:-1])


def _folded(source):
    return CalibrationError(f"distortion {', '.join(f'{k:g}' for k in source.distortion)} cannot be undone at the "
                            f"edges of a {source.width}x{source.height} image: calibrate again, with the board also in "
                            f"its corners")


def _maps(source, target, size):
    """Look-up maps for images of `size`, whose pixel (u, v) is pixel (u W/w, v H/h) of the calibrated image."""
    pixels = to_pixels(source.subsampled(size), target.subsampled(size).rays()[..., :2]).astype(np.float32)
    return pixels[..., 0], pixels[..., 1]
