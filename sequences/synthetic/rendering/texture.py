"""Textures, and the atlas of their mip levels that the renderer looks colours up in."""

from dataclasses import dataclass

import cv2
import numpy as np

from sequences.synthetic.rendering.compile import kernel

LEVELS = 12
WIDTH, HEIGHT, LAST = LEVELS, LEVELS + 1, LEVELS + 2
"""Columns of the atlas table after the first texels of the levels."""
FIELD_BITS = 21
"""Bits for each channel of a packed texel: 12 of linear reflectance, 9 of room for interpolation weights."""


@dataclass(frozen=True)
class Texture:
    """A tileable picture of reflectance."""

    image: np.ndarray
    """(H, W, 3) float32 linear reflectance in [0, 1]; H and W are powers of two."""
    size_m: tuple[float, float] = (1.0, 1.0)
    """Width and height of one tile in metres; 1 x 1 for pictures that a patch shows exactly once."""

    @property
    def texels_per_metre(self):
        return np.array([self.image.shape[1] / self.size_m[0], self.image.shape[0] / self.size_m[1]])

    @property
    def mean(self):
        """(3,) mean linear reflectance."""
        return np.array(cv2.mean(self.image)[:3])


@dataclass(frozen=True)
class TextureAtlas:
    """Every mip level of every texture in one array."""

    texels: np.ndarray
    """(N,) uint64: red, green and blue of linear reflectance, 12 bits in fields of 21, so that one integer
    multiplication weighs all three."""
    table: np.ndarray
    """(K, LEVELS + 3) int64: index of the first texel of each mip level (the last one repeats), binary logarithms of
    width and height at level 0, number of the last level."""


def pack_textures(textures):
    """Textures in order -> TextureAtlas."""
    texels, table, used = [], [], 0
    for texture in textures:
        height, width = texture.image.shape[:2]
        start = []
        for image in _mip_levels(texture.image):
            texels.append(_packed(np.ascontiguousarray(image)))
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
