"""What every source is: the protocols Sequence and LiveSequence, the options that open one, and its log of skips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeGuard

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
    topic: str | None = None
    """Of a bag of ROS with several cameras: the topic of images to take."""
    tell: Callable[[str], None] = lambda line: None
    """Called from any thread with what the user should know while the frames come, such as a lost connection."""

    def wants_depth(self, index: int) -> bool:
        """Whether depth_every asks for the sensor depth of frame `index`."""
        return self.depth_every > 0 and index % self.depth_every == 0


@dataclass
class SkipLog:
    """Images that could not be used, each with its reason; a run goes on without them."""

    reasons: list[str] = field(default_factory=list)

    def add(self, reason: str) -> None:
        self.reasons.append(reason)

    def __len__(self) -> int:
        return len(self.reasons)


class Sequence(Protocol):
    """A recording or a camera. Iterating yields each frame once, in time order.

    Sources derive from it. Raises SourceError or CalibrationError on opening where the source as a whole cannot be
    used, and SourceError while iterating where going on would be wrong (images that change size).
    """

    name: str
    """Short name for reports and file names."""
    camera: Camera
    """Intrinsics and distortion of the colour images."""
    frame_count: int | None
    """Frames that iterating will try to yield; None where that is not known."""
    skipped: SkipLog
    """Images left out so far."""
    ground_truth: tuple[np.ndarray, np.ndarray] | None = None
    """Timestamps (N,) in seconds and T_world_cam (N, 4, 4), camera to world; None where there is none."""
    ground_truth_name: str | None = None
    """File that the ground truth is from, where a recording may have several."""
    photos: tuple[Path, ...] = ()
    """Image files whose EXIF may name the lens; empty where the frames are no such files."""
    focal_hint: float | None = None
    """Focal length in longer sides of the images, where a video file says one."""
    has_depth: bool = False
    """Whether depth was measured along with the images, where SourceOptions.depth_every asks for any."""
    is_live: bool = False
    """Whether it is a camera, hence a LiveSequence."""

    def __iter__(self) -> Iterator[Frame]: ...


class LiveSequence(Sequence, Protocol):
    """A camera. It does not wait: who is slower than it takes the newest frame (sequences.prefetch.newest).

    Frame.index counts all frames that it delivered, so that gaps show what was dropped. timestamp_s is in whole
    microseconds since 1970, which text keeps exactly. Iterating ends when the camera is gone for good.
    """

    is_live: bool = True
    depth_scale: float
    """Units per metre in which recorded depth loses nothing."""
    reconnected: int = 0
    """How often it came back."""

    def stop(self) -> None:
        """Make iterating end soon. From any thread."""
        ...


def is_live(sequence: Sequence) -> TypeGuard[LiveSequence]:
    """Whether a source is a camera."""
    return sequence.is_live
