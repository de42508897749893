"""Tables and desks, with what stands on them."""

import numpy as np

from sequences.synthetic.furniture.clutter import bowl, cup, laptop, papers, scatter, vase
from sequences.synthetic.furniture.furniture import Piece, bar_handle, front, knob, legs, shown
from sequences.synthetic.furniture.lamps import desk_lamp, table_lamp
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import placed
from sequences.synthetic.shapes.solids import box, centred_box, disc, lathe, rounded_box


def dining_table(kit: Kit, rng: np.random.Generator) -> Piece:
    """A rectangular or round table laid with a runner, cups, a vase or a bowl."""
    wood = kit.one_of(rng, "wood", "second wood")
    height = 0.75
    if rng.random() < 0.35:
        radius = rng.uniform(0.48, 0.6)
        t = np.linspace(0, 1, 10)
        column = lathe([(0.3, 0), (0.28, 0.03), *zip(0.05 + 0.04 * np.cos(9 * t) ** 2, 0.06 + t * (height - 0.1))],
                       wood, 16)
        patches = [column, lathe([(radius - 0.02, height - 0.035), (radius, height - 0.03), (radius, height - 0.004),
                                  (radius - 0.004, height)], wood, 28), disc(radius - 0.004, height, wood, 28)]
        width = depth = 2 * radius
    else:
        width, depth = rng.uniform(1.1, 1.6), rng.uniform(0.75, 0.9)
        patches = legs(width, depth, height - 0.03, wood, rng.choice(["square", "turned", "splayed"]), 0.08)
        patches += rounded_box((-width / 2, -depth / 2, height - 0.035), (width / 2, depth / 2, height), 0.01, wood)
        patches += _apron(width - 0.16, depth - 0.16, height - 0.115, 0.08, wood)
        if rng.random() < 0.6:
            patches += centred_box(0, 0, height, width, 0.32, 0.004, kit["mat"], skip="-z")
    piece = Piece(patches, width, depth, height)
    piece.add(centre_piece(kit, rng), 0, 0, height + 0.004)
    around = 0.33 if width == depth else 0.28
    for k in range(4):
        piece.add(cup(kit, rng), (k % 2 - 0.5) * width * 0.55, (k // 2 - 0.5) * 2 * around, height + 0.001,
                  rng.uniform(0, 6))
    return piece


def centre_piece(kit: Kit, rng: np.random.Generator) -> Piece:
    """The thing in the middle of a table."""
    return (vase, bowl)[rng.integers(2)](kit, rng)


def _apron(width, depth, z, height, material):
    """The boards under a table top."""
    return [p for side in (-1, 1) for p in centred_box(0, side * depth / 2, z, width, 0.02, height, material)
            + centred_box(side * width / 2, 0, z, 0.02, depth, height, material, grain="y")]


def coffee_table(kit: Kit, rng: np.random.Generator) -> Piece:
    """A low table with a shelf, a slab on blocks, or a round one on splayed legs."""
    wood, height = kit.one_of(rng, "wood", "second wood", "stone"), rng.uniform(0.36, 0.44)
    if rng.random() < 0.4:
        radius = rng.uniform(0.36, 0.46)
        width = depth = 2 * radius
        patches = legs(1.3 * radius, 1.3 * radius, height - 0.03, kit["second wood"], "splayed", 0.06)
        patches += [lathe([(radius - 0.02, height - 0.03), (radius, height - 0.02), (radius, height)], wood, 28),
                    disc(radius, height, wood, 28), disc(radius - 0.02, height - 0.03, wood, 28).reversed()]
        area = 1.2 * radius, 1.2 * radius
    else:
        width, depth = rng.uniform(0.8, 1.1), rng.uniform(0.48, 0.6)
        patches = legs(width, depth, height - 0.03, kit["second wood"], "square", 0.05)
        patches += rounded_box((-width / 2, -depth / 2, height - 0.035), (width / 2, depth / 2, height), 0.01, wood)
        patches += centred_box(0, 0, 0.12, width - 0.06, depth - 0.06, 0.02, kit["second wood"])
        patches += placed(scatter(kit, rng, width - 0.2, depth - 0.15, 2), z=0.14)
        area = width - 0.1, depth - 0.1
    return Piece(patches + placed(scatter(kit, rng, *area, 4), z=height), width, depth, height)


def desk(kit: Kit, rng: np.random.Generator) -> Piece:
    """A writing desk with drawers at one side, a screen with keyboard or a laptop, a lamp and papers."""
    width, depth, height = rng.uniform(1.15, 1.5), rng.uniform(0.6, 0.7), 0.74
    wood, body = kit.one_of(rng, "wood", "second wood"), kit.one_of(rng, "paint", "wood", "second wood")
    side = rng.choice([-1, 1])
    patches = rounded_box((-width / 2, -depth / 2, height - 0.03), (width / 2, depth / 2, height), 0.006, wood)
    x0 = side * (width / 2 - 0.22)
    patches += box((x0 - 0.2, -depth / 2 + 0.02, 0.04), (x0 + 0.2, depth / 2 - 0.04, height - 0.03), body, grain="z",
                   rng=rng)
    for k in range(3):
        z = 0.06 + k * 0.215
        patches += front(x0 - 0.2, x0 + 0.2, z, z + 0.21, depth / 2 - 0.04, body, rng)
        patches += bar_handle(x0, depth / 2 - 0.022, z + 0.15, 0.12, kit["metal"])
    for y in (-depth / 2 + 0.04, depth / 2 - 0.08):
        patches += centred_box(-side * (width / 2 - 0.05), y, 0, 0.05, 0.05, height - 0.03, body, grain="z")
    piece = Piece(patches, width, depth, height)
    if rng.random() < 0.6:
        piece.add(monitor(kit, rng), -side * 0.12, -depth / 2 + 0.16, height, rng.uniform(-0.15, 0.15))
        piece.add(keyboard(kit), -side * 0.12, 0.12, height, rng.normal(0, 0.05))
    else:
        piece.add(laptop(kit, rng), -side * 0.12, 0.02, height, rng.uniform(-0.2, 0.2))
    piece.add(desk_lamp(kit, rng), side * (width / 2 - 0.16), -depth / 2 + 0.2, height, -side * 0.7)
    piece.add(papers(kit, rng), side * 0.24, 0.08, height, rng.uniform(-0.3, 0.3))
    piece.add(cup(kit, rng), -side * (width / 2 - 0.12), 0.1, height)
    return piece


def monitor(kit: Kit, rng: np.random.Generator) -> Piece:
    """A flat screen on a foot."""
    w, h = 0.54, 0.32
    patches = [lathe([(0.12, 0), (0.11, 0.012), (0.022, 0.02), (0.02, 0.14)], kit["dark"], 16)]
    patches += box((-w / 2, -0.02, 0.11), (w / 2, 0.015, 0.11 + h), kit["dark"])
    material = kit["screen"]
    lit = type(material)(material.texture, emission=0.75)
    patches.append(shown((w / 2 - 0.012, 0.016, 0.125), (0.024 - w, 0, 0), (0, 0, h - 0.03), lit))
    return Piece(patches, w, 0.24, 0.44)


def keyboard(kit: Kit) -> Piece:
    """A keyboard with its rows of keys, and a mouse."""
    patches = box((-0.21, -0.065, 0), (0.21, 0.065, 0.012), kit["dark"], skip="-z")
    for row in range(5):
        for column in range(14):
            patches += centred_box(-0.195 + 0.03 * column, -0.05 + 0.025 * row, 0.012, 0.025, 0.02, 0.006, kit["pale"],
                                   skip="-z -x +x")
    return Piece(patches + rounded_box((-0.31, -0.05, 0), (-0.25, 0.05, 0.03), 0.014, kit["pale"]), 0.6, 0.13, 0.03)


def bedside(kit: Kit, rng: np.random.Generator) -> Piece:
    """A small cabinet or side table with a lamp and a book."""
    width, depth, height = rng.uniform(0.4, 0.5), rng.uniform(0.36, 0.42), rng.uniform(0.48, 0.58)
    body = kit.one_of(rng, "wood", "second wood", "paint")
    if rng.random() < 0.6:
        patches = box((-width / 2, -depth / 2, 0.08), (width / 2, depth / 2 - 0.02, height), body, grain="x", rng=rng)
        patches += legs(width - 0.04, depth - 0.06, 0.08, body, "square", 0.04)
        for z0, z1 in ((0.1, 0.08 + (height - 0.08) / 2), (0.08 + (height - 0.08) / 2, height - 0.01)):
            patches += front(-width / 2 + 0.01, width / 2 - 0.01, z0, z1, depth / 2 - 0.02, body, rng)
            patches += knob(0, depth / 2 - 0.002, (z0 + z1) / 2, kit["metal"])
    else:
        radius = width / 2
        patches = legs(1.2 * radius, 1.2 * radius, height - 0.02, body, "splayed", 0.05)
        patches += [lathe([(radius, height - 0.025), (radius, height)], body, 24), disc(radius, height, body, 24)]
    piece = Piece(patches, width, depth, height)
    piece.add(table_lamp(kit, rng), -0.06, -0.03, height)
    piece.add(cup(kit, rng), 0.13, 0.09, height, rng.uniform(0, 6))
    return piece
