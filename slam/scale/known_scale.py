"""How large everything is, where more is known of it than a depth network says."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from calib.boards.board import Board
from calib.geometry import se3
from calib.geometry.camera import Camera
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.scale.board_scale import BoardScaleConfig, board_growth
from slam.scale.board_sightings import BoardSightings
from slam.scale.floor import FloorConfig, find_floor


@dataclass(frozen=True)
class ScaleConfig:
    """At most one of these is known."""

    factor: float | None = None
    """How many times as large everything is as the network says."""
    height_m: float | None = None
    """Of the camera above the floor when it started."""
    board: Board | None = None
    """One that stands in the scene, ..."""
    square_m: float | None = None
    """... and the size of its squares."""
    first_keyframes: int = 8
    """Where the floor is looked for, before it is looked for in twice as many, and so on."""
    floor: FloorConfig = field(default_factory=FloorConfig)
    """Search for the floor, where height_m is given."""
    board_scale: BoardScaleConfig = field(default_factory=BoardScaleConfig)
    """Fit of the map to the board, where one is given."""

    @property
    def source(self) -> str:
        """`network`, `factor`, `height` or `board`"""
        known = {"factor": self.factor, "height": self.height_m, "board": self.board}
        return next((name for name, value in known.items() if value is not None), "network")

    def __str__(self):
        """As `parse_scale` takes it."""
        if self.board:
            markers = f",{self.board.dictionary},{self.board.marker_share:g}" if self.board.dictionary else ""
            return f"board={self.board.describe_size()},{self.square_m:g}{markers}"
        return f"height={self.height_m:g}" if self.source == "height" else f"{self.factor:g}"


class Judgement(NamedTuple):
    growth: float
    """The factor that makes the map as large as the world."""
    log_std: float | None
    """Standard deviation of its log; None where it was given."""


class KnownScale:
    def __init__(self, config: ScaleConfig):
        self.config = config
        self.sightings = BoardSightings(config.board, config.square_m) if config.board and config.square_m else None
        self.times_network = 1.0
        """By how much the map is larger than the network says."""
        self.judgement: Judgement | None = None
        """The last one."""

    @property
    def source(self) -> str:
        """Where scale comes from in the end: that of the configuration, or `network`."""
        return self.config.source if self.judgement else "network"

    @property
    def wants_frames(self) -> bool:
        """Whether keyframes are to be looked at."""
        return self.sightings is not None

    @property
    def problem(self) -> str | None:
        """One line where what was known could not be used, or None."""
        if self.judgement or self.config.source == "network":
            return None
        lack = "no floor was seen below the camera" if self.config.source == "height" else \
            "no two keyframes show the board from different places"
        return f"--scale {self.config}: {lack}, so scale is still the network's"

    def look(self, rgb: np.ndarray, camera: Camera, row: int) -> None:
        """An image (H, W, 3) became keyframe `row`. camera: its pinhole, at any size."""
        assert self.sightings is not None, "only where frames are wanted"
        self.sightings.look(rgb, camera.resized(rgb.shape[:2]), row)

    def judge(self, keyframes: Keyframes, surfels: Surfels) -> Judgement | None:
        """How far the present map is from its true size -> Judgement, or None. The map has to grow accordingly."""
        c, judgement = self.config, None
        if c.factor is not None:
            judgement = Judgement(c.factor / self.times_network, None)
        elif c.height_m is not None:
            judgement = self._by_height(c.height_m, keyframes, surfels)
        elif self.sightings:
            judgement = _by_board(self.sightings, keyframes, c.board_scale)
        if judgement:
            self.judgement = judgement
            self.times_network *= judgement.growth
        return judgement

    def _by_height(self, height_m, keyframes, surfels):
        """Of the first keyframe above the floor that the first ones of its submap saw, or as many more as it takes: far
        from the start, the map may have drifted."""
        here = np.flatnonzero(keyframes.submap == keyframes.submap[0])
        rows = surfels.select(surfels.config.stable_confidence)
        T_first_key = se3.inverse(keyframes.T_world_key[0]) @ keyframes.T_world_key
        for count in _doubling(self.config.first_keyframes, len(here)):
            seen = rows[np.isin(surfels.keyframe_of(rows), here[:count])]
            down = T_first_key[here[:count], :3, 1].sum(0)
            points, normals = surfels.world_points(seen, T_first_key)
            floor = find_floor(points, normals, down / np.linalg.norm(down), self.config.floor)
            if floor:
                return Judgement(height_m / floor.height, floor.log_std)
        return None


def _by_board(sightings, keyframes, config):
    found = board_growth(sightings.found, keyframes, config)
    return Judgement(float(np.exp(found[0])), found[1]) if found else None


def _doubling(first, last):
    """-> first, twice that, and so on, and `last` in the end"""
    while first < last:
        yield first
        first *= 2
    yield last
