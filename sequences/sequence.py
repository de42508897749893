"""What a source offers besides its frames."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator, Protocol, TypeGuard

import numpy as np

from calib.geometry.camera import Camera
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
    keep_depth: bool = False
    """The frames are to be recorded: a camera with depth then gives every frame's, whatever depth_every says."""
    tell: Callable[[str], None] = lambda line: None
    """Called from any thread with what the user should know while the frames come, such as a lost connection."""


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


class LiveSequence(Sequence, Protocol):
    """A camera. It does not wait: who is slower than it takes the newest frame (sequences.prefetch.newest).

    Frame.index counts all frames that it delivered, so that gaps show what was dropped. timestamp_s is in whole
    microseconds since 1970, which text keeps exactly. Iterating ends when the camera is gone for good.
    """

    is_live: bool
    depth_scale: float
    """Units per metre in which recorded depth loses nothing."""
    reconnected: int
    """How often it came back."""

    def stop(self):
        """Make iterating end soon. From any thread."""


def is_live(sequence: Sequence) -> TypeGuard[LiveSequence]:
    """Whether a source is a camera."""
    return getattr(sequence, "is_live", False)
