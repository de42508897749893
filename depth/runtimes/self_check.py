"""Whether a network run one way predicts the same as run another way."""

import cv2
import numpy as np

from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.preprocessing import to_depth_m

BOUNDS = {"fp16": 0.03, "fp32": 0.001}
"""The `difference` to float32 that is allowed to each precision, fastest first. Rounding to fp16 after every layer
makes 0.0003 to 0.013 with the networks that were tried; what is really wrong is off by far more."""
PERCENTILE = 99.0
"""Percentile of the pixels' differences: single pixels on the edge of an object may differ."""
MIN_SHARE = 0.1
"""Share of the median to which differences of smaller values are taken relative: depth may pass through zero where a
network sees what it has never seen."""


def pictures(size: tuple[int, int]) -> list[np.ndarray]:
    """(height, width) -> made-up RGB images: a room of flat walls and boxes, a smooth wash of colours, noise."""
    random = np.random.default_rng(0)
    return [_room(size, random), _wash(size, random), random.integers(0, 256, (*size, 3), np.uint8)]


def _wash(size, random):
    return cv2.resize(random.integers(0, 256, (5, 6, 3), np.uint8), size[::-1], interpolation=cv2.INTER_CUBIC)


def _room(size, random):
    """Back wall, side walls, ceiling and floor, and boxes of random colours in front; darker further back."""
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    middle = np.array([0.55 * width, 0.45 * height], np.float32)
    inner = middle + 0.35 * (corners - middle)
    image = np.zeros((*size, 3), np.uint8)
    for k, colour in enumerate(([200, 195, 185], [150, 140, 125], [120, 85, 55], [175, 170, 160])):
        cv2.fillPoly(image, [np.stack([corners[k], corners[k - 3], inner[k - 3], inner[k]]).astype(np.int32)], colour)
    cv2.fillPoly(image, [inner.astype(np.int32)], [140, 145, 150])
    for _ in range(6):
        x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.5, 0.9) * height
        half = 0.02 * width + 0.12 * (y - 0.4 * height)
        colour = random.integers(30, 220, 3)
        cv2.rectangle(image, (int(x - half), int(y - 2 * half)), (int(x + half), int(y)), colour.tolist(), -1)
    grain = random.normal(0, 4, image.shape)
    return np.clip(cv2.GaussianBlur(image, (3, 3), 0) + grain, 0, 255).astype(np.uint8)


def difference(candidate: ImageNetwork, reference: ImageNetwork) -> float:
    """Two ImageNetworks of one size -> the relative difference that PERCENTILE % of the pixels stay below, on the
    picture where they differ most; infinite where the candidate predicts another shape, or no number where the other
    does.

    Of depth, and of the error that it is expected to have, where the network says it.
    """
    return max(_difference(found, expected) for rgb in pictures(reference.size)
               for found, expected in zip(_maps(candidate, rgb), _maps(reference, rgb), strict=True))


def _maps(network, rgb):
    """Depth in metres, and its expected relative error where the network says it."""
    output, log_error = network.raw(rgb)
    depth_m = to_depth_m(output, network.spec)
    return [depth_m] if log_error is None else [depth_m, np.exp(log_error)]


def _difference(found, expected):
    known = np.isfinite(expected)
    if found.shape != expected.shape or not np.isfinite(found[known]).all():
        return np.inf
    if not known.any():
        return 0.0
    least = MIN_SHARE * np.median(np.abs(expected[known]))
    with np.errstate(all="ignore"):
        relative = np.abs(found - expected)[known] / np.maximum(np.abs(expected[known]), least)
    return float(np.percentile(np.nan_to_num(relative, nan=0.0), PERCENTILE))  # NaN: both are 0
