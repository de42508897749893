"""What callers of the library hand over, checked before it reaches SLAM: one line says what is wrong with it."""

import math

import numpy as np

from calib.base.errors import BadInputError, CalibrationError, SourceError
from calib.geometry.camera import Camera

MAX_ASPECT_DIFFERENCE = 0.01
"""A depth image whose aspect ratio differs by more than this share from the colour image's is not registered to it."""


def checked_rgb(rgb: np.ndarray, camera: Camera) -> np.ndarray:
    """(H, W, 3) uint8 image of `camera`, any strides -> the same, contiguous. Raises SourceError, CalibrationError."""
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise SourceError(f"rgb must be an array (height, width, 3) of uint8, not {_described(rgb)}")
    if rgb.shape[:2] != camera.size:
        raise CalibrationError(f"the camera is {camera.width}x{camera.height} but this image is {rgb.shape[1]}x"
                               f"{rgb.shape[0]}: give the camera of these images, or camera.fitted_to(rgb.shape[:2])")
    return np.ascontiguousarray(rgb)


def checked_depth(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """(h, w) floats in metres, registered to images of `camera` -> float32, 0 for NaN, infinite and negative values.

    Raises SourceError.
    """
    if not isinstance(depth_m, np.ndarray) or depth_m.ndim != 2 or not np.issubdtype(depth_m.dtype, np.floating):
        raise SourceError(f"depth_m must be an array (height, width) of floats in metres, not {_described(depth_m)}")
    height, width = depth_m.shape
    if not depth_m.size or abs(width * camera.height / (height * camera.width) - 1) > MAX_ASPECT_DIFFERENCE:
        raise SourceError(f"depth_m is {width}x{height}, another shape than the {camera.width}x{camera.height} colour "
                          f"image: it must be registered to that")
    usable = np.isfinite(depth_m) & (depth_m > 0)
    return np.where(usable, depth_m, 0).astype(np.float32)


def checked_mask(mask: np.ndarray) -> np.ndarray:
    """(h, w) array of booleans or numbers -> (h, w) bool, False where it is 0. Raises BadInputError."""
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or mask.dtype.kind not in "buif":
        raise BadInputError(f"mask must be an array (height, width), 0 where to ignore the images, or the name of an "
                            f"image file, not {_described(mask)}")
    return mask != 0


def checked_time(time_s: float, last_s: float) -> float:
    """Time of an image, seconds, which must come after last_s -> float. Raises SourceError."""
    try:
        time_s = float(time_s)
    except (TypeError, ValueError) as error:
        raise SourceError(f"time_s must be a number of seconds, not {time_s!r}") from error
    if not math.isfinite(time_s) or time_s <= last_s:
        raise SourceError(f"time_s must increase from image to image: {time_s:f} does not come after {last_s:f}")
    return time_s


def _described(value):
    return f"{value.shape} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
