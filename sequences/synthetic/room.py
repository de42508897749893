"""A whole room: size and layout by seed, surfaces, textures and baked light, ready to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import KDTree

from sequences.synthetic.baking import bake
from sequences.synthetic.furnishing import furnished
from sequences.synthetic.furniture.openings import GLASS
from sequences.synthetic.materials.kit import Kit
from sequences.synthetic.materials.texture import Texture
from sequences.synthetic.rendering.bvh import Bvh, build_bvh
from sequences.synthetic.rendering.raster import Shell
from sequences.synthetic.rendering.shading import Look
from sequences.synthetic.rendering.texture_atlas import pack_textures
from sequences.synthetic.shapes.light import Light
from sequences.synthetic.shapes.patch import Patch
from sequences.synthetic.shapes.solids import quad
from sequences.synthetic.surfaces import pack_surfaces

NODE_SPACING_M = 0.06
"""Distance of the points at which light is baked."""
BRIGHT = 0.42
"""Linear radiance that three quarters of all places stay below."""
WHITE = 0.8
"""Linear radiance that 95 % of all places stay below."""


@dataclass(frozen=True)
class Room:
    """A closed room: its floor is z = 0 from (0, 0) to (length, width), its ceiling z = height. All in metres."""

    size_m: tuple[float, float, float]
    """Length, width, height."""
    shell: Shell
    look: Look
    bvh: Bvh
    surface_points: KDTree
    """Search tree of points about NODE_SPACING_M apart all over the surfaces, to keep a camera clear of them."""


def build_room(seed: int, layout: int | None = None) -> Room:
    """The furnished and lit room of this seed; takes seconds. `layout`: seed of size and furniture alone, for another
    room of the same materials."""
    rng = np.random.default_rng([seed if layout is None else layout, 0])
    kit = Kit(seed)
    length, width, height = rng.uniform(3.8, 7.0), rng.uniform(3.2, 5.0), rng.uniform(2.45, 2.95)
    plan = furnished(kit, rng, length, width, height)
    inside = [_clipped(patch, (length, width, height)) for patch in plan.patches]
    patches = faces(kit, rng, length, width, height) + inside
    return assembled((length, width, height), patches, kit.textures, plan.lights + _sun(rng, plan), rng)


def assembled(size_m: tuple[float, float, float], patches: list[Patch], textures: dict[str, Texture],
              lights: Sequence[Light], rng: np.random.Generator) -> Room:
    """Patches, the textures they name and lights -> Room."""
    surfaces = pack_surfaces(patches, textures, NODE_SPACING_M)
    atlas = pack_textures(texture.image for texture in textures.values())
    bvh = build_bvh(surfaces.vertices_m, surfaces.triangles)
    names = [patch.material.texture for patch in patches]
    means = {name: texture.mean for name, texture in textures.items()}
    reflectance = np.array([means[name] for name in names]) * surfaces.tint_of_patch
    glass = np.array([name == GLASS for name in names])
    light = bake(surfaces, bvh, reflectance, glass, lights)
    light = _exposed(surfaces, light, reflectance) * _unevenness(surfaces.node_m, rng)
    counts = surfaces.patches[:, 2] * surfaces.patches[:, 3]
    emission = np.repeat(surfaces.emission_of_patch, counts)[:, None]
    light = np.where(emission > 0, emission, light) * np.repeat(surfaces.tint_of_patch, counts, 0)
    look = Look(surfaces.patch_of_triangle, surfaces.maps_of_point, surfaces.patches, light.astype(np.float32),
                atlas.texels, atlas.table)
    shell = Shell(surfaces.vertices_m, surfaces.triangles, surfaces.first_triangle, surfaces.sphere_of_patch)
    return Room(size_m, shell, look, bvh, KDTree(surfaces.node_m))


def faces(kit, rng, length, width, height):
    """Floor, ceiling and four walls, one of them often in another material."""
    accent = rng.integers(4) if rng.random() < 0.75 else None
    walls = [kit["accent wall"] if k == accent else kit["wall"] for k in range(4)]
    floor = quad((0, 0, 0), (length, 0, 0), (0, width, 0), kit["floor"])
    if rng.random() < 0.5:
        floor = replace(floor, uv=floor.uv[..., ::-1])
    ceiling = quad((0, width, height), (length, 0, 0), (0, -width, 0), kit["ceiling"])
    corners = [(0, 0), (length, 0), (length, width), (0, width)]
    # walls seen from inside run clockwise: south, east, north, west
    sides = [quad((*corners[(k + 1) % 4], 0), (*np.subtract(corners[k], corners[(k + 1) % 4]), 0), (0, 0, height),
                  walls[k])
             for k in range(4)]
    return [floor, ceiling, *[side.shifted_texture((rng.uniform(0, 2), 0)) for side in sides]]


def _clipped(patch, size_m):
    """The patch with what would reach through a wall, such as leaves, bent back along the wall."""
    gap = 0.002
    return replace(patch, points_m=patch.points_m.clip((gap, gap, 0), np.subtract(size_m, (gap, gap, 0))))


def _sun(rng, plan):
    """Often the sun shines in through the first window."""
    if not plan.windows or rng.random() < 0.4:
        return []
    inward = plan.walls[plan.windows[0][0]].T_room_wall[:3, 1]
    turn, height = np.arctan2(-inward[1], -inward[0]) + rng.uniform(-0.7, 0.7), rng.uniform(0.4, 0.9)
    towards = np.array([np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)])
    return [Light.sun(towards, rng.uniform(0.8, 1.8) * np.array([1.0, 0.88, 0.68]))]


def _exposed(surfaces, light, reflectance):
    """Light scaled so that most of the room stays below BRIGHT and WHITE, part of the colour cast taken out."""
    shown = light * np.repeat(reflectance, surfaces.patches[:, 2] * surfaces.patches[:, 3], axis=0)
    bright = np.percentile(shown, 75, axis=0)
    balance = (bright.mean() / bright) ** 0.25
    most, nearly_all = np.percentile((shown * balance).mean(1), (75, 95))
    return light * balance * min(BRIGHT / most, WHITE / nearly_all)


def _unevenness(points_m, rng):
    """A factor (N, 1) around 1 that wanders over decimetres and metres, so that no two places look quite alike."""
    total = np.zeros(len(points_m))
    for wavelength in (0.35, 0.5, 0.7, 1.1, 1.6, 2.4):
        direction = rng.normal(size=3)
        direction *= 2 * np.pi / wavelength / np.linalg.norm(direction)
        total += np.sin(points_m @ direction + rng.uniform(0, 6.28))
    return (1 + 0.012 * total)[:, None]
