"""What floors are made of: planks, herringbone parquet, tiles, terrazzo, carpet."""

import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.materials.noise import (
    blend,
    cells,
    fractal,
    grid,
    per_piece,
    relief,
    smooth_step,
    to_linear,
    varied,
)
from sequences.synthetic.materials.texture import Texture

SIZE = 1024, 1024


def planks(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Boards of 14 cm along u, two to each row."""
    rows = 16
    x, y = grid(SIZE)
    row = (y * rows).astype(int)
    first = rng.uniform(0, 0.5, rows).astype(np.float32)
    cuts = np.stack([first, first + rng.uniform(0.35, 0.5, rows).astype(np.float32)], 1)
    piece = (x > cuts[row, 0]).astype(int) + (x > cuts[row, 1])
    across = np.abs((y * rows) % 1 - 0.5)
    ends = np.minimum(np.abs(x - cuts[row, 0]), np.abs(x - cuts[row, 1]))
    seam = np.maximum(smooth_step(0.484, 0.5, across), smooth_step(0.0018, 0.0006, ends))
    return Texture(_strips(rng, colour, row * 3 + piece % 2, y, x, seam), (2.2, 2.2))


def herringbone(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Strips four times as long as wide, laid at right angles."""
    length, cell = 4, 32
    j, i = np.mgrid[:SIZE[0], :SIZE[1]]
    ci, cj = i // cell, j // cell
    turn = (ci - cj) % (2 * length)
    flat = turn < length
    start_i = np.where(flat, ci - turn, ci) % (SIZE[1] // cell)
    start_j = np.where(flat, cj, cj - (2 * length - 1 - turn)) % (SIZE[0] // cell)
    piece = (start_i * (SIZE[0] // cell) + start_j) * 2 + flat
    along = np.where(flat, turn * cell + i % cell, (2 * length - 1 - turn) * cell + j % cell)
    across = np.where(flat, j % cell, i % cell)
    edge = np.minimum(np.minimum(across, cell - 1 - across), np.minimum(along, length * cell - 1 - along))
    return Texture(_strips(rng, colour, piece, (across / SIZE[0]).astype(np.float32),
                           (along / SIZE[1]).astype(np.float32), edge < 1), (2.2, 2.2))


def _strips(rng, colour, piece, across, along, seam):
    """Wooden strips: `piece` (H, W) numbers them, `across` and `along` are coordinates in [0, 1] inside the grain."""
    grain = fractal(rng, SIZE, 1.1, stretch=(14.0, 1.0), coarsest=12)
    shift = rng.integers(0, SIZE[0], (piece.max() + 1, 2), dtype=np.int32)
    v = ((across * SIZE[0]).astype(np.int32) + shift[piece, 0]) % SIZE[0]
    u = ((along * SIZE[1]).astype(np.int32) + shift[piece, 1]) % SIZE[1]
    grain = grain[v, u]
    rings = np.sin(np.float32(200) * across * per_piece(rng, piece, 0.3) + 3 * grain)
    tone = per_piece(rng, piece, 0.09) + 0.075 * grain + 0.03 * rings
    tone *= (1 + 0.025 * fractal(rng, SIZE, 1.8)) * (1 - np.float32(0.55) * seam)
    return to_linear(np.asarray(colour, np.float32) * tone[..., None] * per_piece(rng, piece, 0.012, 3))


def tiles(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Square tiles with veins and grout, plain or in two colours."""
    count = int(rng.choice([6, 8]))
    x, y = grid(SIZE)
    i, j = (x * count).astype(int), (y * count).astype(int)
    edge = np.minimum(0.5 - np.abs(x * count % 1 - 0.5), 0.5 - np.abs(y * count % 1 - 0.5))
    other = varied(rng, np.asarray(colour) * rng.choice([0.45, 0.8]), 0.05)
    checked = (i + j) % 2 * rng.choice([0.0, 1.0], p=[0.4, 0.6])
    shift = rng.integers(0, SIZE[0], (count, count, 2))[j, i]
    v, u = np.mgrid[:SIZE[0], :SIZE[1]]
    v, u = (v + shift[..., 0]) % SIZE[0], (u + shift[..., 1]) % SIZE[1]
    cloud = fractal(rng, SIZE, 1.5, coarsest=2)[v, u]
    vein = np.exp(-np.abs(fractal(rng, SIZE, 1.4, coarsest=2)[v, u]) * 14)
    tone = 1 + 0.05 * rng.normal(size=(count, count))[j, i] + 0.06 * cloud - 0.16 * vein
    image = blend(colour, other, checked) * tone[..., None]
    grout = smooth_step(0.022, 0.014, edge)
    return Texture(to_linear(blend(image, 0.42 + 0.03 * cloud[..., None], grout)), (2.4, 2.4))


def terrazzo(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Stone chips of several colours in cement."""
    size, count = (512, 512), 900
    _, gap, number = cells(rng, size, count)
    chip_colours = np.array([varied(rng, c, 0.12) for c in ((0.9, 0.87, 0.8), (0.5, 0.42, 0.36), (0.3, 0.32, 0.34),
                                                           (0.75, 0.5, 0.38), (0.62, 0.66, 0.6))])
    chip = rng.integers(0, 5, count)[number]
    shows = smooth_step(0.004, 0.009, gap) * (rng.uniform(size=count)[number] < 0.7)
    tone = 1 + 0.05 * fractal(rng, size, 1.2) + 0.03 * fractal(rng, size, 0.3)
    return Texture(to_linear(blend(colour, chip_colours[chip], shows) * tone[..., None]), (1.0, 1.0))


def carpet(rng: np.random.Generator, colour: ArrayLike) -> Texture:
    """Looped pile with a faint woven lattice and worn patches."""
    x, y = grid(SIZE)
    pile = fractal(rng, SIZE, 0.4, coarsest=20)
    n = int(rng.integers(6, 12))
    lattice = np.cos(2 * np.pi * n * (x + y)) * np.cos(2 * np.pi * n * (x - y))
    motif = smooth_step(0.3, 0.7, lattice)
    tone = relief(pile, 0.1) + 0.07 * fractal(rng, SIZE, 1.8)
    other = varied(rng, np.asarray(colour) * 1.35, 0.04)
    return Texture(to_linear(blend(colour, other, 0.55 * motif) * tone[..., None]), (2.0, 2.0))
