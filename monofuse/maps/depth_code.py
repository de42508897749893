"""Depth and its uncertainty as compressed bytes.

Depth is stored as whole steps of its logarithm, whose relative error is the same near and far; a network's is smooth,
so its second differences compress well. Measured on kitchen, 320x240: 54 kB a keyframe (61 kB as PNG of 16 bits).
"""

import zlib

import cv2
import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import decode_gray
from monofuse.maps.map_check import MAX_WORKING_PX

LOG_STEP = 0.0005
"""Of log depth: half of it is the relative error, far below any depth's own."""
NEAREST_M, FARTHEST_M = 0.01, 1000.0
STD_FLOOR, STD_STEPS = 1e-3, 32
"""Smallest standard deviation of log depth, and steps per factor of e."""
LEVEL = 1
"""Of zlib: 6 saves an eighth of the space and takes three times as long."""


def encode_depth(inverse_depth: np.ndarray) -> bytes:
    """(h, w) inverse depth in 1/m, 0 where unknown -> bytes"""
    known = inverse_depth > 0
    depth_m = np.clip(1 / np.where(known, inverse_depth, 1).astype(np.float32), NEAREST_M, FARTHEST_M)
    steps = np.where(known, np.round(np.log(depth_m / NEAREST_M) / LOG_STEP) + 1, 0).astype(np.int32)
    differences = np.diff(np.diff(steps, axis=1, prepend=0), axis=0, prepend=0).astype(np.int16)
    planes = differences.view(np.uint8).reshape(*steps.shape, 2)
    size = np.array(steps.shape, "<u2").tobytes()
    return size + zlib.compress(planes[..., 0].tobytes() + planes[..., 1].tobytes(), LEVEL)


def decode_depth(data: bytes) -> np.ndarray:
    """bytes -> (h, w) float32 inverse depth. Raises SourceError where they are damaged."""
    try:
        height, width = (int(n) for n in np.frombuffer(data[:4], "<u2"))
        if max(height, width) > MAX_WORKING_PX:
            raise ValueError(f"{width}x{height}")
        planes = np.frombuffer(zlib.decompressobj().decompress(data[4:], 2 * height * width + 1), np.uint8)
        differences = np.ascontiguousarray(np.moveaxis(planes.reshape(2, height, width), 0, -1)).view("<i2")[..., 0]
    except (ValueError, zlib.error) as error:
        raise SourceError(f"a depth map is damaged ({error})") from error
    steps = differences.astype(np.int16).cumsum(0, dtype=np.int16).cumsum(1, dtype=np.int16)
    inverse_depth = np.exp(-LOG_STEP * (steps.astype(np.float32) - 1)) / np.float32(NEAREST_M)
    return np.where(steps > 0, inverse_depth, 0).astype(np.float32)


def encode_log_std(log_std: np.ndarray) -> bytes:
    """(h, w) standard deviation of log depth -> bytes, of every second pixel: it is smooth"""
    steps = np.round(STD_STEPS * np.log(np.maximum(log_std[::2, ::2], STD_FLOOR) / STD_FLOOR))
    return cv2.imencode(".png", np.clip(steps, 0, 255).astype(np.uint8))[1].tobytes()


def decode_log_std(data: bytes, size: tuple[int, int]) -> np.ndarray:
    """bytes -> float32 of `size` (height, width). Raises UnreadableImage where they are damaged."""
    steps = decode_gray(data, "an uncertainty map")
    log_std = STD_FLOOR * np.exp(steps.astype(np.float32) / STD_STEPS)
    return cv2.resize(log_std, size[::-1], interpolation=cv2.INTER_LINEAR)


def encode_mask(usable: np.ndarray) -> bytes:
    """(h, w) bool -> bytes"""
    return cv2.imencode(".png", 255 * usable.astype(np.uint8))[1].tobytes()


def decode_mask(data: bytes) -> np.ndarray:
    """bytes -> (h, w) bool. Raises SourceError where they are damaged."""
    return decode_gray(data, "a mask") > 0
