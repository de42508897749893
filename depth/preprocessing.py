"""Images into network inputs and network outputs into metres, the same for every runtime."""

import cv2
import numpy as np


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
