"""SLAM over a recording a second time, with the network that has learnt it."""

from collections.abc import Callable, Generator, Iterable, Iterator

from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator
from monofuse.learning import LAST_ROUNDS, Learning
from sequences.frame import Frame
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import SlamSystem

OpenFrames = Callable[[DepthEstimator, StageTimes], Iterable[Frame]]
"""Opens the recording anew, its frames with an estimator's depth."""
TRACKED, ADJUSTED, ESTIMATED = 0.5, 0.55, 0.6
"""Shares of the work up to the end of its parts; the rest is learning."""


def second_pass(open_frames: OpenFrames, frame_count: int, camera: Camera, config: SlamConfig, learning: Learning
                ) -> Generator[float, None, SlamSystem]:
    """Yields the share of the work that is done; returns the system with its final depth."""
    slam = SlamSystem(camera, config)
    for frame in open_frames(learning.estimator(), slam.stage_times):
        slam.process(frame)
        yield TRACKED * min(1.0, (frame.index + 1) / frame_count)
    slam.finish()
    yield from _part(slam.adjust_all(), TRACKED, ADJUSTED)
    yield from _part(slam.estimate_depth(), ADJUSTED, ESTIMATED)
    yield from _part(learning.turns(slam, LAST_ROUNDS), ESTIMATED, 1.0)
    return slam


def _part(shares: Iterable[float], first: float, last: float) -> Iterator[float]:
    for share in shares:
        yield first + (last - first) * share
