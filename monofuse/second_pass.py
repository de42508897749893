"""SLAM over a recording a second time, with the network that has learnt it."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from calib.geometry import sim3
from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator
from monofuse.learning import LAST_ROUNDS, Learning, refined_depth
from sequences.frame import Frame
from sequences.prefetch import prefetch
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import SlamSystem

TRACKED, ADJUSTED, ESTIMATED = 0.5, 0.55, 0.6
"""Shares of the work up to the end of its parts; the rest is learning."""


class SecondPass(NamedTuple):
    """What SLAM needs to run again."""

    open_frames: Callable[[DepthEstimator, StageTimes], Iterable[Frame]]
    """Opens the recording anew, its frames with an estimator's depth."""
    frame_count: int
    """Frames that it has."""
    camera: Camera
    """Pinhole of the rectified frames."""
    config: SlamConfig
    """As in the first pass."""

    def steps(self, learning: Learning, first: SlamSystem) -> Generator[float, None, SlamSystem]:
        """Yields the share of the work that is done; returns the system with its final depth

        It takes over the scale of the first pass, since what the network has learnt tells no metres."""
        slam = SlamSystem(self.camera, self.config)
        slam.images.keeps_for_writer = first.images.keeps_for_writer
        refined_depth(slam).map_scale.inherit(first.depth.scale_report())
        for frame in prefetch(slam.preparation.each(self.open_frames(learning.estimator(), slam.stage_times))):
            slam.process(frame)
            yield TRACKED * min(1.0, (frame.index + 1) / self.frame_count)
        slam.finish()
        yield from _part(slam.adjust_all(), TRACKED, ADJUSTED)
        slam.move_map(sim3.scaling(growth(slam, first)) @ slam.keyframes.S_world_key())
        yield from _part(slam.estimate_depth(), ADJUSTED, ESTIMATED)
        slam.end_tracking()
        yield from _part(learning.turns(slam, LAST_ROUNDS), ESTIMATED, 1.0)
        return slam


def growth(slam: SlamSystem, other: SlamSystem) -> float:
    """Factor on the size of a map that makes its trajectory as large as another one's; 1 where they hardly overlap."""
    (times_s, T), (other_times_s, T_other) = slam.trajectory(), other.trajectory()
    _, i, j = np.intersect1d(times_s, other_times_s, return_indices=True)
    a, b = T[i, :3, 3], T_other[j, :3, 3]
    if len(i) < MIN_COMMON or min(np.ptp(a, axis=0).max(), np.ptp(b, axis=0).max()) < MIN_EXTENT_M:
        return 1.0
    return float(sim3.umeyama(a, b, with_scale=True)[0])


MIN_COMMON, MIN_EXTENT_M = 10, 0.02
"""Frames, and the size of a trajectory, from which a scale can be told."""


def _part(shares: Iterable[float], first: float, last: float) -> Iterator[float]:
    for share in shares:
        yield first + (last - first) * share
