"""Where things stand: footprints on the floor and rectangles on the walls, none of which overlap."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from sequences.synthetic.furniture.furniture import Piece
from sequences.synthetic.shapes.patch import moved, placement

DOOR_SPACE_M = 0.95
CURTAIN_SPACE_M = 0.19
"""How far from a wall furniture stands where curtains or a radiator hang behind it."""


@dataclass(frozen=True)
class Wall:
    """A wall with its own frame: x along it, y into the room, the origin in the middle of its foot."""

    length_m: float
    T_room_wall: np.ndarray

    def point(self, along_m: float, inward_m: float) -> np.ndarray:
        """(2,) place on the floor."""
        return (self.T_room_wall @ (along_m, inward_m, 0, 1))[:2]

    @property
    def yaw_rad(self) -> float:
        return np.arctan2(self.T_room_wall[1, 0], self.T_room_wall[0, 0])


def walls_of(length: float, width: float) -> list[Wall]:
    """The four walls of a room that covers (0, 0) to (length, width)."""
    return [Wall(length, placement(length / 2, 0)), Wall(length, placement(length / 2, width, 0, np.pi)),
            Wall(width, placement(0, width / 2, 0, -np.pi / 2)),
            Wall(width, placement(length, width / 2, 0, np.pi / 2))]


@dataclass
class FloorPlan:
    """A room of length x width x height metres that is being furnished."""

    length_m: float
    width_m: float
    height_m: float
    walls: list[Wall] = field(init=False)
    footprints: list[np.ndarray] = field(default_factory=list)
    """(4, 2) corners of everything that stands on the floor, and of the space in front of doors."""
    windows: list[tuple] = field(default_factory=list)
    """(wall number, first, last, sill) along the wall, curtains included."""
    hung: list[tuple] = field(default_factory=list)
    """(wall number, first, last, bottom, top): what covers a wall."""
    patches: list = field(default_factory=list)
    lights: list = field(default_factory=list)

    def __post_init__(self):
        self.walls = walls_of(self.length_m, self.width_m)

    def put(self, piece: Piece, x: float, y: float, yaw_rad: float, z: float = 0.0) -> None:
        """Add a piece without asking whether there is space."""
        patches, lights = piece.put(x, y, z, yaw_rad)
        self.patches += patches
        self.lights += lights

    def fits(self, corners: np.ndarray, margin: float = 0.03) -> bool:
        """True where a footprint (4, 2) lies inside the room and apart from all others."""
        inside = (corners > -1e-6).all() and (corners < (self.length_m + 1e-6, self.width_m + 1e-6)).all()
        return bool(inside) and not any(_overlap(corners, other, margin) for other in self.footprints)

    def stand(self, piece: Piece, x: float, y: float, yaw_rad: float) -> bool:
        """Put a piece on the floor if it fits there; says whether it did."""
        corners = _corners(x, y, piece.width_m, piece.depth_m, yaw_rad)
        if not self.fits(corners):
            return False
        self.footprints.append(corners)
        self.put(piece, x, y, yaw_rad)
        return True

    def stand_at_wall(self, piece: Piece, rng: np.random.Generator, walls: Iterable[int] | None = None,
                      turn: float = 0.0) -> tuple[int, float] | None:
        """Stand a piece with its back to a wall; gives (wall number, place along it), or None where nothing is free."""
        for number in rng.permutation(len(self.walls)) if walls is None else walls:
            wall = self.walls[number]
            reach = (wall.length_m - piece.width_m) / 2 - 0.02
            if reach < 0:
                continue
            corners = [-reach, reach] if rng.random() < 0.6 else []
            for along in [*rng.permutation(corners), *rng.uniform(-reach, reach, 14)]:
                gap = self._gap(number, along, piece)
                x, y = wall.point(along, gap + piece.depth_m / 2)
                if gap < 1 and self.stand(piece, x, y, wall.yaw_rad + turn):
                    self.hung.append((number, along - piece.width_m / 2, along + piece.width_m / 2, 0.0,
                                      piece.height_m))
                    return number, along
        return None

    def _gap(self, number, along, piece):
        """Metres between a piece and its wall; more than a room where it would hide a window."""
        gap = 0.02
        for wall, first, last, sill in self.windows:
            if wall == number and along - piece.width_m / 2 < last and along + piece.width_m / 2 > first:
                gap = CURTAIN_SPACE_M if piece.height_m < sill + 0.12 else 99.0
        return gap

    def stand_anywhere(self, piece: Piece, rng: np.random.Generator, tries: int = 40, near_walls: bool = True) -> bool:
        """Stand a piece at a random free place, near a wall or out in the room; says whether there was one."""
        for _ in range(tries):
            x, y = rng.uniform(0.25, self.length_m - 0.25), rng.uniform(0.25, self.width_m - 0.25)
            away = min(x, y, self.length_m - x, self.width_m - y)
            if (away < 0.5) == near_walls and self.stand(piece, x, y, rng.uniform(0, 2 * np.pi)):
                return True
        return False

    def hang(self, piece: Piece, number: int, along: float, middle_m: float) -> bool:
        """Hang a piece on a wall if its place is free; says whether it was. Its z = 0 is the middle of that place."""
        wall = self.walls[number]
        first, last = along - piece.width_m / 2 - 0.05, along + piece.width_m / 2 + 0.05
        bottom, top = middle_m - piece.height_m / 2 - 0.05, middle_m + piece.height_m / 2 + 0.05
        if first < -wall.length_m / 2 or last > wall.length_m / 2 or top > self.height_m - 0.1:
            return False
        if any(n == number and first < b and last > a and bottom < d and top > c for n, a, b, c, d in self.hung):
            return False
        self.hung.append((number, first, last, bottom, top))
        self.on_wall(piece, number, along, middle_m)
        return True

    def on_wall(self, piece: Piece, number: int, along: float, z: float = 0.0) -> None:
        """Fix a piece whose back is the plane y = 0 to a wall."""
        T = self.walls[number].T_room_wall @ placement(along, 0, z)
        self.patches += moved(piece.patches, T)
        self.lights += [light.moved(T) for light in piece.lights]

    def keep_free(self, number: int, along: float, width: float, depth: float) -> None:
        """Reserve floor in front of a wall."""
        wall = self.walls[number]
        x, y = wall.point(along, depth / 2)
        self.footprints.append(_corners(x, y, width, depth, wall.yaw_rad))


def _corners(x, y, width, depth, yaw_rad):
    """(4, 2) corners of a turned rectangle."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    box = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width / 2, depth / 2)
    return box @ np.array([[c, s], [-s, c]]) + (x, y)


def _overlap(a, b, margin):
    """True where two convex quadrilaterals come nearer than `margin`: no edge of either separates them."""
    for one, other in ((a, b), (b, a)):
        for k in range(4):
            edge = one[(k + 1) % 4] - one[k]
            outward = np.array([edge[1], -edge[0]]) / np.linalg.norm(edge)
            if ((other - one[k]) @ outward).min() > margin:
                return False
    return True
