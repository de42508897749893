"""Shelves, cupboards and drawers, with what is in and on them."""

import numpy as np

from sequences.synthetic.furniture.books import book_row, book_stack
from sequences.synthetic.furniture.clutter import basket, bowl, box_with_lid, candle, cup, photo, scatter
from sequences.synthetic.furniture.furniture import Piece, bar_handle, front, knob, legs, shown
from sequences.synthetic.furniture.lamps import table_lamp
from sequences.synthetic.furniture.plants import potted_plant
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import placed
from sequences.synthetic.shapes.solids import box, centred_box, lathe


def bookshelf(kit: Kit, rng: np.random.Generator) -> Piece:
    """An open shelf filled with rows of books, stacks and ornaments."""
    width, depth, height = rng.uniform(0.75, 1.2), rng.uniform(0.26, 0.32), rng.uniform(1.5, 2.0)
    wood, floors = kit.one_of(rng, "wood", "second wood", "paint"), int(rng.integers(4, 6))
    patches = _carcass(width, depth, height, wood, rng)
    step = (height - 0.1) / floors
    for k in range(floors):
        z = 0.08 + k * step
        patches += box((-width / 2 + 0.02, -depth / 2, z - 0.022), (width / 2 - 0.02, depth / 2 - 0.005, z), wood,
                       rng=rng)
        patches += placed(_shelf_content(kit, rng, width - 0.06, depth, step - 0.03), z=z)
    return Piece(patches, width, depth, height)


def _carcass(width, depth, height, wood, rng):
    """Sides, back and top of a shelf."""
    patches = []
    for side in (-1, 1):
        patches += centred_box(side * (width / 2 - 0.01), 0, 0, 0.02, depth, height, wood, grain="z", rng=rng)
    patches += box((-width / 2, -depth / 2, height - 0.025), (width / 2, depth / 2, height), wood, rng=rng)
    back = box((-width / 2 + 0.02, -depth / 2, 0), (width / 2 - 0.02, -depth / 2 + 0.01, height - 0.025), wood,
               grain="z", rng=rng)
    return patches + back


def _shelf_content(kit, rng, width, depth, height):
    """What stands on one board, from x = -width / 2 on."""
    if rng.random() < 0.62:
        books = book_row(kit, rng, width * rng.uniform(0.55, 1.0), depth - 0.05, height)
        return placed(books, -width / 2, -depth / 2 + 0.03)
    half = width / 2 - 0.02
    books = placed(book_row(kit, rng, half * 0.9, depth - 0.05, height), -width / 2, -depth / 2 + 0.03)
    things = placed(scatter(kit, rng, half, depth - 0.04, 2, _low_things(height)), half / 2 + 0.02)
    return books + things


def _low_things(height):
    """Makers of small things that fit under a board."""
    return (cup, photo, box_with_lid, bowl, book_stack, candle) if height > 0.22 else (cup, box_with_lid, bowl)


def cupboard(kit: Kit, rng: np.random.Generator) -> Piece:
    """A tall wardrobe with panelled doors, sometimes with drawers below."""
    doors = int(rng.integers(2, 4))
    width, depth, height = doors * rng.uniform(0.42, 0.5), rng.uniform(0.5, 0.58), rng.uniform(1.8, 2.1)
    body = kit.one_of(rng, "paint", "wood", "second wood", "second paint")
    face = depth / 2 - 0.02
    patches = box((-width / 2, -depth / 2, 0.06), (width / 2, face, height), body, grain="z", rng=rng)
    patches += box((-width / 2 + 0.03, -depth / 2, 0), (width / 2 - 0.03, face - 0.03, 0.06), kit["dark"], skip="-z +z")
    patches += box((-width / 2 - 0.02, -depth / 2, height), (width / 2 + 0.02, depth / 2 + 0.015, height + 0.04), body,
                   rng=rng)
    low = 0.08 + (0.24 if rng.random() < 0.5 else 0.0)
    frame = rng.choice([0.0, 0.07, 0.09])
    for k in range(doors):
        x0, x1 = -width / 2 + k * width / doors, -width / 2 + (k + 1) * width / doors
        middle = rng.choice([low, 1.0]) if frame else low
        for z0, z1 in ((low, height - 0.01),) if middle == low else ((low, middle), (middle, height - 0.01)):
            patches += front(x0, x1, z0, z1, face, body, rng, frame)
        hand = x1 - 0.05 if k % 2 == 0 else x0 + 0.05
        patches += bar_handle(hand, depth / 2 - 0.002, 0.98, 0.14, kit["metal"], upright=True)
        if low > 0.1:
            patches += front(x0, x1, 0.07, low, face, body, rng)
            patches += knob((x0 + x1) / 2, depth / 2 - 0.002, 0.2, kit["metal"])
    piece = Piece(patches, width + 0.04, depth + 0.03, height + 0.04)
    if height < 2.0:
        piece.add(book_stack(kit, rng), -width / 4, 0, height + 0.04)
        piece.add(basket(kit, rng), width / 4, -0.02, height + 0.04)
        piece.height_m += 0.3
    return piece


def drawers(kit: Kit, rng: np.random.Generator) -> Piece:
    """A chest of drawers with a lamp or a plant and small things on top."""
    width, depth, height = rng.uniform(0.75, 1.1), rng.uniform(0.42, 0.5), rng.uniform(0.78, 0.95)
    body, rows = kit.one_of(rng, "wood", "second wood", "paint", "second paint"), int(rng.integers(3, 5))
    face = depth / 2 - 0.02
    patches = box((-width / 2, -depth / 2, 0.1), (width / 2, face, height - 0.02), body, rng=rng)
    patches += box((-width / 2 - 0.015, -depth / 2, height - 0.02), (width / 2 + 0.015, depth / 2 + 0.01, height), body,
                   rng=rng)
    patches += legs(width - 0.02, depth - 0.04, 0.1, body, "square", 0.06)
    columns = 2 if width > 0.9 else 1
    knobs = rng.random() < 0.5
    for row in range(rows):
        z0, z1 = (0.11 + (height - 0.14) * k / rows for k in (row, row + 1))
        for column in range(columns):
            x0, x1 = (-width / 2 + 0.01 + (width - 0.02) * k / columns for k in (column, column + 1))
            patches += front(x0, x1, z0, z1, face, body, rng)
            for x in ((x0 + x1) / 2 - 0.14, (x0 + x1) / 2 + 0.14):
                patches += knob(x, depth / 2 - 0.002, (z0 + z1) / 2, kit["metal"]) if knobs else []
            if not knobs:
                patches += bar_handle((x0 + x1) / 2, depth / 2 - 0.002, (z0 + z1) / 2 + 0.02, 0.14, kit["metal"])
    piece = Piece(patches, width, depth, height)
    piece.add(_on_top(kit, rng), -width / 2 + 0.2, -0.05, height)
    piece.patches += placed(scatter(kit, rng, width - 0.5, depth - 0.06, 3), 0.17, 0, height)
    return piece


def _on_top(kit, rng):
    return table_lamp(kit, rng) if rng.random() < 0.6 else potted_plant(kit, rng, rng.uniform(0.3, 0.45))


def sideboard(kit: Kit, rng: np.random.Generator) -> Piece:
    """A low board with doors and open bays; on it a television or a lamp and ornaments."""
    width, depth, height = rng.uniform(1.2, 1.7), rng.uniform(0.38, 0.45), rng.uniform(0.5, 0.62)
    wood = kit.one_of(rng, "wood", "second wood", "paint")
    face, base = depth / 2 - 0.02, 0.14
    patches = legs(width - 0.2, depth - 0.04, base, kit["second wood"], "splayed", 0.05)
    patches += box((-width / 2, -depth / 2, base), (width / 2, face - 0.25, height), wood, rng=rng)
    for z in (base, height - 0.02):
        patches += box((-width / 2, face - 0.25, z), (width / 2, depth / 2, z + 0.02), wood, rng=rng)
    bays = 3
    for k in range(bays + 1):
        patches += centred_box(-width / 2 + 0.01 + k * (width - 0.02) / bays, face - 0.125, base, 0.02, 0.25,
                               height - base, wood, grain="z")
    for k, closed in enumerate(rng.permutation([True, True, False])):
        x0, x1 = -width / 2 + k * width / bays + 0.01, -width / 2 + (k + 1) * width / bays - 0.01
        if closed:
            patches += front(x0, x1, base + 0.02, height - 0.02, face, wood, rng)
            patches += knob(x1 - 0.05, depth / 2 - 0.002, height - 0.12, kit["metal"])
        else:
            patches += placed(book_row(kit, rng, x1 - x0 - 0.05, 0.2, height - base - 0.04), x0 + 0.02, face - 0.24,
                              base + 0.02)
    piece = Piece(patches, width, depth, height)
    if rng.random() < 0.6:
        piece.add(television(kit, rng), 0, -0.05, height)
        piece.patches += placed(scatter(kit, rng, width / 2 - 0.45, depth - 0.05, 1), width / 2 - 0.14, 0, height)
    else:
        piece.add(table_lamp(kit, rng), -width / 2 + 0.2, 0, height)
        piece.patches += placed(scatter(kit, rng, width - 0.6, depth - 0.05, 5), 0.2, 0, height)
    return piece


def television(kit: Kit, rng: np.random.Generator) -> Piece:
    """A flat screen, switched on."""
    w, h = rng.uniform(0.85, 1.05), rng.uniform(0.5, 0.58)
    patches = box((-w / 2, -0.02, 0.06), (w / 2, 0.02, 0.06 + h), kit["dark"])
    patches += centred_box(0, 0, 0, 0.4, 0.18, 0.012, kit["dark"])
    patches += centred_box(0, 0, 0.012, 0.08, 0.03, 0.05, kit["dark"])
    shows = kit["picture 0"]
    lit = type(shows)(shows.texture, emission=0.8)
    patches.append(shown((w / 2 - 0.012, 0.021, 0.075), (0.024 - w, 0, 0), (0, 0, h - 0.03), lit))
    return Piece(patches, w, 0.2, h + 0.06)


def plant_stand(kit: Kit, rng: np.random.Generator) -> Piece:
    """A narrow rack of round boards on a pole."""
    radius, height = rng.uniform(0.18, 0.22), rng.uniform(0.9, 1.3)
    wood = kit.one_of(rng, "wood", "metal", "second wood")
    piece = Piece([lathe([(0.015, 0), (0.015, height)], kit["metal"], 8)], 2 * radius, 2 * radius, height)
    for z in np.linspace(0.04, height, 4):
        piece.patches += placed([lathe([(0.0, -0.02), (radius, -0.02), (radius, 0.0), (0.0, 0.0)], wood, 20)], z=z)
        piece.add(potted_plant(kit, rng, 0.2), 0.09 * np.cos(7 * z), 0.09 * np.sin(7 * z), z)
    return piece
