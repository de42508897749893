"""The atlas of all textures' mip levels that the renderer looks colours up in."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sequences.synthetic.rendering.compile import kernel

LEVELS = 12
WIDTH, HEIGHT, LAST = LEVELS, LEVELS + 1, LEVELS + 2
"""Columns of the atlas table after the first texels of the levels."""
FIELD_BITS = 21
"""Bits for each channel of a packed texel: 12 of linear reflectance, 9 of room for interpolation weights."""


@dataclass(frozen=True)
class TextureAtlas:
    """Every mip level of every texture in one array."""

    texels: np.ndarray
    """(N,) uint64: red, green and blue of linear reflectance, 12 bits in fields of 21, so that one integer
    multiplication weighs all three."""
    table: np.ndarray
    """(K, LEVELS + 3) int64: index of the first texel of each mip level (the last one repeats), binary logarithms of
    width and height at level 0, number of the last level."""


def pack_textures(images: Iterable[np.ndarray]) -> TextureAtlas:
    """Pictures of reflectance in order, (H, W, 3) float32 each, H and W powers of two -> TextureAtlas."""
    texels, table, used = [], [], 0
    for image in images:
        height, width = image.shape[:2]
        start = []
        for level in _mip_levels(image):
            texels.append(_packed(np.ascontiguousarray(level)))
            start.append(used)
            used += texels[-1].size
        table.append(start + [start[-1]] * (LEVELS - len(start))
                     + [int(np.log2(width)), int(np.log2(height)), len(start) - 1])
    return TextureAtlas(np.concatenate(texels), np.array(table))


def _mip_levels(image):
    """The image and its halvings by averaging 2 x 2, down to one texel on the shorter side."""
    while True:
        yield image
        if min(image.shape[:2]) == 1:
            return
        image = 0.25 * (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2])


@kernel
def _packed(image):
    """(H, W, 3) float32 linear reflectance -> (H * W,) uint64."""
    flat = image.reshape(-1, 3)
    out = np.empty(len(flat), np.uint64)
    for i in range(len(flat)):
        total = np.uint64(0)
        for k in range(3):
            level = np.uint64(min(max(flat[i, k], np.float32(0)), np.float32(1)) * np.float32(4095) + np.float32(0.5))
            total = total << np.uint64(FIELD_BITS) | level
        out[i] = total
    return out
