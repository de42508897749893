"""Results as files, each written whole or not at all."""

import os
from contextlib import suppress

import cv2

from calib.base.errors import OutputError


def write_result(path, data):
    """bytes -> file, replacing an older one only when the new one is complete. Raises OutputError."""
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another --output") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def png(image):
    """(H, W, 3) uint8 RGB or (H, W) uint16 -> bytes."""
    return cv2.imencode(".png", _bgr(image))[1].tobytes()


def jpeg(rgb):
    """(H, W, 3) uint8 -> bytes."""
    return cv2.imencode(".jpg", _bgr(rgb), (cv2.IMWRITE_JPEG_QUALITY, 95))[1].tobytes()


def _bgr(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
