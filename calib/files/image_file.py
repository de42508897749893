"""Reading single image files, strictly: a truncated file is an error, not a picture with a grey bottom."""

import re
from pathlib import Path

import cv2
import numpy as np

from calib.base.opencv_log import silence

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp")

JPEG_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""A marker that is neither a stuffed byte nor a restart within the picture's data."""

PNM_HEADER = re.compile(rb"P([56])" + 3 * rb"(?:\s+|#[^\n]*\n)+(\d{1,9})" + rb"\s")
"""Binary greymap or pixmap: width, height, greatest value, and one blank before the pixels."""

silence()


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


def read_depth_m(path, units_per_m):
    """Depth image file -> (H, W) float32 metres, 0 where there is no reading."""
    return read_depth_u16(path).astype(np.float32) / np.float32(units_per_m)


def read_gray(path):
    """8-bit single-channel image file -> (H, W) uint8, as the file has it."""
    gray = _decode(path, cv2.IMREAD_UNCHANGED)
    if gray.dtype != np.uint8 or gray.ndim != 2:
        raise UnreadableImage(f"{path}: not an 8-bit single-channel image")
    return gray


def decode_rgb(data, name):
    """The content of an image file -> (H, W, 3) uint8 RGB; `name` is for the reason where it cannot be used."""
    return _decode_bytes(data, name, cv2.IMREAD_COLOR_RGB)


def _decode(path, flags):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableImage(f"{path}: {error.strerror}") from error
    except ValueError as error:  # a name that no file can have, in a damaged list of images
        raise UnreadableImage(f"{str(path)!r}: {error}") from error
    return _decode_bytes(data, path, flags)


def _decode_bytes(data, path, flags):
    if not _is_whole(data):
        raise UnreadableImage(f"{path}: truncated or empty")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # a size that no memory holds
        image = None
    if image is None:
        raise UnreadableImage(f"{path}: not an image, or damaged")
    return image


def _is_whole(data):
    """Whether JPEG, PNG and PPM/PGM data reach their end; decoders fill in what is missing without a word.

    Bytes after the end are no harm: phones append depth maps and clips to their pictures.
    """
    if data.startswith(b"\xff\xd8"):
        return _jpeg_has_end(data)
    if data.startswith(b"\x89PNG"):
        return _png_has_end(data)
    if header := PNM_HEADER.match(data):
        return len(data) - header.end() >= _pnm_size(header)
    return len(data) > 0


def _jpeg_has_end(data):
    place = 2
    while marker := JPEG_MARKER.search(data, place):
        if marker[1] == b"\xd9":
            return True
        place = marker.end() + int.from_bytes(data[marker.end(): marker.end() + 2])  # past a thumbnail's own end, too
    return False


def _png_has_end(data):
    place = 8
    while place + 12 <= len(data):
        if data[place + 4: place + 8] == b"IEND":
            return True
        place += 12 + int.from_bytes(data[place: place + 4])
    return False


def _pnm_size(header):
    """Bytes of pixels that a header announces."""
    kind, width, height, greatest = map(int, header.groups())
    return width * height * (3 if kind == 6 else 1) * (2 if greatest > 255 else 1)
