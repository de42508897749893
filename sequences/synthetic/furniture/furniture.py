"""A piece of furniture, and the parts that several pieces share: legs, knobs, handles, fronts."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import Material, Patch, moved, placed, placement, tilted
from sequences.synthetic.shapes.solids import ball, box, lathe, quad, tube


@dataclass
class Piece:
    """Patches standing on z = 0 around the origin; the front looks along +y, the back along -y."""

    patches: list[Patch]
    width_m: float
    depth_m: float
    height_m: float
    lights: list[Light] = field(default_factory=list)

    def put(self, x: float = 0.0, y: float = 0.0, z: float = 0.0,
            yaw_rad: float = 0.0) -> tuple[list[Patch], list[Light]]:
        """Patches and lights turned about the vertical by `yaw_rad`, then moved to (x, y, z)."""
        T = placement(x, y, z, yaw_rad)
        return moved(self.patches, T), [light.moved(T) for light in self.lights]

    def add(self, other: "Piece", x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw_rad: float = 0.0) -> None:
        """Put another piece on or in this one."""
        patches, lights = other.put(x, y, z, yaw_rad)
        self.patches += patches
        self.lights += lights


def legs(width: float, depth: float, height: float, material: Material, style: str,
         thickness: float = 0.05) -> list[Patch]:
    """Four legs at the corners of a rectangle: square and tapered, turned, or round and splayed."""
    patches = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            x, y = sx * (width / 2 - thickness), sy * (depth / 2 - thickness)
            if style == "turned":
                r = thickness / 2
                profile = [(0.7 * r, 0), (0.6 * r, 0.1), (1.1 * r, 0.3), (0.6 * r, 0.42), (1.2 * r, 0.6),
                           (0.7 * r, 0.72), (1.2 * r, 0.78), (1.2 * r, 1.0)]
                patches += placed([lathe([(a, b * height) for a, b in profile], material, 10)], x, y)
            elif style == "splayed":
                foot = (x + sx * 0.25 * thickness, y + sy * 0.25 * thickness, 0.0)
                patches.append(tube([foot, (x - sx * 0.02, y - sy * 0.02, height)], [0.3 * thickness, 0.5 * thickness],
                                    material))
            else:
                patches += box((x - thickness / 2, y - thickness / 2, 0),
                               (x + thickness / 2, y + thickness / 2, height),
                               material, skip="-z +z", grain="z")
    return patches


def knob(x: float, y: float, z: float, material: Material, radius: float = 0.014) -> list[Patch]:
    """A round knob that sticks out along +y from (x, y, z)."""
    stem = lathe([(0.45 * radius, 0.0), (0.4 * radius, 0.8 * radius)], material, 8)
    return placed(tilted([stem, ball(radius, material, (0, 0, 1.5 * radius), 0.75, 8)], "x", -np.pi / 2), x, y, z)


def bar_handle(x: float, y: float, z: float, length: float, material: Material, upright: bool = False) -> list[Patch]:
    """A bow handle in front of (x, y, z)."""
    along = np.array([0, 0, 0.5]) if upright else np.array([0.5, 0, 0])
    ends = np.array([-1, -0.92, 0, 0.92, 1.0])[:, None] * along * length
    out = np.array([0, 0.022, 0.028, 0.022, 0.0])[:, None] * (0, 1, 0)
    return [tube(ends + out + (x, y, z), 0.006, material, 6)]


def front(x0: float, x1: float, z0: float, z1: float, y: float, material: Material, rng: np.random.Generator,
          frame: float | None = None, thickness: float = 0.018) -> list[Patch]:
    """A drawer front or door on the plane y, with a gap around it; with `frame`, a panel sunk into a frame."""
    gap = 0.003
    x0, x1, z0, z1 = x0 + gap, x1 - gap, z0 + gap, z1 - gap
    upright = "z" if z1 - z0 > x1 - x0 else "x"
    if not frame:
        return box((x0, y, z0), (x1, y + thickness, z1), material, skip="-y", grain=upright, rng=rng)
    patches = []
    for low, high, grain in (((x0, z0), (x0 + frame, z1), "z"), ((x1 - frame, z0), (x1, z1), "z"),
                             ((x0 + frame, z0), (x1 - frame, z0 + frame), "x"),
                             ((x0 + frame, z1 - frame), (x1 - frame, z1), "x")):
        patches += box((low[0], y, low[1]), (high[0], y + thickness, high[1]), material, skip="-y", grain=grain,
                       rng=rng)
    inner = quad((x1 - frame, y + 0.3 * thickness, z0 + frame), (x0 - x1 + 2 * frame, 0, 0),
                 (0, 0, z1 - z0 - 2 * frame), material)
    return patches + [inner.shifted_texture(rng.uniform(0, 2, 2))]


def shown(origin: ArrayLike, across: ArrayLike, up: ArrayLike, material: Material) -> Patch:
    """A quad that shows a whole picture once."""
    return quad(origin, across, up, material, unit_uv=True)
