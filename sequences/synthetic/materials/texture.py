"""A texture: a tileable picture of reflectance and how large it is."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Texture:
    """A tileable picture of reflectance."""

    image: np.ndarray
    """(H, W, 3) float32 linear reflectance in [0, 1]; H and W are powers of two."""
    size_m: tuple[float, float] = (1.0, 1.0)
    """Width and height of one tile in metres; 1 x 1 for pictures that a patch shows exactly once."""

    @property
    def texels_per_metre(self) -> np.ndarray:
        return np.array([self.image.shape[1] / self.size_m[0], self.image.shape[0] / self.size_m[1]])

    @property
    def mean(self) -> np.ndarray:
        """(3,) mean linear reflectance."""
        return np.array(cv2.mean(self.image)[:3])
