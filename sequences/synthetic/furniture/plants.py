"""Plants in pots: bent leaves on stems."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.patch import Patch, placed
from sequences.synthetic.shapes.solids import disc, lathe, tube


def potted_plant(kit: Kit, rng: np.random.Generator, height: float | None = None) -> Piece:
    """A pot with earth and a plant that reaches `height` metres (default: one that stands on the floor)."""
    height = rng.uniform(0.8, 1.4) if height is None else height
    size = height ** 0.6
    radius, rim = 0.16 * size, 0.28 * size
    pot = kit.one_of(rng, "clay", "clay", "wicker", "ceramic 0")
    outline = [(0.72 * radius, 0), (0.95 * radius, 0.9 * rim), (radius * 1.05, 0.9 * rim), (1.05 * radius, rim),
               (0.9 * radius, rim), (0.88 * radius, 0.85 * rim)]
    patches = [lathe(outline, pot, 18), disc(0.9 * radius, 0.88 * rim, kit["soil"], 18)]
    grow = (_rosette, _bush, _palm)[rng.integers(3)]
    leaves = grow(kit.next("leaf"), kit["wood"], rng, rim * 0.88, height)
    spread = max(np.abs(p.points_m[..., :2]).max() for p in leaves)
    return Piece(patches + leaves, 2 * radius + 0.6 * spread, 2 * radius + 0.6 * spread, height)


def _leaf(length, width, bend, material):
    """A leaf along +x that starts at the origin, rises, then droops; both of its sides."""
    t = np.linspace(0, 1, 6)
    half = width / 2 * np.sin(np.pi * np.clip(t * 0.93 + 0.07, 0, 1)) ** 0.8
    rise = bend[0] * t - bend[1] * t**2
    s = np.array([-1.0, 0.0, 1.0])
    points = np.stack(np.broadcast_arrays(length * t[:, None], -s * half[:, None],
                                          length * rise[:, None] + 0.25 * half[:, None] * np.abs(s)), -1)
    uv = np.stack(np.meshgrid((s + 1) / 2, 1 - t), -1)
    one = Patch(points, uv, material)
    return [one, one.reversed()]


def _tilt(patches, yaw, base):
    x, y, z = base
    return placed(patches, x, y, z, yaw)


def _rosette(leaf, wood, rng, z, height):
    """Long leaves from one point."""
    patches = []
    count = int(rng.integers(9, 15))
    for k in range(count):
        steep = rng.uniform(0.6, 2.2)
        length = (height - z) / max(steep * 0.62, 0.5) * rng.uniform(0.6, 0.9)
        length = min(length, 0.45 * height)
        patches += _tilt(_leaf(length, 0.16 * length + 0.02, (steep + 0.6, 0.9), leaf), k * 2.4 + rng.normal(0, 0.2),
                         (0, 0, z))
    return patches


def _bush(leaf, wood, rng, z, height):
    """Several stems with leaves on all sides."""
    patches = []
    for k in range(4):
        lean, turn = rng.uniform(0.02, 0.16) * height, k * 1.7 + rng.normal(0, 0.3)
        tip = np.array([lean * np.cos(turn), lean * np.sin(turn), height * rng.uniform(0.8, 0.95)])
        base = np.array([0.0, 0.0, z])
        middle = base + 0.5 * (tip - base) * (0.6, 0.6, 1.0)
        patches.append(tube([base, middle, tip], [0.012 * height, 0.009 * height, 0.004 * height], wood, 5))
        for share in np.linspace(0.35, 1.0, 7):
            size = rng.uniform(0.14, 0.22) * height
            patches += _tilt(_leaf(size, 0.5 * size, (rng.uniform(0.2, 0.8), 0.7), leaf), rng.uniform(0, 6.28),
                             base + share * (tip - base))
    return patches


def _palm(leaf, wood, rng, z, height):
    """A trunk with a crown of hanging leaves."""
    top = z + 0.45 * (height - z)
    patches = [tube([(0, 0, z), (0.02, 0.01, (z + top) / 2), (0, 0, top)],
                    [0.03 * height, 0.022 * height, 0.02 * height], wood, 8)]
    for k in range(13):
        length = rng.uniform(0.3, 0.42) * height
        patches += _tilt(_leaf(length, 0.2 * length, (rng.uniform(0.5, 1.6), rng.uniform(0.9, 1.3)), leaf), k * 2.4,
                         (0, 0, top))
    return patches
