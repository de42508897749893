"""What the scale of a map can be known from: the protocol ScaleCue."""

from typing import NamedTuple, Protocol

from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels


class ScaleEstimate(NamedTuple):
    """True size of a map over its present size."""

    growth: float
    """The factor by which the map has to grow."""
    log_std: float | None
    """Standard deviation of its log; None where the user gave the factor."""


class ScaleCue(Protocol):
    """Something that tells how large a map is."""

    lack: str
    """What was missing where there is no estimate, in words."""

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        """Take what is needed of the frame of keyframe `row`. camera: the pinhole of its image, at any size."""
        ...

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        """-> ScaleEstimate of the present map, or None. The caller has to scale the map by it."""
        ...
