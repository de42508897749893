"""What hangs on walls: pictures, clocks, shelves, coats, switches. The wall is the plane y = 0 seen from +y.

Every maker gives a piece around x = 0 and z = 0: the middle of its place on the wall.
"""

import numpy as np

from sequences.synthetic.furniture.books import book_row
from sequences.synthetic.furniture.clutter import scatter
from sequences.synthetic.furniture.furniture import Piece, front, shown
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import Patch, placed, tilted
from sequences.synthetic.shapes.solids import ball, box, disc, lathe, rounded_box, tube


def picture(kit: Kit, rng: np.random.Generator) -> Piece:
    """A framed picture, with or without a passe-partout."""
    w, h = rng.uniform(0.3, 0.75), rng.uniform(0.3, 0.6)
    frame = kit.one_of(rng, "wood", "second wood", "dark", "metal", "trim")
    border = rng.choice([0.0, 0.05])
    rail = 0.022
    patches = front(-w / 2 - border - rail, w / 2 + border + rail, -h / 2 - border - rail, h / 2 + border + rail, 0.0,
                    frame, rng, rail, 0.02)
    if border:
        patches += box((-w / 2 - border, 0, -h / 2 - border), (w / 2 + border, 0.01, h / 2 + border), kit["linen"],
                       skip="-y")
    patches.append(shown((w / 2, 0.0115, -h / 2), (-w, 0, 0), (0, 0, h), kit.next("picture")))
    return Piece(patches, w + 0.15, 0.02, h + 0.15)


def poster(kit: Kit, rng: np.random.Generator) -> Piece:
    """A sheet between two bars."""
    w, h = rng.uniform(0.42, 0.6), rng.uniform(0.6, 0.8)
    patches = [shown((w / 2, 0.006, -h / 2), (-w, 0, 0), (0, 0, h), kit.next("picture"))]
    for z in (-h / 2, h / 2):
        patches += box((-w / 2 - 0.01, 0, z - 0.012), (w / 2 + 0.01, 0.016, z + 0.012), kit["second wood"], skip="-y")
    return Piece(patches, w + 0.04, 0.02, h + 0.06)


def clock(kit: Kit, rng: np.random.Generator) -> Piece:
    r = rng.uniform(0.14, 0.2)
    rim = lathe([(r, 0), (r, 0.035), (0.9 * r, 0.035), (0.9 * r, 0.02)], kit.one_of(rng, "metal", "wood", "dark"), 28)
    face = disc(0.92 * r, 0.02, kit["clock"], 28, unit_uv=True)
    # tipped forwards its top looks down: turn the picture by half a turn
    face = Patch(face.points_m, 1 - face.uv, face.material)
    return Piece(tilted([rim, face], "x", -np.pi / 2), 2.2 * r, 0.04, 2.2 * r)


def shelf(kit: Kit, rng: np.random.Generator) -> Piece:
    """A board on brackets with books and ornaments."""
    w, d = rng.uniform(0.6, 0.95), 0.2
    patches = box((-w / 2, 0, -0.03), (w / 2, d, 0), kit.one_of(rng, "wood", "second wood"), rng=rng)
    for x in (-w / 2 + 0.1, w / 2 - 0.1):
        patches.append(tube([(x, 0.0, -0.16), (x, 0.02, -0.14), (x, d - 0.04, -0.04)], 0.008, kit["metal"], 6))
    patches += placed(book_row(kit, rng, 0.45 * w, 0.17, 0.27), -w / 2 + 0.02, 0.01)
    patches += placed(scatter(kit, rng, 0.45 * w, d - 0.02, 2), 0.26 * w, d / 2)
    return Piece(patches, w, d, 0.5)


def coat_rack(kit: Kit, rng: np.random.Generator) -> Piece:
    """A board with pegs; on two of them a bag and a scarf."""
    patches = box((-0.4, 0, -0.05), (0.4, 0.02, 0.05), kit["second wood"], skip="-y", rng=rng)
    for x in np.linspace(-0.32, 0.32, 5):
        patches.append(tube([(x, 0.02, 0.0), (x, 0.07, 0.02)], 0.009, kit["metal"], 6))
        patches.append(ball(0.014, kit["metal"], (x, 0.075, 0.022), 1.0, 8))
    patches += rounded_box((-0.28, 0.025, -0.5), (-0.04, 0.11, -0.22), 0.03, kit["upholstery"], bulge=0.01)
    for x in (-0.2, -0.12):
        patches.append(tube([(x, 0.06, -0.23), (-0.16, 0.06, 0.03)], 0.006, kit["dark"], 5))
    for x, length in ((0.13, 0.75), (0.2, 0.6)):
        patches += rounded_box((x - 0.05, 0.03, -length), (x + 0.05, 0.055, 0.04), 0.012, kit.next("cushion"))
    return Piece(patches, 0.85, 0.12, 0.9)


def switch(kit: Kit, rng: np.random.Generator) -> Piece:
    """A light switch."""
    patches = rounded_box((-0.04, -0.004, -0.04), (0.04, 0.01, 0.04), 0.006, kit["pale"])
    return Piece(patches + box((-0.02, 0.01, -0.025), (0.02, 0.015, 0.025), kit["trim"], skip="-y"), 0.1, 0.02, 0.1)


HANGINGS = (picture, picture, picture, poster, poster, shelf, shelf)
