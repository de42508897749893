"""Upholstery, bedding, curtains and rugs."""

import cv2
import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.materials.noise import blend, fractal, grid, relief, smooth_step, to_linear, varied
from sequences.synthetic.materials.texture import Texture

SIZE = 512, 512
TILE = 0.7, 0.7


def weave(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """A coarse plain weave whose yarns differ in tone."""
    yarns = 96
    x, y = grid(SIZE)
    i, j = (x * yarns).astype(int), (y * yarns).astype(int)
    over = (i + j) % 2
    yarn = np.where(over, rng.normal(size=yarns)[i], rng.normal(size=yarns)[j])
    shape = np.where(over, np.abs(np.sin(np.pi * x * yarns)), np.abs(np.sin(np.pi * y * yarns)))
    tone = 0.86 + 0.24 * shape + 0.06 * yarn + 0.05 * fractal(rng, SIZE, 1.5)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), TILE)


def plaid(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Crossing bands of three colours, woven as a twill."""
    palette = np.array([colour, varied(rng, np.asarray(colour) * 0.55, 0.1), varied(rng, (0.85, 0.82, 0.74), 0.08)])
    bands = np.repeat(rng.integers(0, 3, 24), rng.integers(6, 40, 24))
    bands = np.resize(np.concatenate([bands[:SIZE[0] // 4], bands[:SIZE[0] // 4][::-1]]), SIZE[0])
    i = np.arange(SIZE[0])
    twill = ((i[:, None] + i[None]) // 3 % 2).astype(np.float32)
    image = blend(palette[bands][None].repeat(SIZE[0], 0), palette[bands][:, None].repeat(SIZE[1], 1),
                  0.35 + 0.3 * twill)
    return Texture(to_linear(image * (1 + 0.04 * fractal(rng, SIZE, 0.8))[..., None]), (0.55, 0.55))


def knit(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Ribs of V-shaped stitches with a stripe now and then."""
    x, y = grid(SIZE)
    columns, rows = 32, 48
    u, v = x * columns % 1 - 0.5, (y * rows + 1.2 * np.abs(x * columns % 1 - 0.5)) % 1
    stitch = np.sin(np.pi * v) * np.cos(np.pi * u)
    stripe = smooth_step(0.55, 0.6, np.sin(2 * np.pi * y * 3) * rng.choice([0.0, 1.0]))
    image = blend(colour, varied(rng, np.asarray(colour) * 1.5, 0.1), 0.7 * stripe)
    return Texture(to_linear(image * (0.75 + 0.35 * stitch + 0.05 * fractal(rng, SIZE, 1.4))[..., None]), TILE)


def floral(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Printed blossoms of several sizes on a woven ground."""
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = colour
    inks = [varied(rng, c, 0.12) for c in ((0.75, 0.35, 0.32), (0.86, 0.76, 0.5), (0.36, 0.48, 0.42),
                                           (0.9, 0.88, 0.82))]
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    for _ in range(34):
        centre, radius = rng.uniform(0, SIZE[0], 2), rng.uniform(14, 46)
        outline = radius * (0.68 + 0.32 * np.cos(rng.integers(4, 8) * angle + rng.uniform(0, 6)))
        blossom = np.stack([outline * np.cos(angle), outline * np.sin(angle)], -1)
        petal, heart = (tuple(float(c) for c in inks[rng.integers(4)]) for _ in range(2))
        for wrap in np.ndindex(3, 3):
            middle = centre + (np.array(wrap) - 1) * SIZE[0]
            cv2.fillPoly(image, [(blossom + middle).astype(np.int32)], petal, cv2.LINE_AA)
            cv2.circle(image, [int(c) for c in middle], int(radius * 0.26), heart, -1, cv2.LINE_AA)
    return Texture(to_linear(image * (1 + 0.05 * fractal(rng, SIZE, 0.4))[..., None]), (0.8, 0.8))


def velvet(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Pile brushed in different directions, with folds."""
    nap = fractal(rng, SIZE, 1.5, coarsest=2)
    fine = fractal(rng, SIZE, 0.5, coarsest=30)
    tone = relief(fine, 0.05) + 0.12 * np.tanh(1.5 * nap)
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), TILE)


def leather(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Grained hide with creases."""
    grain = np.abs(fractal(rng, SIZE, 0.9, coarsest=16))
    crease = np.exp(-np.abs(fractal(rng, SIZE, 1.3, coarsest=2)) * 18)
    tone = relief(grain, 0.22) + 0.06 * fractal(rng, SIZE, 1.8) - 0.2 * crease
    return Texture(to_linear(np.asarray(colour) * tone[..., None]), TILE)


def oriental_rug(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """One whole rug: a medallion field of mirrored ornament inside two borders."""
    inks = np.array([np.asarray(colour), varied(rng, (0.17, 0.2, 0.32), 0.15), varied(rng, (0.82, 0.74, 0.58), 0.06),
                     varied(rng, (0.62, 0.42, 0.2), 0.15), varied(rng, np.asarray(colour) * 0.6, 0.1)])
    x, y = grid(SIZE)
    quarter = fractal(rng, (256, 256), 1.6, coarsest=3)
    quarter = (quarter + quarter.T) / 1.4
    field = np.concatenate([quarter, quarter[::-1]])
    field = np.concatenate([field, field[:, ::-1]], 1)
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    medallion = np.hypot(x - 0.5, y - 0.5) + 0.03 * field
    index = np.digitize(field, [-0.9, -0.15, 0.35, 1.1])
    index = np.where(medallion < 0.25, (index + 2) % 5, index)
    index = np.where(np.abs(medallion - 0.25) < 0.012, 2, index)
    along = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    border = np.cos(2 * np.pi * 16 * along) * np.cos(2 * np.pi * (edge - 0.09) * 9)
    index = np.where(edge < 0.145, np.digitize(border, [-0.35, 0.25, 0.65]) + 1, index)
    for place in (0.02, 0.045, 0.145):
        index = np.where(np.abs(edge - place) < 0.005, 2 + (place > 0.1), index)
    knots = 1 + 0.1 * fractal(rng, SIZE, 0.2) + 0.05 * fractal(rng, SIZE, 1.5)
    return Texture(to_linear(inks[index] * knots[..., None]))


def modern_rug(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """One whole rug: overlapping plain shapes with a shaggy pile."""
    x, y = grid(SIZE)
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = varied(rng, (0.8, 0.77, 0.7), 0.08)
    inks = [np.asarray(colour), varied(rng, np.asarray(colour) * 0.55, 0.15), varied(rng, (0.72, 0.55, 0.33), 0.2),
            varied(rng, (0.3, 0.33, 0.36), 0.2)]
    for k in range(9):
        angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.4, 0.4)
        c, s = np.cos(angle), np.sin(angle)
        along, across = (x - 0.5) * c + (y - 0.5) * s, (y - 0.5) * c - (x - 0.5) * s
        if k % 3:
            share = smooth_step(0.006, 0.0, np.abs(across - offset) - rng.uniform(0.01, 0.09))
        else:
            share = smooth_step(0.006, 0.0, np.hypot(along - offset, across + offset / 2) - rng.uniform(0.08, 0.24))
        image = blend(image, inks[rng.integers(4)], 0.85 * share)
    pile = relief(fractal(rng, SIZE, 0.5, coarsest=12), 0.09) + 0.04 * fractal(rng, SIZE, 1.6)
    return Texture(to_linear(image * pile[..., None]))
