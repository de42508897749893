"""Image pyramid: intensity, gradient and inverse depth at several resolutions."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from calib.geometry.camera import Camera
from sequences.frame import DepthImage
from slam.kernels.pyramid import gradient_texture, halve_inverse_depth, resample_inverse_depth

NO_DEPTH = np.zeros((0, 0), np.float32)
ALL_USABLE = np.zeros((0, 0), np.uint8)
MAX_DEPTH_RATIO = 1.05
"""Depth ratio of neighbouring pixels beyond which they belong to different surfaces, at full resolution."""


class Level(NamedTuple):
    """One resolution of a pyramid."""

    camera: Camera
    texture: np.ndarray
    """(h, w, 3) float32: intensity in [0, 1], and its derivatives along u and v per pixel."""
    inverse_depth: np.ndarray
    """(h, w) float32 in 1/m, 0 where unknown; or (0, 0) where the image has no depth."""
    edge_ratio: np.float32
    """Depth ratio of neighbouring pixels that marks an edge at this level."""
    usable: np.ndarray = ALL_USABLE
    """(h, w) uint8, 0 where the image does not show the static scene; or (0, 0) where it does everywhere."""


@dataclass(frozen=True)
class Pyramid:
    """An image at several resolutions."""

    levels: tuple[Level, ...]
    """Finest first; each has half the size of the one before."""


def grey(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 -> (h, w) float32 in [0, 1], area-averaged to `size` (height, width)."""
    gray_u8 = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray_u8.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) * np.float32(1 / 255)


def inverse_depth_on(camera: Camera, depth: DepthImage, is_measured: bool) -> np.ndarray:
    """DepthImage -> (h, w) float32 inverse depth on the pixel grid of `camera`, 0 where unknown.

    A sensor's depth keeps its edges. A network's is smooth and much coarser than the image: it is interpolated.
    """
    out = np.empty(camera.size, np.float32)
    edge_ratio = MAX_DEPTH_RATIO if is_measured else np.inf
    resample_inverse_depth(depth.depth_m, depth.camera.pinhole, camera.pinhole, edge_ratio, out)
    return out


def build_pyramid(gray: np.ndarray, inverse_depth: np.ndarray, camera: Camera, level_count: int,
                  usable: np.ndarray | None = None) -> Pyramid:
    """gray (h, w) float32 and inverse_depth (h, w), or NO_DEPTH -> Pyramid; sizes are halved, rounding down

    usable (h, w) bool: where the image shows the static scene, by default everywhere."""
    levels = []
    for index in range(level_count):
        edge_ratio = np.float32(1 + (MAX_DEPTH_RATIO - 1) * 2**index)
        if index:
            size = camera.height // 2, camera.width // 2
            camera = camera.resized(size)
            gray = cv2.resize(gray, size[::-1], interpolation=cv2.INTER_AREA)
            if inverse_depth.size:
                halved = np.empty(size, np.float32)
                halve_inverse_depth(inverse_depth, edge_ratio, halved)
                inverse_depth = halved
        texture = np.empty((*gray.shape, 3), np.float32)
        gradient_texture(gray, texture)
        levels.append(Level(camera, texture, inverse_depth, edge_ratio, usable_on(camera.size, usable)))
    return Pyramid(tuple(levels))


def usable_on(size: tuple[int, int], usable: np.ndarray | None) -> np.ndarray:
    """(H, W) bool, or None for everywhere -> (h, w) uint8, 1 where neither a pixel nor one of its neighbours, on which
    its gradient depends, touches what is not usable; ALL_USABLE for None"""
    if usable is None:
        return ALL_USABLE
    share = cv2.resize(usable.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return cv2.erode((share > 0.999).astype(np.uint8), np.ones((3, 3), np.uint8))

