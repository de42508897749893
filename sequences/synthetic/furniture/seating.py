"""Things to sit on."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece, legs
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import Patch, placed, tilted
from sequences.synthetic.shapes.solids import box, centred_box, disc, lathe, pillow, rounded_box, tube


def chair(kit: Kit, rng: np.random.Generator) -> Piece:
    """A dining chair: four legs, a padded or wooden seat, a leaning back with slats or a panel."""
    width, depth, seat = rng.uniform(0.42, 0.48), rng.uniform(0.42, 0.48), 0.45
    wood = kit.one_of(rng, "wood", "second wood", "paint")
    patches = legs(width, depth, seat, wood, rng.choice(["square", "splayed", "turned"]), 0.04)
    if rng.random() < 0.5:
        patches += rounded_box((-width / 2, -depth / 2, seat), (width / 2, depth / 2, seat + 0.05), 0.022,
                               kit["second upholstery"])
    else:
        patches += rounded_box((-width / 2, -depth / 2, seat), (width / 2, depth / 2, seat + 0.03), 0.012, wood)
    back = [tube([(x, -depth / 2 + 0.02, seat), (x, -depth / 2 + 0.02, 0.92)], 0.017, wood)
            for x in (-width / 2 + 0.025, width / 2 - 0.025)]
    if rng.random() < 0.5:
        for z in (0.58, 0.70, 0.82):
            back += centred_box(0, -depth / 2 + 0.02, z, width - 0.06, 0.016, 0.06, wood)
    else:
        back += rounded_box((-width / 2 + 0.01, -depth / 2, 0.62), (width / 2 - 0.01, -depth / 2 + 0.045, 0.92), 0.02,
                            kit["second upholstery"])
    patches += tilted(back, "x", rng.uniform(0.08, 0.16), (0, -depth / 2, seat))
    return Piece(patches, width, depth + 0.1, 0.93)


def stool(kit: Kit, rng: np.random.Generator) -> Piece:
    """A round stool with splayed legs, or a turned pedestal."""
    height, radius = rng.uniform(0.44, 0.62), rng.uniform(0.16, 0.2)
    wood = kit.one_of(rng, "wood", "second wood", "metal")
    if rng.random() < 0.5:
        patches = legs(1.5 * radius, 1.5 * radius, height, wood, "splayed", 0.045)
    else:
        patches = [lathe([(0.17, 0), (0.16, 0.03), (0.04, 0.06), (0.03, height)], wood, 16)]
    seat = lathe([(radius * 0.9, height), (radius, height + 0.015), (radius, height + 0.035),
                  (radius * 0.95, height + 0.045)],
                 kit["second upholstery"], 18)
    patches += [seat, disc(radius * 0.95, height + 0.045, kit["second upholstery"], 18)]
    return Piece(patches, 2 * radius, 2 * radius, height)


def pouf(kit: Kit, rng: np.random.Generator) -> Piece:
    """A drum-shaped cushion on the floor."""
    radius, height = rng.uniform(0.22, 0.3), rng.uniform(0.32, 0.42)
    angle = np.linspace(-1, 1, 9)
    profile = [(radius * (0.8 + 0.2 * np.sqrt(1 - a**4)), height * (a + 1) / 2) for a in angle]
    profile += [(radius * 0.5, height + 0.02), (0.0, height + 0.01)]
    return Piece([lathe(profile, kit.next("cushion"), 20)], 2 * radius, 2 * radius, height)


def office_chair(kit: Kit, rng: np.random.Generator) -> Piece:
    """A padded seat and back on a column with a five-armed foot."""
    dark, cloth = kit["dark"], kit.one_of(rng, "upholstery", "second upholstery")
    patches = [lathe([(0.03, 0.06), (0.025, 0.42)], kit["metal"], 10)]
    for k in range(5):
        arm = [tube([(0, 0, 0.09), (0.15, 0, 0.08), (0.29, 0, 0.06)], [0.024, 0.02, 0.016], dark, 6),
               *placed([lathe([(0, 0), (0.025, 0.01), (0.028, 0.03), (0.02, 0.055), (0, 0.06)], dark, 8)], x=0.28)]
        patches += placed(arm, yaw_rad=k * 2 * np.pi / 5)
    patches += rounded_box((-0.24, -0.22, 0.43), (0.24, 0.24, 0.52), 0.04, cloth, bulge=0.015)
    back = rounded_box((-0.22, -0.25, 0.62), (0.22, -0.18, 1.02), 0.03, cloth, bulge=0.01)
    back += centred_box(0, -0.25, 0.44, 0.07, 0.03, 0.3, dark)
    patches += tilted(back, "x", 0.1, (0, -0.2, 0.5))
    for x in (-0.27, 0.27):
        patches.append(tube([(x, 0.1, 0.47), (x, 0.1, 0.66), (x, -0.14, 0.66)], 0.016, dark, 6))
    return Piece(patches, 0.62, 0.62, 1.05)


def sofa(kit: Kit, rng: np.random.Generator, seats: int | None = None) -> Piece:
    """Two or three seats (one: an armchair) with arms, loose cushions and throw pillows."""
    seats = int(rng.integers(2, 4)) if seats is None else seats
    seat_width, depth, arm = rng.uniform(0.58, 0.66), rng.uniform(0.8, 0.9), rng.uniform(0.12, 0.2)
    width = seats * seat_width + 2 * arm
    cloth, base = kit["upholstery"] if seats > 1 else kit.one_of(rng, "upholstery", "second upholstery"), 0.12
    back, arm_height = rng.uniform(0.72, 0.85), rng.uniform(0.52, 0.62)
    patches = legs(width - 0.06, depth - 0.06, base, kit["second wood"], "splayed", 0.05)
    patches += rounded_box((-width / 2, -depth / 2, base), (width / 2, depth / 2 - 0.03, 0.3), 0.03, cloth)
    patches += rounded_box((-width / 2, -depth / 2, 0.2), (width / 2, -depth / 2 + 0.16, back), 0.06, cloth)
    for side in (-1, 1):
        outer, inner = side * width / 2, side * (width / 2 - arm)
        patches += rounded_box((min(outer, inner), -depth / 2, base), (max(outer, inner), depth / 2, arm_height), 0.06,
                               cloth)
    for k in range(seats):
        x = -width / 2 + arm + k * seat_width
        patches += rounded_box((x + 0.006, -depth / 2 + 0.14, 0.29), (x + seat_width - 0.006, depth / 2 + 0.01, 0.44),
                               0.045, cloth, bulge=0.018)
        cushion = rounded_box((x + 0.01, -depth / 2 + 0.12, 0.42),
                              (x + seat_width - 0.01, -depth / 2 + 0.26, back + 0.04), 0.05,
                              cloth, bulge=0.025)
        patches += tilted(cushion, "x", 0.14, (0, -depth / 2 + 0.16, 0.44))
    places = np.linspace(-width / 2 + arm + 0.24, width / 2 - arm - 0.24, max(seats, 2))
    for x in rng.permutation(places)[:max(1, seats - 1)]:
        patches += placed(throw_pillow(kit, rng), x, -depth / 2 + 0.39, 0.44, rng.uniform(-0.3, 0.3))
    return Piece(patches, width, depth, back + 0.04)


def armchair(kit: Kit, rng: np.random.Generator) -> Piece:
    return sofa(kit, rng, seats=1)


def throw_pillow(kit: Kit, rng: np.random.Generator) -> list[Patch]:
    """A square pillow that leans backwards, its lower edge on z = 0."""
    size = rng.uniform(0.38, 0.46)
    return placed(tilted(pillow(size, size, 0.15, kit.next("cushion")), "x", rng.uniform(0.25, 0.45)),
                  z=size / 2 * 0.93)


def bench(kit: Kit, rng: np.random.Generator) -> Piece:
    """A long board on two slanted frames, with a folded blanket."""
    width, depth, height = rng.uniform(0.9, 1.2), 0.34, 0.44
    wood = kit.one_of(rng, "wood", "second wood")
    patches = legs(width - 0.1, depth, height, wood, "splayed", 0.06)
    patches += rounded_box((-width / 2, -depth / 2, height), (width / 2, depth / 2, height + 0.035), 0.01, wood)
    patches += rounded_box((-0.15, -0.16, height + 0.035), (0.17, 0.16, height + 0.1), 0.025, kit.next("cushion"),
                           bulge=0.006)
    patches += box((-width / 2 + 0.1, -0.02, 0.18), (width / 2 - 0.1, 0.02, 0.22), wood)
    return Piece(patches, width, depth, height + 0.1)
