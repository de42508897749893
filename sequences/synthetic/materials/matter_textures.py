"""Wood, metal, stone, ceramics, leaves and other matter that furniture and small things are made of."""

import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.materials.noise import blend, cells, fractal, grid, relief, smooth_step, to_linear, varied
from sequences.synthetic.materials.texture import Texture

SIZE = 512, 512
SMALL = 256, 256


def wood(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """A sawn face with grain along u: growth rings, pores and a few knots."""
    x, y = grid(SIZE)
    warp = fractal(rng, SIZE, 1.7, (6.0, 1.0))
    bend = np.zeros(SIZE, np.float32)
    for _ in range(2):
        cx, cy = rng.uniform(0, 1, 2)
        u, v = (x - cx + 0.5) % 1 - 0.5, (y - cy + 0.5) % 1 - 0.5
        bend += 0.9 * np.exp(-(u**2 / 0.012 + v**2 / 0.003))
    rings = np.sin(2 * np.pi * (7 * y + 0.35 * warp + 2 * bend))
    pores = fractal(rng, SIZE, 0.7, (18.0, 1.0), 24)
    tone = 1 + 0.075 * rings + 0.06 * pores + 0.05 * warp - 0.28 * smooth_step(0.75, 0.95, bend)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.9, 0.6))


def paint(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Brushed paint with small scratches and chips."""
    brush = fractal(rng, SIZE, 1.0, (8.0, 1.0), 4)
    chips = smooth_step(2.9, 3.3, fractal(rng, SIZE, 1.0, coarsest=10))
    tone = 1 + 0.035 * brush + 0.03 * fractal(rng, SIZE, 1.7)
    return Texture(to_linear(blend(np.asarray(colour) * tone[..., None], np.asarray(colour) * 0.55, chips)), (0.9, 0.9))


def metal(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Brushed metal with smudges."""
    tone = 1 + 0.09 * fractal(rng, SMALL, 0.6, (20.0, 1.0), 4) + 0.07 * fractal(rng, SMALL, 1.6)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.4, 0.4))


def plastic(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Moulded plastic: a fine grain, dust and scuffs."""
    scuffs = smooth_step(1.8, 2.6, fractal(rng, SMALL, 1.0, (1.0, 5.0), 3))
    tone = 1 + 0.07 * fractal(rng, SMALL, 0.2) + 0.08 * fractal(rng, SMALL, 1.7) + 0.35 * scuffs
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.4, 0.4))


def marble(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Polished stone with veins."""
    warp = fractal(rng, SIZE, 1.7)
    vein = np.exp(-np.abs(fractal(rng, SIZE, 1.4) + 0.3 * warp) * 9)
    fine = np.exp(-np.abs(fractal(rng, SIZE, 1.2, coarsest=3)) * 16)
    tone = 1 + 0.05 * warp - 0.3 * vein - 0.12 * fine
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.8, 0.8))


def ceramic(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Glazed ware, once around: bands, dots or waves over a speckled glaze; v runs from top to bottom."""
    x, y = grid(SMALL)
    ink = varied(rng, [(0.2, 0.3, 0.55), (0.6, 0.25, 0.18), (0.25, 0.4, 0.3), (0.3, 0.27, 0.26)][rng.integers(4)], 0.15)
    kind, n = rng.integers(3), int(rng.integers(5, 11))
    if kind == 0:
        pattern = smooth_step(0.2, 0.35, np.sin(2 * np.pi * n * y)) * smooth_step(0.1, 0.2, y)
    elif kind == 1:
        pattern = smooth_step(0.32, 0.26,
                              np.hypot(x * 2 * n % 1 - 0.5, (y * n + (x * 2 * n).astype(int) % 2 / 2) % 1 - 0.5))
    else:
        pattern = smooth_step(0.3, 0.5, np.sin(2 * np.pi * (n * y + 0.6 * np.sin(2 * np.pi * n * x))))
    speckle = smooth_step(2.0, 2.6, fractal(rng, SMALL, 0.3))
    tone = 1 + 0.04 * fractal(rng, SMALL, 1.5) - 0.3 * speckle
    return Texture(to_linear(blend(colour, ink, 0.85 * pattern) * tone[..., None]))


def leaf(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """One leaf: midrib along v, side veins, paler edge."""
    x, y = grid(SMALL)
    side = np.abs(x - 0.5)
    veins = smooth_step(0.8, 0.97, np.cos(2 * np.pi * (9 * y + 8 * side)))
    rib = smooth_step(0.035, 0.015, side)
    tone = 1 + 0.13 * fractal(rng, SMALL, 1.4) + 0.2 * (side - 0.25)
    pale = np.minimum(np.asarray(colour) * 1.6 + 0.08, 1)
    return Texture(to_linear(blend(np.asarray(colour) * tone[..., None], pale, np.maximum(0.5 * veins, 0.8 * rib))))


def soil(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Crumbs of earth."""
    distance, _, number = cells(rng, SMALL, 500)
    tone = 0.7 + 0.4 * rng.uniform(size=500)[number] - 6 * distance + 0.1 * fractal(rng, SMALL, 0.5)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.25, 0.25))


def wicker(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Canes woven around upright stakes."""
    x, y = grid(SMALL)
    stakes, canes = 16, 32
    j = (y * canes).astype(int)
    front = np.cos(np.pi * (x * stakes + j)) ** 2
    cane = np.sin(np.pi * (y * canes % 1))
    tone = (0.35 + 0.75 * cane * (0.4 + 0.6 * front)) * (1 + 0.15 * rng.normal(size=canes)[j])
    tone += 0.04 * fractal(rng, SMALL, 0.8)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.32, 0.32))


def cardboard(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Corrugated board, one face of a box: flutes, tape along the middle, a printed mark."""
    x, y = grid(SMALL)
    flutes = np.sin(2 * np.pi * 60 * y)
    tone = 1 + 0.025 * flutes + 0.05 * fractal(rng, SMALL, 1.2)
    image = np.asarray(colour) * tone[..., None]
    tape = smooth_step(0.07, 0.065, np.abs(x - 0.5))
    image = blend(image, varied(rng, (0.72, 0.58, 0.38), 0.08), 0.7 * tape)
    waves = np.sin(70 * x + 3 * np.sin(40 * y)) > 0
    mark = (np.abs(x - 0.22) < 0.1) & (np.abs(y - 0.7) < 0.12) & (waves | (np.abs(y - 0.7) > 0.1))
    return Texture(to_linear(blend(image, (0.2, 0.17, 0.15), 0.75 * mark)))


def lampshade(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Pleated linen."""
    x, _ = grid(SMALL)
    pleats = np.abs(np.sin(np.pi * x * 24))
    tone = 0.78 + 0.2 * pleats + 0.05 * fractal(rng, SMALL, 0.9, (1.0, 6.0))
    return Texture(to_linear(np.asarray(colour) * tone[..., None]))


def toy_ball(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """A ball once around: coloured segments and a star at each pole."""
    x, y = grid(SMALL)
    inks = np.array([colour, (0.9, 0.88, 0.82), varied(rng, (0.85, 0.62, 0.2), 0.15),
                     varied(rng, (0.2, 0.38, 0.6), 0.2)])
    count = int(rng.choice([6, 8]))
    index = np.where((x * count).astype(int) % 2, 1, 2 * ((x * count / 2).astype(int) % 2))
    index = np.where(np.abs(y - 0.5) < 0.05, 3, index)
    return Texture(to_linear(inks[index] * (1 + 0.05 * fractal(rng, SMALL, 1.2))[..., None]))


def rough(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Unglazed clay or concrete."""
    pits = smooth_step(1.9, 2.4, fractal(rng, SMALL, 0.6, coarsest=12))
    tone = 1 + 0.08 * fractal(rng, SMALL, 1.2) + 0.05 * fractal(rng, SMALL, 0.3) - 0.35 * pits
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), (0.35, 0.35))


def crumpled(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Paper that was a ball: facets with creases."""
    _, gap, number = cells(rng, SMALL, 60)
    tone = 0.85 + 0.12 * rng.normal(size=60)[number] - 0.2 * smooth_step(0.012, 0.0, gap)
    return Texture(to_linear(np.asarray(colour) * np.clip(relief(tone, 0.3) * tone, 0.3, 1.1)[..., None]), (0.2, 0.2))
