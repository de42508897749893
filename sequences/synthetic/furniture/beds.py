"""Beds, rugs and other things of cloth that lie."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece, legs, shown
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import Material, Patch, placed, tilted
from sequences.synthetic.shapes.solids import box, pillow, rounded_box, sheet


def bed(kit: Kit, rng: np.random.Generator) -> Piece:
    """A single or double bed with headboard, mattress, wavy cover, pillows and a folded blanket."""
    width, length = rng.choice([0.95, 1.45]), 2.0
    wood = kit.one_of(rng, "wood", "second wood", "second upholstery")
    patches = box((-width / 2, -length / 2, 0.16), (width / 2, length / 2, 0.3), wood, rng=rng)
    patches += legs(width, length, 0.16, wood, "square", 0.07)
    patches += rounded_box((-width / 2 - 0.02, -length / 2 - 0.05, 0.1),
                           (width / 2 + 0.02, -length / 2, rng.uniform(0.85, 1.05)), 0.022, wood)
    patches += rounded_box((-width / 2 + 0.01, -length / 2 + 0.01, 0.28), (width / 2 - 0.01, length / 2 - 0.01, 0.46),
                           0.05, kit["linen"])
    patches += cover(kit["bedding"], rng, width, length)
    blanket = rounded_box((-width / 2 - 0.045, length / 2 - 0.55, 0.3), (width / 2 + 0.045, length / 2 - 0.15, 0.54),
                          0.03, kit.next("cushion"), bulge=0.008)
    heads = 1 if width < 1.2 else 2
    for k in range(heads):
        x = (k - (heads - 1) / 2) * 0.68
        soft = pillow(0.62, 0.42, 0.17, kit["linen"])
        patches += placed(tilted(soft, "x", 1.05), x, -length / 2 + 0.26, 0.57, rng.normal(0, 0.06))
        patches += placed(tilted(pillow(0.42, 0.4, 0.14, kit.next("cushion")), "x", 0.75), x + rng.normal(0, 0.05),
                          -length / 2 + 0.43, 0.66, rng.normal(0, 0.12))
    return Piece(patches + blanket, width + 0.04, length + 0.05, 1.0)


def cover(material: Material, rng: np.random.Generator, width: float, length: float) -> list[Patch]:
    """A quilt with folds that hangs over three sides of a mattress whose top is 0.46 m high."""
    a, b, c = rng.uniform(0, 6, 3)

    def height(x, y):
        edge = np.maximum(np.abs(x) - width / 2, y - length / 2 + 0.02)
        folds = 0.012 * np.sin(9 * x + 4 * y + a) + 0.01 * np.sin(13 * y - 5 * x + b) + 0.006 * np.sin(21 * x + c)
        return np.where(edge > 0, 0.24, 0.495 + folds)

    x = np.concatenate([[-width / 2 - 0.035],
                        np.linspace(-width / 2 - 0.015, width / 2 + 0.015, 26).clip(-width / 2, width / 2),
                        [width / 2 + 0.035]])
    y = np.concatenate([np.linspace(-length / 2 + 0.55, length / 2 - 0.02, 26), [length / 2 + 0.025]])
    patch = sheet(height, x, y, material)[0]
    u, v = patch.arc_lengths_m()
    return [Patch(patch.points_m, np.stack(np.meshgrid(u, v[-1] - v), -1), material)]


def rug(kit: Kit, width: float, depth: float) -> Piece:
    """A rug 8 mm thick with a fringe at both ends."""
    patches = box((-width / 2, -depth / 2, 0), (width / 2, depth / 2, 0.008), kit["rug"], skip="-z +z")
    patches.append(shown((-width / 2, -depth / 2, 0.008), (width, 0, 0), (0, depth, 0), kit["rug"]))
    for side in (-1, 1):
        for y in np.arange(-depth / 2 + 0.02, depth / 2, 0.04):
            x = side * width / 2
            patches += box((min(x, x + side * 0.05), y - 0.008, 0), (max(x, x + side * 0.05), y + 0.008, 0.004),
                           kit["linen"], skip="-z -y +y")
    return Piece(patches, width + 0.1, depth, 0.01)
