"""Shapes as patches: quads, boxes, rounded boxes, lathed bodies, tubes, pillows and sheets. Metres, z up."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from sequences.synthetic.shapes.patch import Material, Patch


def quad(origin: ArrayLike, across: ArrayLike, up: ArrayLike, material: Material, unit_uv: bool = False) -> Patch:
    """A parallelogram seen from the side that `across` x `up` points to; v of the texture runs against `up`."""
    origin, across, up = (np.asarray(a, dtype=float) for a in (origin, across, up))
    s, t = np.meshgrid([0.0, 1.0], [0.0, 1.0])
    points = origin + s[..., None] * across + t[..., None] * up
    scale = (1.0, 1.0) if unit_uv else (np.linalg.norm(across), np.linalg.norm(up))
    return Patch(points, np.stack([s * scale[0], (1.0 - t) * scale[1]], -1), material)


def box(lo: ArrayLike, hi: ArrayLike, material: Material, skip: str = "", grain: str = "x",
        rng: np.random.Generator | None = None) -> list[Patch]:
    """Six faces of an axis-aligned box, without those named in `skip` ("-z" for a bottom that nobody sees).

    `grain` is the axis along which the texture's u runs where a face contains it, the direction of wood grain.
    """
    lo, hi = np.asarray(lo, dtype=float), np.asarray(hi, dtype=float)
    dx, dy, dz = np.diag(hi - lo)
    faces = {"-y": (lo, dx, dz), "+y": (lo + dx + dy, -dx, dz), "-x": (lo + dy, -dy, dz), "+x": (lo + dx, dy, dz),
             "+z": (lo + dz, dx, dy), "-z": (lo + dy, dx, -dy)}
    patches = []
    for name, (origin, across, up) in faces.items():
        if name in skip.split() or not across.any() or not up.any():
            continue
        patch = quad(origin, across, up, material)
        if abs(up["xyz".index(grain)]) > 0:
            patch = Patch(patch.points_m, patch.uv[..., ::-1], material)
        patches.append(patch if rng is None else patch.shifted_texture(rng.uniform(0, 3, 2)))
    return patches


def centred_box(x: float, y: float, z: float, width: float, depth: float, height: float, material: Material,
                skip: str = "", grain: str = "x", rng: np.random.Generator | None = None) -> list[Patch]:
    """A box of the given size standing on (x, y, z); `skip`, `grain` and `rng` as for `box`."""
    lo, hi = (x - width / 2, y - depth / 2, z), (x + width / 2, y + depth / 2, z + height)
    return box(lo, hi, material, skip, grain, rng)


def rounded_box(lo: ArrayLike, hi: ArrayLike, radius: float, material: Material, bulge: float = 0.0) -> list[Patch]:
    """A box with rounded edges, six patches; `bulge` (metres) swells the middle of every face, as upholstery does."""
    lo, hi = np.asarray(lo, dtype=float), np.asarray(hi, dtype=float)
    centre, half = (lo + hi) / 2, (hi - lo) / 2
    radius = min(radius, half.min() * 0.999)
    return [_rounded_face(centre, half, radius, axis, sign, bulge, material)
            for axis in range(3) for sign in (-1.0, 1.0)]


def _rounded_face(centre, half, radius, axis, sign, bulge, material):
    """One face of a rounded box: the flat middle, and the arcs up to 45 degrees around it."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    if sign < 0:
        first, second = second, first
    flats, steps = 4 if bulge else 1, 2
    angle = np.concatenate([np.linspace(-np.pi / 4, 0, steps + 1), np.zeros(flats - 1),
                            np.linspace(0, np.pi / 4, steps + 1)])
    core = np.concatenate([-np.ones(steps), np.linspace(-1, 1, flats + 1), np.ones(steps)])
    b, a = np.meshgrid(angle, angle, indexing="ij")
    cb, ca = np.meshgrid(core, core, indexing="ij")
    direction = np.zeros((*a.shape, 3))
    direction[..., first], direction[..., second], direction[..., axis] = np.tan(a), np.tan(b), sign
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    corner = np.zeros_like(direction)
    corner[..., first], corner[..., second], corner[..., axis] = ca, cb, sign
    points = centre + corner * (half - radius) + direction * radius
    points[..., axis] += sign * bulge * (1 - ca**2) * (1 - cb**2)
    uv = np.stack([points[..., first] - centre[first], points[..., second] - centre[second]], -1)
    return Patch(points, uv, material)


def lathe(profile: ArrayLike, material: Material, segments: int = 16, unit_uv: bool = False) -> Patch:
    """A body of revolution about z from its outline [(radius, height), ...] given from bottom to top."""
    profile = np.asarray(profile, dtype=float)
    phi = np.linspace(0.0, 2 * np.pi, segments + 1)
    points = np.stack([profile[:, :1] * np.cos(phi), profile[:, :1] * np.sin(phi),
                       np.broadcast_to(profile[:, 1:], (len(profile), len(phi)))], -1)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(profile, axis=0), axis=-1))])
    u, v = np.meshgrid(phi * profile[:, 0].max(), length[-1] - length)
    if unit_uv:
        u, v = u / u.max(), v / v.max()
    return Patch(points, np.stack([u, v], -1), material)


def disc(radius: float, z: float, material: Material, segments: int = 24, unit_uv: bool = False) -> Patch:
    """A horizontal disc seen from above, its texture flat over it."""
    phi = np.linspace(0.0, 2 * np.pi, segments + 1)
    r = np.array([[radius], [radius / 2], [0.0]])
    points = np.stack([r * np.cos(phi), r * np.sin(phi), np.full((3, segments + 1), z)], -1)
    uv = points[..., :2] * (1, -1)
    return Patch(points, uv / (2 * radius) + 0.5 if unit_uv else uv, material)


def ball(radius: float, material: Material, centre: ArrayLike = (0.0, 0.0, 0.0), squash: float = 1.0,
         segments: int = 14, unit_uv: bool = False) -> Patch:
    """A sphere, or an ellipsoid whose vertical half-axis is `squash` times the radius."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, segments // 2 + 1)
    patch = lathe(np.stack([radius * np.cos(angle), radius * squash * np.sin(angle)], -1), material, segments,
                  unit_uv=unit_uv)
    return Patch(patch.points_m + centre, patch.uv, material)


def tube(centres: ArrayLike, radius: ArrayLike, material: Material, segments: int = 8) -> Patch:
    """A round bar along the points `centres` (N, 3); `radius` is one number or one for each point."""
    centres = np.asarray(centres, dtype=float)
    radius = np.broadcast_to(radius, len(centres))
    along = np.gradient(centres, axis=0)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    helper = np.eye(3)[np.argmin(np.abs(along).sum(0))]
    side = np.cross(along, helper)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    phi = np.linspace(0.0, 2 * np.pi, segments + 1)[None, :, None]
    around = np.cos(phi) * side[:, None] + np.sin(phi) * np.cross(along, side)[:, None]
    points = centres[:, None] + radius[:, None, None] * around
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=-1))])
    u, v = np.meshgrid(phi.ravel() * radius.max(), length)
    return Patch(points, np.stack([v, u], -1), material)


def pillow(width: float, height: float, thickness: float, material: Material) -> list[Patch]:
    """A stuffed cushion standing in the x-z plane, its middle at the origin: two bulging sheets sewn at the border."""
    s, t = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
    bulge = thickness / 2 * ((1 - s**4) * (1 - t**4)) ** 0.55
    waist = 1 - 0.07 * (1 - np.abs(s)) * np.abs(t) - 0.07 * (1 - np.abs(t)) * np.abs(s)
    x, z = s * width / 2 * waist, t * height / 2 * waist
    uv = np.stack([x, -z], -1)
    front = Patch(np.stack([x, -bulge, z], -1), uv, material)
    back = Patch(np.stack([x, bulge, z], -1), uv, material)
    return [front, back.reversed()]


def sheet(height: Callable[[np.ndarray, np.ndarray], np.ndarray], x: ArrayLike, y: ArrayLike, material: Material,
          two_sided: bool = False) -> list[Patch]:
    """A surface z = height(x, y) over the grid of the vectors x (columns) and y (rows), seen from above."""
    X, Y = np.meshgrid(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    patch = Patch(np.stack([X, Y, height(X, Y)], -1), np.stack([X - X.min(), Y.max() - Y], -1), material)
    return [patch, patch.reversed()] if two_sided else [patch]
