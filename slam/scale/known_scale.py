"""A known scale of the map: a factor on the network's, the camera's height above the floor, a board, or what the
recording brings along."""

from dataclasses import dataclass, field

from calib.boards.board import Board
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.scale.board_scale import BoardCue, BoardScaleConfig
from slam.scale.cue import ScaleCue, ScaleEstimate
from slam.scale.floor import FloorConfig
from slam.scale.height_scale import HeightCue
from slam.scale.recorded_scale import RecordedDepthCue, RecordedPosesCue


@dataclass(frozen=True)
class ScaleConfig:
    """A known scale: at most one of `factor`, `height_m`, `board`, `recorded_depth` and `recorded_poses` is set."""

    factor: float | None = None
    """True size of everything over its size by the network."""
    height_m: float | None = None
    """Height of the camera above the floor at the first frame."""
    board: Board | None = None
    """Calibration board somewhere in the scene."""
    square_m: float | None = None
    """Edge length of the board's squares."""
    recorded_depth: bool = False
    """By the depth that the source has measured, where keyframes have such."""
    recorded_poses: bool = False
    """By the poses that the source has recorded, such as a phone's, or ground truth."""
    first_keyframes: int = 8
    """Keyframes in which the floor is searched first; then in twice as many, and so on."""
    floor: FloorConfig = field(default_factory=FloorConfig)
    """The search for the floor."""
    board_scale: BoardScaleConfig = field(default_factory=BoardScaleConfig)
    """The fit to the board."""

    @property
    def source(self) -> str:
        """What is known: `factor`, `height`, `board`, `depth`, `poses`, or `network` where nothing is."""
        known = {"factor": self.factor is not None, "height": self.height_m is not None, "board": self.board,
                 "depth": self.recorded_depth, "poses": self.recorded_poses}
        return next((name for name, is_known in known.items() if is_known), "network")

    def __str__(self):
        """The value of --scale that sets this."""
        if self.board:
            markers = f",{self.board.dictionary},{self.board.marker_share:g}" if self.board.dictionary else ""
            return f"board={self.board.describe_size()},{self.square_m:g}{markers}"
        if self.height_m is not None:
            return f"height={self.height_m:g}"
        return self.source if self.factor is None else f"{self.factor:g}"

    def cue(self) -> ScaleCue | None:
        """What estimates the scale, or None where nothing is known."""
        if self.factor is not None:
            return FactorCue(self.factor)
        if self.height_m is not None:
            return HeightCue(self.height_m, self.first_keyframes, self.floor)
        if self.board and self.square_m:
            return BoardCue(self.board, self.square_m, self.board_scale)
        if self.recorded_depth:
            return RecordedDepthCue()
        return RecordedPosesCue() if self.recorded_poses else None


class FactorCue:
    """A factor on the network's scale, applied once."""

    lack = ""

    def __init__(self, factor: float):
        self.factor, self.applied = factor, 1.0

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        """The factor is all that is needed."""

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        growth, self.applied = self.factor / self.applied, self.factor
        return ScaleEstimate(growth, None)


class KnownScale:
    """Estimates the scale of the map from what is known."""

    def __init__(self, config: ScaleConfig):
        self.config, self.cue = config, config.cue()
        self.times_network = 1.0
        """Size of the map over its size by the network alone."""
        self.last_estimate: ScaleEstimate | None = None

    @property
    def source(self) -> str:
        """Where the map's scale comes from: ScaleConfig.source, or `network` where that could not be used."""
        return self.config.source if self.last_estimate else "network"

    @property
    def problem(self) -> str | None:
        """One line on why the known scale could not be used, or None."""
        if self.last_estimate or not self.cue:
            return None
        return f"--scale {self.config}: {self.cue.lack}, so scale is still the network's"

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        """Take what is needed of the full-size frame of keyframe `row`. camera: the map's."""
        if self.cue:
            self.cue.look(frame, camera, row)

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        """-> ScaleEstimate of the present map, or None. The caller has to scale the map by it."""
        estimate = self.cue.estimate(keyframes, surfels) if self.cue else None
        if estimate:
            self.last_estimate = estimate
            self.times_network *= estimate.growth
        return estimate
