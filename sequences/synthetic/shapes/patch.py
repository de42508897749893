"""A patch: a grid of points with texture coordinates, the one primitive that every piece of a room is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Material:
    """How a patch looks."""

    texture: str
    """Name in the room's textures."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factor on the texture's linear reflectance."""
    emission: float = 0.0
    """Light given off, as a factor on reflectance in place of the baked light; 0: the patch only reflects."""

    def tinted(self, tint: Iterable[float]) -> "Material":
        return replace(self, tint=tuple(tint))


@dataclass(frozen=True)
class Patch:
    """A surface over a grid; seen from the side that (column direction) x (row direction) points to."""

    points_m: np.ndarray
    """(rows, columns, 3)."""
    uv: np.ndarray
    """(rows, columns, 2) in metres of texture, or in whole images for a texture of size 1 x 1."""
    material: Material

    def moved(self, T: np.ndarray) -> "Patch":
        """The same patch with its points mapped by the (4, 4) rigid transform T."""
        return replace(self, points_m=self.points_m @ T[:3, :3].T + T[:3, 3])

    def reversed(self) -> "Patch":
        """The same patch seen from its other side."""
        return replace(self, points_m=self.points_m[:, ::-1], uv=self.uv[:, ::-1])

    def shifted_texture(self, offset: ArrayLike) -> "Patch":
        """The same patch with its texture moved by `offset` (2,), so that like pieces differ."""
        return replace(self, uv=self.uv + offset)

    def triangles(self) -> np.ndarray:
        """(T, 3) indices into the flattened grid, degenerate ones (poles of a sphere) left out."""
        rows, columns = self.points_m.shape[:2]
        i, j = np.mgrid[: rows - 1, : columns - 1]
        p00 = (i * columns + j).ravel()
        p01, p10, p11 = p00 + 1, p00 + columns, p00 + columns + 1
        faces = np.stack([np.stack([p00, p01, p11], -1), np.stack([p00, p11, p10], -1)], 1).reshape(-1, 3)
        a, b, c = np.moveaxis(self.points_m.reshape(-1, 3)[faces], 1, 0)
        return faces[np.abs(cross(b - a, c - a)).max(-1) > 1e-10]

    def normals(self) -> np.ndarray:
        """(rows, columns, 3) unit normals, smooth over the grid and across the seam where columns close."""
        P = self.points_m
        cell = cross(P[1:, 1:] - P[:-1, :-1], P[1:, :-1] - P[:-1, 1:])
        if P.shape[:2] == (2, 2):
            return np.broadcast_to(cell / max(np.linalg.norm(cell), 1e-12), P.shape)
        total = np.zeros_like(P)
        for rows in (slice(None, -1), slice(1, None)):
            for columns in (slice(None, -1), slice(1, None)):
                total[rows, columns] += cell
        if P.shape[1] > 3 and np.allclose(P[:, 0], P[:, -1], atol=1e-9):
            total[:, 0] = total[:, -1] = total[:, 0] + total[:, -1]
        for end in (0, -1):
            if P.shape[1] > 2 and np.allclose(P[end], P[end, :1], atol=1e-9):
                total[end] = total[end].sum(0)
        return total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1e-12)

    def arc_lengths_m(self) -> tuple[np.ndarray, np.ndarray]:
        """Cumulative lengths along columns (columns,) and rows (rows,), the longest step of each kept."""
        along = np.linalg.norm(np.diff(self.points_m, axis=1), axis=-1).max(0)
        down = np.linalg.norm(np.diff(self.points_m, axis=0), axis=-1).max(1)
        return np.concatenate([[0.0], np.cumsum(along)]), np.concatenate([[0.0], np.cumsum(down)])


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products (..., 3); for small arrays several times as fast as NumPy's."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def moved(patches: list[Patch], T: np.ndarray) -> list[Patch]:
    """All patches mapped by the (4, 4) rigid transform T."""
    return [patch.moved(T) for patch in patches]


def placed(patches: list[Patch], x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw_rad: float = 0.0) -> list[Patch]:
    """All patches turned about the vertical by `yaw_rad`, then moved to (x, y, z)."""
    return moved(patches, placement(x, y, z, yaw_rad))


def placement(x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw_rad: float = 0.0) -> np.ndarray:
    """(4, 4) turn about the vertical followed by a translation in metres."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1.0]])


def tilted(patches: list[Patch], axis: str, angle_rad: float,
           pivot: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> list[Patch]:
    """All patches turned by `angle_rad` about the coordinate axis "x", "y" or "z" through `pivot`."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    R = {"x": [[1, 0, 0], [0, c, -s], [0, s, c]],
         "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
         "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis]
    T = np.eye(4)
    T[:3, :3] = R
    T[:3, 3] = np.asarray(pivot) - T[:3, :3] @ np.asarray(pivot)
    return moved(patches, T)
