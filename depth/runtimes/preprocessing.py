"""Images into network inputs and network outputs into metres, the same for every runtime."""

import math
from functools import lru_cache

import cv2
import numpy as np

from depth.runtimes.network_spec import NetworkSpec

MAX_STRETCH = 1.25
"""Largest change of aspect ratio where the network takes other sizes: that of training (`strong`)."""
MIN_MULTIPLES = 4
"""Shortest side of an input, in multiples: of a narrow strip a network sees too little at once."""
MAX_PIXEL_RATIO = 1.02
"""Largest number of pixels of an input over that of `size`: what the time of `size` is enough for."""
PIXEL_PENALTY = 0.25
"""Cost of the logarithm of missing pixels, where that of the stretch costs 1, when a size is chosen."""

MAX_RANGE = np.float32(4)
"""Depth of an image's farthest parts over that of its nearest, but for RANGE_PERCENT % each, where a network does not
say it: usual indoors."""
RANGE_PERCENT = 2
BEYOND = np.float32(4)
"""By how much the very smallest values may be beyond these."""


@lru_cache(maxsize=64)
def fitted_size(image_size: tuple[int, int], size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Size of the input for an image, both (height, width), with sides that are multiples of `multiple`.

    It is the network's own `size` where that squashes little, else about the image's shape with as many pixels.
    """
    def stretch(wanted):
        return abs(math.log(image_size[0] * wanted[1] / (image_size[1] * wanted[0])))

    def cost(wanted):
        return stretch(wanted) + PIXEL_PENALTY * math.log(math.prod(size) / math.prod(wanted))

    if stretch(size) <= math.log(MAX_STRETCH):
        return size
    min_side = MIN_MULTIPLES * multiple
    max_pixels = int(MAX_PIXEL_RATIO * math.prod(size))
    sizes = [(height, width) for height in range(min_side, max_pixels // min_side + 1, multiple)
             for width in range(min_side, max_pixels // height + 1, multiple)]
    return min(sizes, key=cost, default=size)


def to_input(rgb: np.ndarray, size: tuple[int, int], spec: NetworkSpec) -> np.ndarray:
    """(H, W, 3) uint8 -> (1, 3, h, w) or (1, h, w, 3) float32. The whole image is resized to `size`, edges kept."""
    image = resized(rgb, size)
    if spec.channels == "bgr":
        image = image[..., ::-1]
    mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
    image = (image * np.float32(spec.range / 255) - mean) / std
    return np.ascontiguousarray(image.transpose(2, 0, 1) if spec.layout == "nchw" else image)[None]


def resized(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 -> (*size, 3) uint8"""
    interpolation = cv2.INTER_AREA if rgb.shape[0] * rgb.shape[1] > size[0] * size[1] else cv2.INTER_LINEAR
    return cv2.resize(rgb, size[::-1], interpolation=interpolation)


def assumed_depth(output: np.ndarray, is_inverse: bool) -> np.ndarray:
    """Depth or inverse depth up to a factor and a summand -> depth (h, w) float32 in units of what is nearest

    The summand is assumed to be no more than makes the farthest MAX_RANGE times as far as the nearest: a guess, from
    which SLAM finds factor and summand, see slam.keyframe_depth.relative_depth. A wall stays flat."""
    finite = output[np.isfinite(output)]
    if not finite.size:
        return np.full(output.shape, np.nan, np.float32)
    low, high = np.percentile(finite, (RANGE_PERCENT, 100 - RANGE_PERCENT)).astype(np.float32)
    summand = max(np.float32(0), (high - MAX_RANGE * low) / (MAX_RANGE - 1))
    values = np.maximum(output + summand, (low + summand) / BEYOND)
    return (high + summand) / values if is_inverse else values / (low + summand)


def to_depth_m(output: np.ndarray, spec: NetworkSpec) -> np.ndarray:
    """Raw network output -> depth in metres for the training camera; inf and NaN where the output is no depth.

    Relative outputs become depth in an arbitrary unit, see `assumed_depth`.
    """
    with np.errstate(all="ignore"):
        if spec.is_relative:
            return assumed_depth(output, spec.output == "relative_inverse_depth")
        if spec.output == "inverse_depth":
            output = 1 / output
        elif spec.output == "log_depth":
            output = np.exp(output)
        return output * np.float32(spec.scale)
