"""What walls and ceilings are covered with: plaster, wallpapers, brick, panelling."""

import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.materials.noise import blend, fractal, grid, per_piece, relief, smooth_step, to_linear, varied
from sequences.synthetic.materials.texture import Texture

SIZE = 1024, 1024


def plaster(rng: np.random.Generator, colour: ArrayLike, roughness: float = 1.0) -> Texture:
    """Painted plaster: trowel strokes, orange peel, and stains at larger scales."""
    strokes = fractal(rng, SIZE, 1.3, (3.0, 1.0), 3) + fractal(rng, SIZE, 1.3, (1.0, 3.0), 3)
    peel = fractal(rng, SIZE, 0.8, coarsest=40)
    clouds = fractal(rng, SIZE, 1.9)
    tone = relief(0.5 * strokes + 0.5 * peel, 0.10 * roughness)
    tone += 0.030 * roughness * clouds + 0.018 * roughness * strokes
    hue = 1 + 0.012 * roughness * clouds[..., None] * np.array([1.0, 0.2, -1.0])
    return Texture(to_linear(np.asarray(colour) * tone[..., None] * hue), (2.6, 2.6))


def stripes(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Wallpaper with upright stripes of several widths."""
    x, _ = grid(SIZE)
    bands = int(rng.choice([10, 14, 20]))
    phase = x * bands % 1
    accent = varied(rng, np.asarray(colour) * rng.choice([0.7, 0.82, 1.12]), 0.03)
    thin = varied(rng, np.asarray(colour) * 0.5, 0.05)
    wide = smooth_step(0.02, 0.04, phase) * smooth_step(0.42, 0.40, phase)
    line = smooth_step(0.49, 0.50, phase) * smooth_step(0.54, 0.53, phase)
    return _paper(rng, blend(blend(colour, accent, wide), thin, line * 0.8))


def damask(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Wallpaper with a mirrored ornament in staggered rows."""
    columns, rows = int(rng.choice([6, 8])), int(rng.choice([4, 5]))
    x, y = grid(SIZE)
    ornament = np.zeros(SIZE, np.float32)
    harmonics = rng.uniform(-0.25, 0.25, 6)
    for stagger in (0.0, 0.5):
        u = np.abs((x * columns + stagger) % 1 - 0.5) * 2
        v = ((y * rows + stagger) % 1 - 0.5) * 2
        angle, radius = np.arctan2(u, v), np.hypot(u, v)
        outline = 0.5 + 0.16 * np.cos(2 * angle)
        outline += sum(h / (k + 1) * np.cos((k + 3) * angle) for k, h in enumerate(harmonics))
        inside = smooth_step(0.03, -0.03, radius - outline)
        vein = smooth_step(0.25, 0.45, np.cos(radius * 16 + 3 * np.cos(3 * angle) + harmonics[0] * 20))
        ornament = np.maximum(ornament, inside * (0.35 + 0.65 * vein))
    accent = varied(rng, np.asarray(colour) * rng.choice([0.68, 0.78, 1.18]), 0.03)
    return _paper(rng, blend(colour, accent, ornament))


def geometric(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Wallpaper with interlaced rings or a lattice of lozenges."""
    n = int(rng.choice([8, 10, 12]))
    x, y = grid(SIZE)
    pattern = np.zeros(SIZE, np.float32)
    if rng.random() < 0.5:
        for du, dv in ((0, 0), (0.5, 0.5)):
            ring = np.hypot((x * n + du) % 1 - 0.5, (y * n + dv) % 1 - 0.5)
            pattern = np.maximum(pattern, smooth_step(0.05, 0.03, np.abs(ring - 0.42)))
    else:
        a, b = np.abs((x + y) * n % 1 - 0.5), np.abs((x - y) * n % 1 - 0.5)
        pattern = np.maximum(smooth_step(0.42, 0.45, np.maximum(a, b)), 0.5 * smooth_step(0.16, 0.13, np.maximum(a, b)))
    accent = varied(rng, np.asarray(colour) * rng.choice([0.6, 0.75]), 0.04)
    return _paper(rng, blend(colour, accent, 0.8 * pattern))


def _paper(rng, image):
    """Print on paper: a fine tooth, faded patches and a joint every half metre."""
    x, _ = grid(SIZE)
    joint = smooth_step(0.0016, 0.0006, np.abs(x * 4 % 1 - 0.5) / 4)
    tone = 1 + 0.022 * fractal(rng, SIZE, 0.3) + 0.03 * fractal(rng, SIZE, 1.9) - 0.12 * joint
    return Texture(to_linear(image * tone[..., None]), (2.1, 2.1))


def brick(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Running bond with mortar; every brick has its own tone."""
    rows, columns = 32, 10
    x, y = grid(SIZE)
    row = (y * rows).astype(int)
    shifted = (x * columns + 0.5 * (row % 2)) % columns
    number = row * columns + shifted.astype(int)
    ragged = 0.02 * fractal(rng, SIZE, 1.0, coarsest=16)
    edge = np.minimum((0.5 - np.abs(shifted % 1 - 0.5)) * 3.1, 0.5 - np.abs(y * rows % 1 - 0.5)) + ragged
    mortar = smooth_step(0.11, 0.06, edge)
    tone = per_piece(rng, number, 0.12) + 0.06 * fractal(rng, SIZE, 0.9, coarsest=4)
    image = blend(np.asarray(colour, np.float32) * tone[..., None] * per_piece(rng, number, 0.015, 3),
                  (0.72, 0.70, 0.66), mortar)
    return Texture(to_linear(image * relief(edge, 1.2)[..., None]), (2.4, 2.4))


def boards(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Upright painted boards with grooves and brush marks."""
    count = 20
    x, _ = grid(SIZE)
    place = np.abs(x * count % 1 - 0.5)
    groove = smooth_step(0.46, 0.49, place)
    brush = fractal(rng, SIZE, 1.1, (1.0, 10.0), 4)
    tone = 1 + 0.03 * rng.normal(size=count)[(x * count).astype(int)] + 0.04 * brush - 0.45 * groove
    return Texture(to_linear(np.asarray(colour) * (tone + 0.025 * fractal(rng, SIZE, 1.9))[..., None]), (2.4, 2.4))
