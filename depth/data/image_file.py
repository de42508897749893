"""Image files of datasets. A damaged one is an error that names it: leaving it out would change what is measured."""

from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import BadInputError

ENDS = {b"\xff\xd8": b"\xff\xd9", b"\x89PNG": b"IEND"}
"""How JPEG and PNG files begin and end; decoders fill in what is missing from the end without a word."""
TAIL = 4096
"""Bytes that may follow the end."""


def read_rgb(path):
    """-> (H, W, 3) uint8 RGB. Raises BadInputError."""
    return _decoded(path, cv2.IMREAD_COLOR_RGB)


def read_depth_u16(path):
    """-> (h, w) uint16, as the file has it. Raises BadInputError."""
    depth_u16 = _decoded(path, cv2.IMREAD_UNCHANGED)
    if depth_u16.dtype != np.uint16 or depth_u16.ndim != 2:
        raise BadInputError(f"{path} is not a 16-bit single-channel depth image")
    return depth_u16


def _decoded(path, flags):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    whole = all(end in data[-TAIL:] for start, end in ENDS.items() if data.startswith(start))
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data and whole else None
    except cv2.error:  # a size that no memory holds
        image = None
    if image is None:
        raise BadInputError(f"{path} is not an image, or is cut off: fetch it again, or leave it out")
    return image
