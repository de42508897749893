"""What a source offers besides its frames."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Protocol

import numpy as np

from calib.camera import Camera
from sequences.frame import Frame


@dataclass(frozen=True)
class SourceOptions:
    """What a caller may ask of any source."""

    calibration_file: Path | None = None
    """Overrides the source's own calibration."""
    depth_every: int = 0
    """Load the sensor depth of every n-th frame; 0: never, 1: always."""
    max_frames: int | None = None
    """Stop after this many frames."""
    seed: int = 0
    """Which world, for sources that make one up."""


@dataclass
class SkipLog:
    """Images that could not be used, each with its reason; a run goes on without them."""

    reasons: list[str] = field(default_factory=list)

    def add(self, reason):
        self.reasons.append(reason)

    def __len__(self):
        return len(self.reasons)


class Sequence(Protocol):
    """A recording or a camera. Iterating yields each frame once, in time order.

    Raises SourceError or CalibrationError on opening where the source as a whole cannot be used, and SourceError while
    iterating where going on would be wrong (images that change size).
    """

    name: str
    camera: Camera
    """Intrinsics and distortion of the colour images."""
    frame_count: int | None
    """Frames that iterating will try to yield, where that is known."""
    skipped: SkipLog
    ground_truth: tuple[np.ndarray, np.ndarray] | None
    """Timestamps (N,) and camera-to-world motions (N, 4, 4), where they exist."""

    def __iter__(self) -> Iterator[Frame]: ...
