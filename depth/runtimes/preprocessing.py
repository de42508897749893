"""Images into network inputs and network outputs into metres, the same for every runtime."""

import math
from functools import lru_cache

import cv2
import numpy as np

MOST_STRETCH = 1.25
"""Images are squashed by so much at most where the network can have it otherwise: as in training (`strong`)."""
LEAST_MULTIPLES = 4
"""Sides of inputs are never shorter: of a narrow strip a network sees too little at once."""
MOST_PIXELS = 1.02
"""Of those of `size`: what may be had for the time that `size` takes."""
PIXEL_PENALTY = 0.25
"""What the logarithm of missing pixels costs against that of the stretch when a size is chosen."""


@lru_cache(maxsize=64)
def fitted_size(image_size, size, multiple):
    """(height, width) of an image, and a network's `size` -> the input that this image gets, sides multiples of
    `multiple`: `size` itself where that squashes little, else of about the image's shape and as many pixels."""
    def stretch(wanted):
        return abs(math.log(image_size[0] * wanted[1] / (image_size[1] * wanted[0])))

    def cost(wanted):
        return stretch(wanted) + PIXEL_PENALTY * math.log(math.prod(size) / math.prod(wanted))

    if stretch(size) <= math.log(MOST_STRETCH):
        return size
    least = LEAST_MULTIPLES * multiple
    most = int(MOST_PIXELS * math.prod(size))
    sizes = [(height, width) for height in range(least, most // least + 1, multiple)
             for width in range(least, most // height + 1, multiple)]
    return min(sizes, key=cost, default=size)


def to_input(rgb, size, spec):
    """(H, W, 3) uint8 -> (1, 3, h, w) or (1, h, w, 3) float32. The whole image is resized to `size`, edges kept."""
    interpolation = cv2.INTER_AREA if rgb.shape[0] * rgb.shape[1] > size[0] * size[1] else cv2.INTER_LINEAR
    image = cv2.resize(rgb, size[::-1], interpolation=interpolation)
    if spec.channels == "bgr":
        image = image[..., ::-1]
    mean, std = np.float32(spec.mean), np.float32(spec.std)
    image = (image * np.float32(spec.range / 255) - mean) / std
    return np.ascontiguousarray(image.transpose(2, 0, 1) if spec.layout == "nchw" else image)[None]


def to_depth_m(output, spec):
    """Raw network output -> depth in metres of the training camera; garbage in, garbage (inf, NaN) out."""
    with np.errstate(all="ignore"):
        if spec.output == "inverse_depth":
            output = 1 / output
        elif spec.output == "log_depth":
            output = np.exp(output)
        return output * np.float32(spec.scale)
