"""Lamps: a glowing shade and the light it gives."""

import numpy as np

from sequences.synthetic.furniture.furniture import Piece
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import placed
from sequences.synthetic.shapes.solids import ball, disc, lathe, tube

GLOW = 1.15
WARM = np.array([1.0, 0.78, 0.52])


def floor_lamp(kit: Kit, rng: np.random.Generator) -> Piece:
    """A pole on a heavy foot with a cloth shade, 1.5 m high."""
    height = rng.uniform(1.4, 1.6)
    metal = kit.one_of(rng, "metal", "dark", "second wood")
    patches = [lathe([(0.14, 0), (0.14, 0.02), (0.02, 0.035), (0.011, 0.06), (0.011, height - 0.1)], metal, 14)]
    shade, lights = _shade(kit, 0.2, 0.14, 0.26, height - 0.22, power=rng.uniform(1.2, 2.0))
    return Piece(patches + shade, 0.42, 0.42, height, lights)


def table_lamp(kit: Kit, rng: np.random.Generator) -> Piece:
    """A ceramic or turned foot with a cloth shade."""
    body = rng.uniform(0.2, 0.28)
    t = np.linspace(0, 1, 9)
    profile = [(0.075, 0), (0.075, 0.015),
               *zip(0.02 + 0.05 * np.sin(np.pi * t) ** rng.uniform(0.6, 1.6), 0.02 + t * body),
               (0.01, body + 0.07)]
    foot = lathe(profile, kit.next("ceramic"), 14, unit_uv=True)
    shade, lights = _shade(kit, 0.13, 0.09, 0.18, body + 0.02, power=rng.uniform(0.35, 0.7))
    return Piece([foot, *shade], 0.26, 0.26, body + 0.2, lights)


def desk_lamp(kit: Kit, rng: np.random.Generator) -> Piece:
    """A jointed arm with a metal cone."""
    metal = kit.one_of(rng, "second paint", "dark", "metal")
    arm = tube([(0, -0.05, 0.02), (0, -0.14, 0.24), (0, 0.06, 0.42)], 0.008, metal, 6)
    cone = placed([lathe([(0.075, 0), (0.03, 0.09), (0.0, 0.1)], metal, 14),
                   disc(0.07, 0.012, kit["shade"], 14).reversed()],
                  y=0.08, z=0.34)
    return Piece([lathe([(0.08, 0), (0.075, 0.018), (0, 0.022)], metal, 16), arm, *cone], 0.2, 0.3, 0.44)


def ceiling_lamp(kit: Kit, rng: np.random.Generator, height: float, power: float) -> Piece:
    """A lamp under a ceiling at z = `height`: a flat drum, a globe on a short rod, or three small spots."""
    kind = rng.integers(3)
    if kind == 0:
        shade, lights = _shade(kit, 0.24, 0.24, 0.1, height - 0.13, power)
        return Piece([*shade, disc(0.24, height - 0.13, kit["shade"]).reversed(), _rose(kit, height)], 0.5, 0.5, 0.2,
                     lights)
    if kind == 1:
        glow = _glowing(kit)
        globe = ball(0.13, glow, (0, 0, height - 0.3), 1.0, 18, unit_uv=True)
        rod = lathe([(0.008, height - 0.18), (0.008, height)], kit["metal"], 8)
        return Piece([globe, rod, _rose(kit, height)], 0.3, 0.3, 0.4,
                     [Light.lamp((0, 0, height - 0.3), 0.15, tuple(power * WARM))])
    patches, lights = [tube([(-0.35, 0, height - 0.05), (0.35, 0, height - 0.05)], 0.016, kit["metal"])], []
    for x in (-0.3, 0.0, 0.3):
        spot = [lathe([(0.05, -0.11), (0.035, 0), (0.01, 0.05)], kit["metal"], 12),
                disc(0.046, -0.1, _glowing(kit)).reversed()]
        patches += placed(spot, x=x, z=height - 0.06)
        lights.append(Light.lamp((x, 0, height - 0.22), 0.05, tuple(power / 3 * WARM)))
    return Piece([*patches, _rose(kit, height)], 0.8, 0.2, 0.2, lights)


def _rose(kit, height):
    """The plate by which a lamp hangs from the ceiling."""
    return lathe([(0.0, height - 0.035), (0.05, height - 0.03), (0.06, height)], kit["metal"], 14)


def _glowing(kit):
    material = kit["shade"]
    return type(material)(material.texture, emission=GLOW)


def _shade(kit, low_radius, high_radius, height, z, power):
    """A cloth cone seen from outside and from inside, and the light in it."""
    cone = lathe([(low_radius, z), (high_radius, z + height)], _glowing(kit), 20, unit_uv=True)
    light = Light.lamp((0, 0, z + height / 2), 1.05 * np.hypot(max(low_radius, high_radius), height / 2),
                       tuple(power * WARM))
    return [cone, cone.reversed()], [light]
