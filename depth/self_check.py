"""Does a network run one way predict what it does run another way?"""

import cv2
import numpy as np

from depth.preprocessing import to_depth_m

PERCENTILE = 99.0
"""Of the pixels: single ones on the edge of an object may well differ."""
LEAST_SHARE = 0.1
"""Of the median depth: differences of nearer pixels are taken relative to this, for depth may pass through zero where a
network sees what it has never seen."""


def pictures(size):
    """(height, width) -> list of made-up RGB images: a room of flat walls and boxes, a smooth wash of colours, noise."""
    random = np.random.default_rng(0)
    return [_room(size, random), _wash(size, random), random.integers(0, 256, (*size, 3), np.uint8)]


def _wash(size, random):
    return cv2.resize(random.integers(0, 256, (5, 6, 3), np.uint8), size[::-1], interpolation=cv2.INTER_CUBIC)


def _room(size, random):
    """Back wall, side walls, ceiling and floor, and boxes of random colours in front; darker further back."""
    height, width = size
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    middle = np.float32([0.55 * width, 0.45 * height])
    inner = middle + 0.35 * (corners - middle)
    image = np.zeros((*size, 3), np.uint8)
    for k, colour in enumerate(([200, 195, 185], [150, 140, 125], [120, 85, 55], [175, 170, 160])):
        cv2.fillPoly(image, [np.int32([corners[k], corners[k - 3], inner[k - 3], inner[k]])], colour)
    cv2.fillPoly(image, [np.int32(inner)], [140, 145, 150])
    for _ in range(6):
        x, y = random.uniform(0.1, 0.9) * width, random.uniform(0.5, 0.9) * height
        half = 0.02 * width + 0.12 * (y - 0.4 * height)
        colour = random.integers(30, 220, 3)
        cv2.rectangle(image, (int(x - half), int(y - 2 * half)), (int(x + half), int(y)), colour.tolist(), -1)
    grain = random.normal(0, 4, image.shape)
    return np.clip(cv2.GaussianBlur(image, (3, 3), 0) + grain, 0, 255).astype(np.uint8)


def difference(candidate, reference):
    """Two ImageNetworks of one size -> the relative difference of depth that PERCENTILE % of the pixels stay below, on the
    picture where they differ most; infinite where one predicts no number and the other does, or another shape."""
    return max(_difference(_depth_m(candidate, rgb), _depth_m(reference, rgb)) for rgb in pictures(reference.size))


def _depth_m(network, rgb):
    return to_depth_m(network.raw(rgb), network.spec)


def _difference(found_m, expected_m):
    known = np.isfinite(expected_m)
    if found_m.shape != expected_m.shape or not np.isfinite(found_m[known]).all():
        return np.inf
    least_m = LEAST_SHARE * np.median(np.abs(expected_m[known])) if known.any() else 0
    with np.errstate(all="ignore"):
        relative = np.abs(found_m - expected_m) / np.maximum(np.abs(expected_m), least_m)
    return float(np.percentile(np.nan_to_num(relative[known], nan=0.0), PERCENTILE)) if known.any() else 0.0
