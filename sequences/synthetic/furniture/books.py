"""Books: one, a row on a shelf, a stack."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece, shown
from sequences.synthetic.materials.kit import SPINES, Kit
from sequences.synthetic.shapes.patch import Patch, placed, tilted
from sequences.synthetic.shapes.solids import quad


def book(kit: Kit, rng: np.random.Generator, thickness: float, depth: float, height: float) -> list[Patch]:
    """An upright book with its spine to the front (+y) at x = 0..thickness, standing on z = 0."""
    shelf = kit["books"]
    spine = shown((thickness, depth, 0), (-thickness, 0, 0), (0, 0, height), shelf)
    column = rng.integers(SPINES)
    cover = (column + np.array([0.55, 0.95])) / SPINES
    spine = Patch(spine.points_m, (spine.uv + (column, 0)) / (SPINES, 1), shelf)
    patches = [spine]
    for origin, across in (((0, 0, 0), (0, depth, 0)), ((thickness, depth, 0), (0, -depth, 0))):
        side = shown(origin, across, (0, 0, height), shelf)
        patches.append(Patch(side.points_m[:, ::-1], cover[0] + side.uv * (cover[1] - cover[0], 0.12), shelf))
    top = quad((0, 0, height - 0.004), (thickness, 0, 0), (0, depth - 0.004, 0), kit["linen"])
    return patches + [top.shifted_texture(rng.uniform(0, 1, 2))]


def book_row(kit: Kit, rng: np.random.Generator, length: float, depth: float, height: float) -> list[Patch]:
    """Books side by side on z = 0 from x = 0 on, with gaps and a leaning one at the end."""
    patches, x = [], 0.0
    while True:
        thickness, tall = rng.uniform(0.02, 0.055), rng.uniform(0.62, 0.95) * height
        if x + thickness > length:
            return patches
        one = book(kit, rng, thickness, min(depth, rng.uniform(0.14, 0.2)), tall)
        if rng.random() < 0.06 and x + tall * 0.25 + thickness < length:
            one = tilted(one, "y", -0.22, (thickness, 0, 0))
            patches += placed(one, x + tall * 0.22)
            x += tall * 0.22 + 0.01
        else:
            patches += placed(one, x)
        x += thickness + rng.choice([0.001, 0.001, 0.002, 0.05], p=[0.4, 0.35, 0.2, 0.05])


def book_stack(kit: Kit, rng: np.random.Generator) -> Piece:
    """Books lying on each other, turned a little."""
    patches, z = [], 0.0
    for _ in range(int(rng.integers(2, 5))):
        thickness, depth, height = rng.uniform(0.02, 0.045), rng.uniform(0.13, 0.17), rng.uniform(0.19, 0.25)
        lying = placed(tilted(book(kit, rng, thickness, depth, height), "y", np.pi / 2), -height / 2, -depth / 2,
                       thickness)
        patches += placed(lying, z=z, yaw_rad=rng.normal(0, 0.18))
        z += thickness
    return Piece(patches, 0.28, 0.2, z)
