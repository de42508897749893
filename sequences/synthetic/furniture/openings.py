"""Doors, windows with curtains, radiators: what is set into a wall. The wall is the plane y = 0 seen from +y."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece, front, shown
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import Material, Patch, placed
from sequences.synthetic.shapes.solids import ball, box, lathe, quad, tube

GLASS = "outdoors"
"""Role of the window panes, which let the sun in."""
GLOW = 1.5


def door(kit: Kit, rng: np.random.Generator) -> Piece:
    """A panelled door in its frame, with a handle and a plate."""
    width, height = 0.86, 2.03
    leaf, trim = kit["door"], kit["trim"]
    patches = front(-width / 2, width / 2, 0.005, height, 0.0, leaf, rng, 0.11, 0.03)
    columns, rows = (2, 3) if rng.random() < 0.5 else (1, 2)
    x, z = np.linspace(-width / 2 + 0.11, width / 2 - 0.11, columns + 1), np.linspace(0.115, height - 0.11, rows + 1)
    for a in x[1:-1]:
        patches += box((a - 0.05, 0, z[0]), (a + 0.05, 0.03, z[-1]), leaf, skip="-y", grain="z", rng=rng)
    for b in z[1:-1]:
        patches += box((x[0], 0, b - 0.05), (x[-1], 0.0305, b + 0.05), leaf, skip="-y", rng=rng)
    for side in (-1, 1):
        a = side * (width / 2 + 0.04)
        patches += box((a - 0.04, 0, 0), (a + 0.04, 0.05, height + 0.08), trim, skip="-y -z", grain="z", rng=rng)
    patches += box((-width / 2, 0, height), (width / 2, 0.05, height + 0.08), trim, skip="-y", rng=rng)
    hand = width / 2 - 0.06
    patches += box((hand - 0.02, 0.03, 0.92), (hand + 0.02, 0.036, 1.12), kit["metal"], skip="-y", grain="z")
    patches.append(tube([(hand, 0.03, 1.04), (hand, 0.085, 1.04), (hand - 0.13, 0.085, 1.04)], 0.01, kit["metal"], 8))
    return Piece(patches, width + 0.16, 0.09, height + 0.08)


def window(kit: Kit, rng: np.random.Generator, width: float, height: float, sill: float,
           brightness: np.ndarray) -> Piece:
    """A window with bars, a sill, curtains on a rail, and daylight of radiance `brightness` through its panes."""
    trim, depth = kit["trim"], 0.03
    glass = Material(kit[GLASS].texture, emission=GLOW)
    pane = shown((width / 2, 0.004, sill), (-width, 0, 0), (0, 0, height), glass)
    crop = min(width / (height * 1.2), 1.0)
    patches = [Patch(pane.points_m, pane.uv * (crop, 1.0) + (rng.uniform(0, 1), 0), glass)]
    columns, rows = round(width / 0.6), int(rng.choice([1, 2, 2]))
    for k in range(columns + 1):
        x, half = -width / 2 + k * width / columns, 0.035 if k in (0, columns) else 0.022
        patches += box((x - half, 0, sill), (x + half, 2 * depth, sill + height), trim, skip="-y", grain="z", rng=rng)
    for k in range(rows + 1):
        z, half = sill + height * (0, 0.68 if rows == 2 else 1, 1)[k], 0.035 if k in (0, rows) else 0.022
        patches += box((-width / 2, 0, z - half), (width / 2, 2 * depth - 0.002, z + half), trim, skip="-y", rng=rng)
    patches += box((-width / 2 - 0.06, 0, sill - 0.06), (width / 2 + 0.06, 0.16, sill - 0.03), trim, skip="-y", rng=rng)
    light = Light.window((width / 2, 0.09, sill), (-width, 0, 0), (0, 0, height), brightness)
    return Piece(patches + _curtains(kit, rng, width, sill, height), width + 0.5, 0.2, sill + height, [light])


def _curtains(kit, rng, width, sill, height):
    """A rail with a wavy curtain at each side, to the sill or to the floor."""
    top = sill + height + 0.12
    bottom = 0.04 if rng.random() < 0.4 else sill - 0.12
    reach = width / 2 + 0.26
    patches = [tube([(-reach - 0.04, 0.1, top), (reach + 0.04, 0.1, top)], 0.014, kit["metal"], 8)]
    patches += [ball(0.025, kit["metal"], (side * (reach + 0.05), 0.1, top), 1.0, 8) for side in (-1, 1)]
    for side in (-1, 1):
        s = np.linspace(0, 1, 33)
        x = side * (width / 2 - 0.02 + 0.26 * s) * np.ones((4, 1))
        z = np.linspace(bottom, top - 0.01, 4)[:, None]
        wave = 0.03 * np.sin(2 * np.pi * 5 * s) * (0.6 + 0.5 * (top - z) / (top - bottom))
        points = np.stack([x, 0.1 + wave, np.broadcast_to(z, x.shape)], -1)
        uv = np.stack(np.broadcast_arrays(s[None] * 0.55, top - z), -1)
        one = Patch(points, uv, kit["curtain"])
        patches += [one, one.reversed()]
    return patches


def radiator(kit: Kit, rng: np.random.Generator) -> Piece:
    """A ribbed heater under a window."""
    width, z0, z1 = rng.uniform(0.7, 1.0), 0.12, 0.62
    patches = []
    for x in np.arange(-width / 2, width / 2, 0.06):
        patches += placed([lathe([(0.022, z0), (0.026, z0 + 0.03), (0.026, z1 - 0.03), (0.018, z1), (0, z1 + 0.004)],
                                 kit["trim"], 8)], x, 0.07)
    for z in (z0 + 0.05, z1 - 0.06):
        patches.append(tube([(-width / 2 - 0.03, 0.07, z), (width / 2, 0.07, z)], 0.014, kit["trim"], 6))
    patches.append(tube([(-width / 2 - 0.03, 0.07, 0.0), (-width / 2 - 0.03, 0.07, z0 + 0.05)], 0.01, kit["metal"], 6))
    return Piece(patches, width + 0.06, 0.12, z1)


def skirting(length: float, kit: Kit) -> list[Patch]:
    """A board along the foot of a wall of `length` metres that starts at the origin."""
    return [quad((length, 0.014, 0), (-length, 0, 0), (0, 0, 0.085), kit["trim"]),
            quad((length, 0.014, 0.085), (-length, 0, 0), (0, -0.012, 0.012), kit["trim"])]


def cornice(length: float, height: float, kit: Kit) -> list[Patch]:
    """A moulding between a wall of `length` metres and a ceiling at `height`."""
    return [quad((length, 0.0, height - 0.07), (-length, 0, 0), (0, 0.02, 0.02), kit["trim"]),
            quad((length, 0.02, height - 0.05), (-length, 0, 0), (0, 0.035, 0.05), kit["trim"])]
