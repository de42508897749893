"""Reading single image files, strictly: a truncated file is an error, not a picture with a grey bottom."""

from pathlib import Path

import cv2
import numpy as np

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp")


class UnreadableImage(Exception):
    """One image that cannot be used; the caller skips and counts it. The text is the reason."""


def read_rgb(path):
    """Image file -> (H, W, 3) uint8 RGB. Grey becomes RGB, 16 bits become 8, alpha is dropped."""
    return _decode(path, cv2.IMREAD_COLOR_RGB)


def read_depth_u16(path):
    """Depth image file -> (H, W) uint16, raw sensor units. 65535 (no reading in some datasets) becomes 0."""
    depth_u16 = _decode(path, cv2.IMREAD_UNCHANGED)
    if depth_u16.dtype != np.uint16 or depth_u16.ndim != 2:
        raise UnreadableImage(f"{path}: not a 16-bit single-channel depth image")
    depth_u16[depth_u16 == 65535] = 0
    return depth_u16


def _decode(path, flags):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableImage(f"{path}: {error.strerror}") from error
    if not _is_whole(data):
        raise UnreadableImage(f"{path}: truncated or empty")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if image is None:
        raise UnreadableImage(f"{path}: not an image, or damaged")
    return image


def _is_whole(data):
    """Whether JPEG and PNG data end as they must; decoders fill in what is missing without a word."""
    if data.startswith(b"\xff\xd8"):
        return data.rstrip(b"\0\r\n").endswith(b"\xff\xd9")
    if data.startswith(b"\x89PNG"):
        return b"IEND" in data[-16:]
    return len(data) > 0
