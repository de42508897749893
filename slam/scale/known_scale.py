"""A known scale of the map: a factor on the network's, the camera's height above the floor, or a board."""

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
    """A known scale: at most one of `factor`, `height_m` and `board` is set."""

    factor: float | None = None
    """True size of everything over its size by the network."""
    height_m: float | None = None
    """Height of the camera above the floor at the first frame."""
    board: Board | None = None
    """Calibration board somewhere in the scene."""
    square_m: float | None = None
    """Edge length of the board's squares."""
    first_keyframes: int = 8
    """Keyframes in which the floor is searched first; then in twice as many, and so on."""
    floor: FloorConfig = field(default_factory=FloorConfig)
    """The search for the floor."""
    board_scale: BoardScaleConfig = field(default_factory=BoardScaleConfig)
    """The fit to the board."""

    @property
    def source(self) -> str:
        """What is known: `factor`, `height`, `board`, or `network` where nothing is."""
        known = {"factor": self.factor, "height": self.height_m, "board": self.board}
        return next((name for name, value in known.items() if value is not None), "network")

    def __str__(self):
        """The value of --scale that sets this."""
        if self.board:
            markers = f",{self.board.dictionary},{self.board.marker_share:g}" if self.board.dictionary else ""
            return f"board={self.board.describe_size()},{self.square_m:g}{markers}"
        return f"height={self.height_m:g}" if self.source == "height" else f"{self.factor:g}"


class ScaleEstimate(NamedTuple):
    """True size of a map over its present size."""

    growth: float
    """The factor by which the map has to grow."""
    log_std: float | None
    """Standard deviation of its log; None where the user gave the factor."""


class KnownScale:
    """Estimates the scale of the map from what is known."""

    def __init__(self, config: ScaleConfig):
        self.config = config
        self.sightings = BoardSightings(config.board, config.square_m) if config.board and config.square_m else None
        self.times_network = 1.0
        """Size of the map over its size by the network alone."""
        self.last_estimate: ScaleEstimate | None = None

    @property
    def source(self) -> str:
        """Where the map's scale comes from: ScaleConfig.source, or `network` where that could not be used."""
        return self.config.source if self.last_estimate else "network"

    @property
    def needs_images(self) -> bool:
        """Whether `look` has to be called for each keyframe."""
        return self.sightings is not None

    @property
    def problem(self) -> str | None:
        """One line on why the known scale could not be used, or None."""
        if self.last_estimate or self.config.source == "network":
            return None
        lack = "no floor was seen below the camera" if self.config.source == "height" else \
            "no two keyframes show the board from different places"
        return f"--scale {self.config}: {lack}, so scale is still the network's"

    def look(self, rgb: np.ndarray, camera: Camera, row: int) -> None:
        """Search the image (H, W, 3) of keyframe `row` for the board. camera: its pinhole, at any size."""
        assert self.sightings is not None, "only where needs_images"
        self.sightings.look(rgb, camera.resized(rgb.shape[:2]), row)

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        """-> ScaleEstimate of the present map, or None. The caller has to scale the map by it."""
        c, estimate = self.config, None
        if c.factor is not None:
            estimate = ScaleEstimate(c.factor / self.times_network, None)
        elif c.height_m is not None:
            estimate = self._by_height(c.height_m, keyframes, surfels)
        elif self.sightings:
            estimate = _by_board(self.sightings, keyframes, c.board_scale)
        if estimate:
            self.last_estimate = estimate
            self.times_network *= estimate.growth
        return estimate

    def _by_height(self, height_m, keyframes, surfels):
        """From the height of the first keyframe above the floor that the first keyframes of its submap saw, or as many
        more as it takes: far from the start, the map may have drifted."""
        here = np.flatnonzero(keyframes.submap == keyframes.submap[0])
        rows = surfels.select(surfels.config.stable_confidence)
        T_first_key = se3.inverse(keyframes.T_world_key[0]) @ keyframes.T_world_key
        for count in _doubling(self.config.first_keyframes, len(here)):
            seen = rows[np.isin(surfels.keyframe_of(rows), here[:count])]
            down = T_first_key[here[:count], :3, 1].sum(0)
            points, normals = surfels.world_points(seen, T_first_key)
            floor = find_floor(points, normals, down / np.linalg.norm(down), self.config.floor)
            if floor:
                return ScaleEstimate(height_m / floor.height, floor.log_std)
        return None


def _by_board(sightings, keyframes, config):
    found = board_growth(sightings.found, keyframes, config)
    return ScaleEstimate(float(np.exp(found[0])), found[1]) if found else None


def _doubling(first, last):
    """-> first, twice that, and so on below `last`, then `last`"""
    while first < last:
        yield first
        first *= 2
    yield last
