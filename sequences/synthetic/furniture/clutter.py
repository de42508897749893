"""Small things that stand on tables, shelves and floors."""

from collections.abc import Callable, Sequence

import numpy as np

from sequences.synthetic.furniture.books import book_stack
from sequences.synthetic.furniture.furniture import Piece, knob, shown
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import Patch, placed, tilted
from sequences.synthetic.shapes.solids import ball, box, centred_box, disc, lathe, quad, rounded_box, sheet, tube


def cup(kit: Kit, rng: np.random.Generator) -> Piece:
    radius, height = rng.uniform(0.036, 0.045), rng.uniform(0.08, 0.1)
    glaze = kit.next("ceramic")
    outline = [(0.8 * radius, 0), (radius, 0.012), (radius, height), (0.9 * radius, height),
               (0.85 * radius, 0.6 * height), (0.0, 0.55 * height)]
    angle = np.linspace(-1.3, 1.3, 7)
    handle = tube(np.stack([radius + 0.024 * np.cos(angle), 0 * angle, height / 2 + 0.026 * np.sin(angle)], -1), 0.005,
                  glaze, 6)
    return Piece([lathe(outline, glaze, 14, unit_uv=True), handle], 2 * radius, 2 * radius, height)


def bottle(kit: Kit, rng: np.random.Generator) -> Piece:
    r, h = rng.uniform(0.032, 0.042), rng.uniform(0.22, 0.32)
    profile = [(r, 0), (r, 0.55 * h), (0.9 * r, 0.62 * h), (0.35 * r, 0.75 * h), (0.32 * r, 0.97 * h),
               (0.4 * r, 0.97 * h), (0.4 * r, h), (0, h)]
    tint = rng.choice([(0.5, 0.9, 0.55), (1, 1, 1), (0.9, 0.6, 0.35)])
    glass = kit.one_of(rng, "second paint", "dark", "paint").tinted(tint)
    label = lathe([(r + 0.0008, 0.15 * h), (r + 0.0008, 0.45 * h)], kit.next("picture"), 14, unit_uv=True)
    return Piece([lathe(profile, glass, 14), label], 2 * r, 2 * r, h)


def vase(kit: Kit, rng: np.random.Generator) -> Piece:
    """A lathed vase with a few twigs."""
    h, r = rng.uniform(0.16, 0.34), rng.uniform(0.05, 0.09)
    t = np.linspace(0, 1, 12)
    radius = r * (0.55 + 0.45 * np.sin(np.pi * (0.15 + 0.8 * t) + rng.uniform(-0.3, 0.5)) ** 2)
    body = lathe([*zip(radius, t * h), (radius[-1] * 0.8, h), (0, 0.8 * h)], kit.next("ceramic"), 18, unit_uv=True)
    twigs = []
    for _ in range(int(rng.integers(0, 6))):
        lean, turn = rng.uniform(0.1, 0.45), rng.uniform(0, 6.28)
        s = np.linspace(0, 1, 4)
        path = np.stack([lean * 0.3 * s**1.5 * np.cos(turn), lean * 0.3 * s**1.5 * np.sin(turn), 0.8 * h + 0.3 * s], -1)
        twigs.append(tube(path, 0.003, kit["wood"], 4))
        twigs += [ball(0.016, kit.one_of(rng, "cushion 0", "cushion 1", "leaf 0"), path[-1], 0.8, 6)]
    return Piece([body, *twigs], 2 * r, 2 * r, h)


def bowl(kit: Kit, rng: np.random.Generator) -> Piece:
    """A bowl with fruit."""
    r = rng.uniform(0.1, 0.15)
    outline = [(0.4 * r, 0), (0.75 * r, 0.2 * r), (r, 0.55 * r), (0.95 * r, 0.55 * r), (0.6 * r, 0.2 * r),
               (0, 0.12 * r)]
    patches = [lathe(outline, kit.next("ceramic"), 20, unit_uv=True)]
    for k in range(5):
        turn = k * 2 * np.pi / 4
        place = (0.45 * r * np.cos(turn), 0.45 * r * np.sin(turn), 0.48 * r) if k < 4 else (0, 0, 0.85 * r)
        tint = ((1.0, 0.35, 0.2), (1.0, 0.75, 0.2), (0.6, 0.85, 0.25), (1.0, 0.55, 0.1))[rng.integers(4)]
        patches.append(ball(0.33 * r, kit["pale"].tinted(tint), place, rng.uniform(0.85, 1.1), 10))
    return Piece(patches, 2 * r, 2 * r, 1.1 * r)


def papers(kit: Kit, rng: np.random.Generator) -> Piece:
    """Loose printed sheets, slightly curled."""
    patches = []
    for k in range(int(rng.integers(1, 4))):
        bend = rng.uniform(0.1, 0.5)
        one = _paper(kit.next("page"), 0.002 + 0.003 * k, bend)
        x, y = rng.uniform(-0.04, 0.04, 2)
        patches += placed(one, x, y, 0, rng.uniform(-0.5, 0.5))
    return Piece(patches, 0.3, 0.34, 0.02)


def _paper(material, z, bend):
    """An A4 sheet from `z` metres up, one half of it curled."""
    sides = sheet(lambda x, y: z + bend * (x - 0.02) ** 2 * (x > 0.02), np.linspace(-0.105, 0.105, 6), [-0.148, 0.148],
                  material, two_sided=True)
    return [Patch(side.points_m, side.uv / (0.21, 0.296), side.material) for side in sides]


def photo(kit: Kit, rng: np.random.Generator) -> Piece:
    """A small framed picture that leans on its stand."""
    w, h = rng.permutation([rng.uniform(0.12, 0.16), rng.uniform(0.16, 0.22)])
    wood = kit.one_of(rng, "wood", "second wood", "metal", "dark")
    patches = box((-w / 2, -0.015, 0), (w / 2, 0.0, h), wood)
    patches.append(shown((w / 2 - 0.015, 0.001, 0.015), (0.03 - w, 0, 0), (0, 0, h - 0.03), kit.next("picture")))
    patches = tilted(patches, "x", 0.2) + [tube([(0, -0.07, 0.003), (0, -0.2 * h - 0.01, 0.7 * h)], 0.004, wood, 4)]
    return Piece(patches, w, 0.16, h)


def candle(kit: Kit, rng: np.random.Generator) -> Piece:
    r, h = rng.uniform(0.02, 0.035), rng.uniform(0.08, 0.2)
    top = h + 0.012
    patches = [lathe([(2 * r, 0), (2.2 * r, 0.012), (1.1 * r, 0.016)], kit["metal"], 14),
               lathe([(r, 0.012), (r, top), (0, top)], kit["linen"], 12),
               tube([(0, 0, top), (0, 0, top + 0.012)], 0.0015, kit["dark"], 4)]
    return Piece(patches, 4.4 * r, 4.4 * r, h)


def globe(kit: Kit, rng: np.random.Generator) -> Piece:
    """A globe with a map on it, on a turned foot."""
    r = rng.uniform(0.1, 0.13)
    foot = lathe([(0.09, 0), (0.08, 0.02), (0.02, 0.03), (0.012, 0.08)], kit["second wood"], 16)
    earth = ball(r, kit["picture 3"], (0, 0, 0.08 + r), 1.0, 18, unit_uv=True)
    return Piece([foot, *tilted([earth], "x", 0.35, (0, 0, 0.08 + r))], 0.2, 0.2, 2 * r + 0.1)


def laptop(kit: Kit, rng: np.random.Generator) -> Piece:
    patches = box((-0.17, -0.12, 0), (0.17, 0.12, 0.016), kit["metal"], skip="-z")
    for row in range(5):
        for column in range(12):
            x, y = -0.15 + 0.025 * column, -0.02 - 0.019 * row + 0.02
            patches.append(quad((x, y - 0.016, 0.0165), (0.021, 0, 0), (0, 0.016, 0), kit["dark"]))
    lid = box((-0.17, -0.008, 0), (0.17, 0, 0.23), kit["metal"])
    lid.append(shown((0.162, 0.001, 0.01), (-0.324, 0, 0), (0, 0, 0.21), kit["screen"]))
    return Piece(placed(patches, yaw_rad=np.pi) + placed(tilted(lid, "x", 0.3), y=-0.115, z=0.016), 0.34, 0.26, 0.24)


def blocks(kit: Kit, rng: np.random.Generator) -> Piece:
    """Toy bricks and a cone."""
    patches = []
    for k in range(5):
        s = rng.uniform(0.03, 0.05)
        tint = rng.choice([(1.0, 0.4, 0.3), (0.35, 0.6, 1.0), (1.0, 0.85, 0.3), (0.4, 0.85, 0.45)])
        patches += placed(box((-s / 2, -s / 2, 0), (s / 2, s / 2, s), kit["wood"].tinted(tint)),
                          0.09 * np.cos(1.3 * k), 0.09 * np.sin(1.3 * k), 0.0, rng.uniform(0, 3))
    patches.append(lathe([(0.04, 0), (0.0, 0.1)], kit["pale"].tinted((1, 0.6, 0.3)), 12))
    return Piece(patches, 0.26, 0.26, 0.1)


def toy_ball(kit: Kit, rng: np.random.Generator) -> Piece:
    r = rng.uniform(0.08, 0.14)
    rolled = tilted([ball(r, kit.next("ball"), (0, 0, r), 1.0, 20, unit_uv=True)], "x", rng.uniform(0, 2), (0, 0, r))
    return Piece(rolled, 2 * r, 2 * r, 2 * r)


def carton(kit: Kit, rng: np.random.Generator) -> Piece:
    """A cardboard box, closed or with open flaps."""
    w, d, h = rng.uniform(0.28, 0.45), rng.uniform(0.25, 0.36), rng.uniform(0.2, 0.36)
    board = kit["cardboard"]
    patches = [Patch(patch.points_m, patch.uv / patch.uv.max((0, 1)), board)
               for patch in box((-w / 2, -d / 2, 0), (w / 2, d / 2, h), board, skip="-z")]
    if rng.random() < 0.5:
        for turn, reach, span in ((0, d / 2, w), (np.pi, d / 2, w)):
            flap = [quad((-span / 2, reach, h), (span, 0, 0), (0, 0.35 * d, 0.12 * d), board, unit_uv=True)]
            patches += placed(flap + [p.reversed() for p in flap], yaw_rad=turn)
    return Piece(patches, w, d * 1.1, h)


def basket(kit: Kit, rng: np.random.Generator) -> Piece:
    """A wicker basket with a blanket in it."""
    r, h = rng.uniform(0.17, 0.24), rng.uniform(0.28, 0.42)
    outline = [(0.8 * r, 0), (r, 0.5 * h), (0.95 * r, h), (0.9 * r, h), (0.92 * r, 0.75 * h)]
    blanket = rounded_box((-0.6 * r, -0.6 * r, 0.5 * h), (0.6 * r, 0.6 * r, 0.92 * h), 0.3 * r, kit.next("cushion"))
    return Piece([lathe(outline, kit["wicker"], 20), disc(0.92 * r, 0.7 * h, kit["dark"]),
                  *placed(blanket, yaw_rad=0.5)],
                 2 * r, 2 * r, h)


def bin(kit: Kit, rng: np.random.Generator) -> Piece:
    """A waste bin with crumpled paper in it and next to it."""
    r, h = 0.13, 0.3
    patches = [lathe([(0.8 * r, 0), (r, h), (0.96 * r, h), (0.85 * r, 0.6 * h), (0, 0.6 * h)], kit["second paint"], 18)]
    for place in ((0.02, 0.03, 0.7 * h), (-0.05, -0.02, 0.72 * h), (0.04, -0.05, 0.75 * h), (0.19, 0.1, 0.04)):
        patches += placed([ball(0.04, kit["crumpled"], (0, 0, 0), 0.9, 8)], *place, rng.uniform(0, 3))
    return Piece(patches, 2 * r, 2 * r, h)


def box_with_lid(kit: Kit, rng: np.random.Generator) -> Piece:
    """A small chest with a knob on the lid."""
    w, d, h = rng.uniform(0.14, 0.22), rng.uniform(0.1, 0.15), rng.uniform(0.08, 0.12)
    wood = kit.one_of(rng, "second wood", "wood", "second paint")
    patches = centred_box(0, 0, 0, w, d, h, wood, rng=rng)
    patches += centred_box(0, 0, h, w + 0.01, d + 0.01, 0.02, wood, rng=rng)
    return Piece(patches + knob(0, d / 2, 0.7 * h, kit["metal"], 0.008), w, d, h)


SMALL = (cup, cup, cup, bottle, vase, bowl, papers, papers, photo, photo, candle, book_stack, book_stack, book_stack,
         globe,
         box_with_lid, blocks)


def scatter(kit: Kit, rng: np.random.Generator, width: float, depth: float, count: int,
            kinds: Sequence[Callable[[Kit, np.random.Generator], Piece]] = SMALL) -> list[Patch]:
    """Up to `count` small things on z = 0 inside a rectangle around the origin, none touching another."""
    patches, taken = [], []
    for _ in range(count * 3):
        if len(taken) == count:
            break
        thing = kinds[int(rng.integers(len(kinds)))](kit, rng)
        radius = 0.5 * np.hypot(thing.width_m, thing.depth_m)
        room = np.array([width, depth]) / 2 - max(thing.width_m, thing.depth_m) / 2
        if (room < 0).any():
            continue
        place = rng.uniform(-room, room)
        if all(np.hypot(*(place - other)) > radius + reach for other, reach in taken):
            taken.append((place, radius))
            patches += thing.put(place[0], place[1], yaw_rad=rng.uniform(-0.6, 0.6))[0]
    return patches
