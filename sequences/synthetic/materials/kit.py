"""The materials of one room: a colour scheme chosen by seed, and textures made when a piece first asks for them."""

import zlib

import numpy as np

from sequences.synthetic.materials import cloth_textures, floor_textures, matter_textures, pictures, wall_textures
from sequences.synthetic.materials.noise import varied
from sequences.synthetic.shapes.patch import Material

WALLS = ((0.86, 0.83, 0.77), (0.80, 0.80, 0.78), (0.70, 0.76, 0.69), (0.68, 0.75, 0.80), (0.85, 0.77, 0.64),
         (0.83, 0.72, 0.68),
         (0.74, 0.71, 0.66), (0.86, 0.80, 0.58), (0.60, 0.70, 0.70), (0.78, 0.74, 0.80))
ACCENTS = ((0.33, 0.45, 0.44), (0.30, 0.37, 0.50), (0.58, 0.33, 0.26), (0.42, 0.46, 0.35), (0.62, 0.49, 0.30),
           (0.52, 0.40, 0.46))
WOODS = ((0.70, 0.54, 0.36), (0.46, 0.31, 0.20), (0.80, 0.65, 0.45), (0.78, 0.73, 0.66), (0.34, 0.24, 0.18),
         (0.62, 0.42, 0.27))
CLOTHS = ((0.26, 0.32, 0.44), (0.62, 0.34, 0.24), (0.32, 0.42, 0.34), (0.36, 0.36, 0.38), (0.76, 0.70, 0.60),
          (0.48, 0.22, 0.25),
          (0.74, 0.58, 0.30), (0.26, 0.45, 0.47), (0.62, 0.62, 0.62), (0.74, 0.56, 0.54))
PAINTS = ((0.87, 0.86, 0.82), (0.55, 0.62, 0.56), (0.42, 0.50, 0.58), (0.78, 0.66, 0.48), (0.60, 0.40, 0.36),
          (0.30, 0.33, 0.35))
CERAMICS = ((0.90, 0.88, 0.84), (0.62, 0.72, 0.78), (0.82, 0.66, 0.50), (0.48, 0.56, 0.48), (0.80, 0.74, 0.62),
            (0.64, 0.40, 0.34))
PICTURES = ("landscape", "abstract", "poster", "chart")
SPINES = 32
"""Book spines side by side in the texture "books"."""


class Kit:
    """Materials by role, such as kit["wood"] or kit["picture 3"]; asking twice gives the same one."""

    def __init__(self, seed: int):
        self.seed = seed
        self.textures = {}
        self._turns = {}
        rng = np.random.default_rng([seed, 1])
        self.roles = _roles(rng)

    def __getitem__(self, role):
        if role not in self.textures:
            make, arguments = self.roles[role]
            # its own generator, so that a texture does not depend on which ones were asked for before
            self.textures[role] = make(np.random.default_rng([self.seed, zlib.crc32(role.encode())]), *arguments)
        return Material(role)

    def one_of(self, rng: np.random.Generator, *roles: str) -> Material:
        return self[roles[rng.integers(len(roles))]]

    def next(self, role: str) -> Material:
        """The numbered materials "role 0", "role 1", ... in turn, so that neighbours differ."""
        count = sum(name.startswith(role + " ") for name in self.roles)
        self._turns[role] = (self._turns.get(role, self.seed % count) + 1) % count
        return self[f"{role} {self._turns[role]}"]


def _roles(rng):
    """Role -> (function that makes the texture, its arguments after the generator)."""
    return {**_shell(rng), **_cloths(rng), **_matter(rng), **_pictures(rng)}


def _pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def _shell(rng):
    """Floor, walls, ceiling and what belongs to them."""
    floor = _pick(rng, *[floor_textures.planks] * 3, *[floor_textures.herringbone] * 2, floor_textures.tiles,
                  floor_textures.terrazzo, floor_textures.carpet)
    floor_colour = _pick(rng, *WOODS) if floor in (floor_textures.planks, floor_textures.herringbone) else _pick(
        rng, (0.72, 0.68, 0.62), (0.62, 0.62, 0.62), (0.66, 0.56, 0.46), (0.52, 0.55, 0.58))
    wall_colour = varied(rng, _pick(rng, *WALLS), 0.03)
    wall = _pick(rng, *[wall_textures.plaster] * 4, wall_textures.stripes, wall_textures.damask,
                 wall_textures.geometric)
    accent = _pick(rng, wall_textures.damask, wall_textures.geometric, wall_textures.brick, wall_textures.boards,
                   wall_textures.stripes)
    accent_colour = (_pick(rng, (0.62, 0.40, 0.32), (0.80, 0.76, 0.72)) if accent is wall_textures.brick
                     else _pick(rng, *ACCENTS, tuple(wall_colour * 0.8)))
    return {"floor": (floor, (varied(rng, floor_colour, 0.06),)),
            "wall": (wall, (wall_colour,)),
            "accent wall": (accent, (varied(rng, accent_colour, 0.04),)),
            "ceiling": (wall_textures.plaster, ((0.88, 0.87, 0.84), 1.3)),
            "trim": (matter_textures.paint,
                     (varied(rng, _pick(rng, (0.88, 0.87, 0.83), (0.88, 0.87, 0.83), WOODS[1]), 0.03),)),
            "door": _pick(rng, (matter_textures.paint, ((0.84, 0.83, 0.79),)),
                          (matter_textures.wood, (_pick(rng, *WOODS),))),
            "outdoors": (pictures.outdoors, ())}


def _cloths(rng):
    order = rng.permutation(len(CLOTHS))
    plain = (cloth_textures.weave, cloth_textures.velvet, cloth_textures.knit, cloth_textures.leather)
    printed = (cloth_textures.plaid, cloth_textures.floral, cloth_textures.knit, cloth_textures.weave)
    colours = [varied(rng, CLOTHS[k], 0.06) for k in order]
    return {"upholstery": (_pick(rng, *plain), (colours[0],)),
            "second upholstery": (_pick(rng, *plain, *printed), (colours[1],)),
            **{f"cushion {k}": (_pick(rng, *printed, cloth_textures.velvet), (colours[2 + k],)) for k in range(4)},
            "curtain": (_pick(rng, *printed), (colours[6],)),
            "bedding": (_pick(rng, *printed), (colours[7],)),
            "linen": (cloth_textures.weave, (varied(rng, (0.88, 0.86, 0.82), 0.03),)),
            "rug": (_pick(rng, cloth_textures.oriental_rug, cloth_textures.modern_rug), (colours[8],)),
            "mat": (_pick(rng, cloth_textures.knit, cloth_textures.plaid), (colours[9],))}


def _matter(rng):
    woods, paints = rng.permutation(len(WOODS)), rng.permutation(len(PAINTS))
    return {"wood": (matter_textures.wood, (varied(rng, WOODS[woods[0]], 0.05),)),
            "second wood": (matter_textures.wood, (varied(rng, WOODS[woods[1]], 0.05),)),
            "paint": (matter_textures.paint, (varied(rng, PAINTS[paints[0]], 0.04),)),
            "second paint": (matter_textures.paint, (varied(rng, PAINTS[paints[1]], 0.04),)),
            "metal": (matter_textures.metal, (_pick(rng, (0.66, 0.66, 0.66), (0.72, 0.60, 0.40), (0.30, 0.30, 0.31)),)),
            "dark": (matter_textures.plastic, ((0.20, 0.20, 0.21),)),
            "pale": (matter_textures.plastic, ((0.74, 0.73, 0.70),)),
            "stone": (matter_textures.marble,
                      (_pick(rng, (0.84, 0.83, 0.80), (0.42, 0.42, 0.40), (0.62, 0.66, 0.60)),)),
            **{f"ceramic {k}": (matter_textures.ceramic, (varied(rng, _pick(rng, *CERAMICS), 0.05),))
               for k in range(5)},
            **{f"leaf {k}": (matter_textures.leaf, (varied(rng, c, 0.12),)) for k, c in enumerate(((0.30, 0.46, 0.22),
                                                                                                  (0.40, 0.52, 0.32)))},
            "soil": (matter_textures.soil, ((0.36, 0.27, 0.20),)),
            "wicker": (matter_textures.wicker, ((0.80, 0.62, 0.40),)),
            "cardboard": (matter_textures.cardboard, ((0.70, 0.55, 0.38),)),
            "clay": (matter_textures.rough, (_pick(rng, (0.70, 0.42, 0.30), (0.66, 0.65, 0.62), (0.35, 0.37, 0.38)),)),
            "shade": (matter_textures.lampshade, ((0.95, 0.88, 0.74),)),
            **{f"ball {k}": (matter_textures.toy_ball, (varied(rng, CLOTHS[k + 1], 0.1),)) for k in range(2)},
            "crumpled": (matter_textures.crumpled, ((0.90, 0.89, 0.86),))}


def _pictures(rng):
    return {**{f"picture {k}": (getattr(pictures, PICTURES[rng.integers(4) if k > 3 else k]), ()) for k in range(7)},
            **{f"page {k}": (pictures.page, ()) for k in range(3)},
            "books": (pictures.book_spines, (SPINES,)),
            "screen": (pictures.screen, ()),
            "clock": (pictures.clock_face, ())}
