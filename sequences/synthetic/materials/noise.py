"""Tileable random fields that textures are made of, and the arithmetic of colours."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.fft import irfft2
from scipy.spatial import KDTree


def fractal(rng: np.random.Generator, size: tuple[int, int], slope: float = 1.6,
            stretch: tuple[float, float] = (1.0, 1.0), coarsest: float = 1.0) -> np.ndarray:
    """Periodic noise (height, width) float32 of mean 0 and deviation 1.

    Amplitudes fall with frequency to the power `slope`, seen through `stretch` = (x, y), which draws features out along
    an axis; frequencies below `coarsest` periods per tile are left out.
    """
    height, width = size
    fy = np.fft.fftfreq(height, 1 / height)[:, None] * stretch[1]
    fx = np.fft.rfftfreq(width, 1 / width)[None] * stretch[0]
    frequency = np.hypot(fx, fy).astype(np.float32)
    amplitude = np.where(frequency >= coarsest, np.maximum(frequency, 1e-3) ** -slope, 0).astype(np.float32)
    phase = rng.standard_normal((2, *frequency.shape), dtype=np.float32)
    field = np.asarray(irfft2((phase[0] + 1j * phase[1]) * amplitude, s=size))
    return ((field - field.mean()) / field.std()).astype(np.float32)


def cells(rng: np.random.Generator, size: tuple[int, int], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voronoi cells of `count` random points on a torus: nearest distance, gap to the second, and number (H, W) each.

    Distances are in units of the tile's height.
    """
    height, width = size
    box = (width / height, 1.0)
    tree = KDTree(rng.uniform(0, box, (count, 2)), boxsize=box)
    y, x = np.mgrid[:height, :width]
    distance, number = map(np.asarray, tree.query(np.stack([x, y], -1) / height, k=2))
    return distance[..., 0].astype(np.float32), (distance[..., 1] - distance[..., 0]).astype(np.float32), number[..., 0]


def grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x and y (height, width) float32 of texel centres in [0, 1]."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return (x + 0.5) / width, (y + 0.5) / height


def per_piece(rng: np.random.Generator, piece: np.ndarray, amount: float, channels: int | None = None) -> np.ndarray:
    """A factor around 1 for every texel, the same over each piece: `piece` (H, W) numbers them.

    With `channels` the factor has that many, which changes the hue.
    """
    count = int(piece.max()) + 1
    values = rng.standard_normal(count if channels is None else (count, channels), dtype=np.float32)
    return (1 + np.float32(amount) * values)[piece]


def relief(height: np.ndarray, strength: float) -> np.ndarray:
    """Shading of a height field (H, W) lit from the upper left: a factor around 1."""
    return 1 + strength * (height - np.roll(height, (1, 1), (0, 1)))


def smooth_step(low: float, high: float, x: ArrayLike) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((np.asarray(x, np.float32) - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(a: ArrayLike, b: ArrayLike, share: ArrayLike) -> np.ndarray:
    """Colours or images `a` and `b` (..., 3), mixed by the share (H, W) of b."""
    share = np.asarray(share, np.float32)[..., None]
    return np.asarray(a, np.float32) * (1 - share) + np.asarray(b, np.float32) * share


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """Display colours in [0, 1] -> linear reflectance, float32."""
    return np.clip(srgb, 0, 1).astype(np.float32) ** 2.2


def varied(rng: np.random.Generator, colour: ArrayLike, amount: float) -> np.ndarray:
    """A display colour (3,) made brighter or darker and a little warmer or cooler at random."""
    colour = np.asarray(colour) * (1 + amount * rng.normal()) * (1 + amount / 3 * rng.normal(size=3))
    return np.clip(colour, 0.02, 0.98).astype(np.float32)


def ink(rng: np.random.Generator) -> np.ndarray:
    """A print colour (3,), seldom gaudy."""
    colour = rng.uniform(0.05, 0.9, 3)
    return (0.45 * colour + 0.55 * colour.mean() * np.array([1.06, 1.0, 0.9])).astype(np.float32)
