"""A mask: an image that says which part of a camera's pictures to ignore."""

from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_unchanged
from calib.geometry.camera import Camera

MAX_ASPECT_DIFFERENCE = 0.02
BLACK = 0.1
"""Share of the greatest value in the mask, up to which a pixel is black; masks of 0 and 1 are common, too."""
MIN_SHARE = 0.1
"""Share of the picture that must be left to work with."""


def read_mask(path: str | Path, camera: Camera) -> np.ndarray:
    """Image file -> (H, W) bool of the camera's size, False where it is black or transparent. Raises BadInputError."""
    return fitted_mask(is_marked(read_unchanged(path)), camera, str(path))


def is_marked(image: np.ndarray) -> np.ndarray:
    """An image of any kind, (h, w) or (h, w, channels) -> (h, w) bool, False where it is black, but for what lossy
    compression adds, or transparent."""
    if image.ndim == 2:
        return image > BLACK * image.max()
    colours = image[..., :3].max(-1)
    is_marked = colours > BLACK * colours.max()
    return is_marked & (image[..., 3] > 0) if image.shape[2] == 4 else is_marked


def fitted_mask(usable: np.ndarray, camera: Camera, name: str) -> np.ndarray:
    """(h, w) bool -> (H, W) bool of the camera's size. Raises BadInputError, which begins with `name`, where it cannot
    be a mask for this camera."""
    height, width = usable.shape
    if abs(width * camera.height / (height * camera.width) - 1) > MAX_ASPECT_DIFFERENCE:
        raise BadInputError(f"{name}: the mask is {width}x{height} but the images are {camera.width}x{camera.height}, "
                            f"another aspect ratio: draw it over one of the images")
    if usable.mean() < MIN_SHARE:
        raise BadInputError(f"{name}: the mask leaves {usable.mean():.0%} of the image: black or transparent is what "
                            f"to ignore, anything else is kept")
    return cv2.resize(usable.astype(np.uint8), camera.size[::-1], interpolation=cv2.INTER_NEAREST) > 0
