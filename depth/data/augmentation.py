"""Random variants of training images, as the papers make them and stronger. The same generator gives the same image."""

from dataclasses import dataclass

import numpy as np

from calib.base.errors import BadInputError
from depth.data import colour
from depth.data.geometry import Placement, covering_scale, placed, without_border
from depth.data.sample import Sample

BLUR_PX = (0.3, 1.5)
"""Least and largest standard deviation of a blur."""


@dataclass(frozen=True)
class Augmentation:
    """Ranges (low, high) of uniform draws; (1, 1) and (0, 0) change nothing."""

    cover: float = 1.0
    """Share of the image, in its narrower direction, that the input shows at scale 1."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Enlargement; depth is divided by it."""
    even_scale: bool = False
    """Whether to draw the logarithm of the scale evenly, so that halving is as likely as doubling."""
    zoom: float = 0.0
    """Probability of a scale from `zoomed` instead, which shows parts of far images as near ones."""
    zoomed: tuple[float, float] = (1.0, 1.0)
    """Enlargements of `zoom`."""
    rotation_deg: float = 0.0
    """Largest rotation to either side."""
    stretch: tuple[float, float] = (1.0, 1.0)
    """Width over height of what was a square, drawn evenly in its logarithm."""
    move: bool = False
    """Whether to crop anywhere in the image instead of in its middle."""
    flip: float = 0.0
    """Probability of left becoming right."""
    gain: tuple[float, float] = (1.0, 1.0)
    """Factor of each colour channel by itself."""
    brightness: tuple[float, float] = (0.0, 0.0)
    """Added to all values, which lie in [0, 1]."""
    contrast: tuple[float, float] = (1.0, 1.0)
    """Factor on differences from the mean."""
    saturation: tuple[float, float] = (1.0, 1.0)
    """Factor on differences from grey."""
    hue_deg: float = 0.0
    """Largest turn of the colour circle to either side."""
    gamma: tuple[float, float] = (1.0, 1.0)
    """Exponent of the values, drawn evenly in its logarithm."""
    grey: float = 0.0
    """Probability of an image without colour."""
    blur: float = 0.0
    """Probability of a blur within BLUR_PX."""
    noise: float = 0.0
    """Largest standard deviation of sensor noise."""

    def base_scale(self, image_size: tuple[int, int], input_size: tuple[int, int]) -> float:
        """Input pixels per image pixel before any random enlargement; sizes are (height, width)."""
        return covering_scale(image_size, input_size, self.cover)

    def __call__(self, sample: Sample, size: tuple[int, int], focal_px: float, rng: np.random.Generator,
                 border: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """A random variant: rgb (h, w, 3) uint8 and depth (h, w) float32 metres; see depth.data.geometry.placed.

        `border`: the share of the width at each edge that shows nothing, which is never looked at.
        """
        base_scale = self.base_scale(sample.rgb.shape[:2], size)
        sample = without_border(sample, border)
        placement = self._placement(base_scale, sample.rgb.shape[:2], size, rng)
        rgb, depth_m = placed(sample, placement, size, focal_px)
        return self._coloured(rgb, rng), depth_m

    def _placement(self, base_scale, image_size, size, rng):
        limits = self.zoomed if self.zoom and rng.uniform() < self.zoom else self.scale
        scale = base_scale * (_even(limits, rng) if self.even_scale else rng.uniform(*limits))
        stretch = _even(self.stretch, rng)
        seen = size[1] / scale / stretch**0.5, size[0] / scale * stretch**0.5
        where = rng.uniform(size=2) if self.move else (0.5, 0.5)
        room = image_size[1] - seen[0], image_size[0] - seen[1]  # negative where the input shows more than the image
        u, v = (float(seen[k] / 2 + where[k] * room[k] - 0.5) for k in (0, 1))
        rotation_rad = np.radians(rng.uniform(-self.rotation_deg, self.rotation_deg))
        return Placement(float(scale), (u, v), float(rotation_rad), float(stretch), bool(rng.uniform() < self.flip))

    def _coloured(self, rgb, rng):
        """Values that leave [0, 255] are cut off, as in a camera."""
        image = rgb.astype(np.float32) / 255
        image = colour.with_gain(image, rng.uniform(*self.gain, 3))
        image = colour.with_brightness(image, rng.uniform(*self.brightness))
        image = colour.with_contrast(image, rng.uniform(*self.contrast))
        image = colour.with_saturation(image, rng.uniform(*self.saturation) * (rng.uniform() >= self.grey))
        image = colour.with_hue(image, np.radians(rng.uniform(-self.hue_deg, self.hue_deg)))
        image = colour.with_gamma(image, _even(self.gamma, rng))
        image = colour.with_blur(image, rng.uniform(*BLUR_PX) * (rng.uniform() < self.blur))
        image = colour.with_noise(image, rng.uniform(0, self.noise), rng)
        return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


EIGEN = Augmentation(cover=304 / 320, scale=(1.0, 1.5), rotation_deg=5.0, move=True, flip=0.5, gain=(0.8, 1.2))
"""Eigen 2014, section 3.4, for NYU: 320x240 cropped to 304x228 after enlarging."""

AUGMENTATIONS = {
    "none": Augmentation(),
    "eigen": EIGEN,
    "eigen_kitti": Augmentation(cover=576 / 612, scale=(1.0, 1.2), move=True, flip=0.5, gain=(0.8, 1.2)),
    "hao": Augmentation(cover=320 / 416, flip=0.5, brightness=(-0.2, 0.2), contrast=(0.8, 1.2)),
    "strong": Augmentation(scale=(0.9, 1.4), even_scale=True, zoom=0.35, zoomed=(1.4, 3.0), rotation_deg=5.0,
                           stretch=(0.8, 1.25), move=True, flip=0.5, gain=(0.8, 1.2), brightness=(-0.15, 0.15),
                           contrast=(0.6, 1.4), saturation=(0.5, 1.5), hue_deg=18.0, gamma=(0.7, 1.4), grey=0.1,
                           blur=0.2, noise=0.03),
}
"""`eigen_kitti`: footnote 2 of Eigen 2014 (no rotation, less enlargement), half of 1224x368 cropped to 576x172. `hao`:
Hao 2018, section 4.1 (640x480 to 416x312, its middle 320x240, brightness, contrast, flip)."""


def augmentation_named(name: str) -> Augmentation:
    """Name -> Augmentation. Raises BadInputError for a name that is not in AUGMENTATIONS."""
    if name not in AUGMENTATIONS:
        raise BadInputError(f"no augmentation {name!r}; there are {', '.join(AUGMENTATIONS)}")
    return AUGMENTATIONS[name]


def _even(limits, rng):
    """A draw that is even in its logarithm."""
    return float(np.exp(rng.uniform(*np.log(limits))))
