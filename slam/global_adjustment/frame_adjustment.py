"""Poses of all frames after the last one: each aligned anew, to the keyframes around it as they are in the end.

While the camera runs, a frame is aligned to one keyframe, whose depth is not final yet: wrong depth is taken for
motion, differently for each keyframe, and the trajectory jumps from one to the next. Afterwards keyframes stand where
they belong, with depth that fits, and those on either side of a frame determine its pose together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from calib.geometry import se3
from slam.mapping.live_map import LiveMap
from slam.tracking.image import Image
from slam.tracking.image_store import ImageStore
from slam.tracking.pyramid import NO_DEPTH, build_pyramid
from slam.tracking.tracker import Tracker, TrackingResult

MEAN_STEPS = 3
"""Gauss-Newton steps to the weighted mean of poses, which lie close together."""


@dataclass(frozen=True)
class FrameAdjustmentConfig:
    """Settings of FrameAdjustment."""

    levels: int = 2
    """Pyramid levels, finest first, of the alignment; poses are good to a pixel or two already."""
    reach: int = 1
    """Keyframes before the frame's own one that it is aligned to, too, and as many after it."""
    min_correlation: float = 0.7
    """Correlation of intensities, frame to keyframe, at least."""


class FrameAdjustment:
    """Keeps the images of tracked frames, and aligns all of them to the final keyframes."""

    def __init__(self, live_map: LiveMap, tracker: Tracker, config: FrameAdjustmentConfig):
        self.map, self.tracker, self.config = live_map, tracker, config
        self.images = ImageStore()
        """One per pose of the map's trajectory."""

    def add(self, image: Image) -> None:
        """Keep the image whose pose the map's trajectory was just given."""
        self.images.append(image.gray)

    def steps(self) -> Iterator[float]:
        """Align frame by frame -> share of the work that is done; the trajectory changes at the end"""
        trajectory, keyframes = self.map.relative_trajectory, self.map.keyframes
        adjusted = []
        for index in range(len(self.images)):
            adjusted.append(self._adjusted(index))
            yield (index + 1) / len(self.images)
        for index, T_key_cam in enumerate(adjusted):
            trajectory.correct(index, T_key_cam, keyframes)

    def _adjusted(self, index):
        """-> T_key_cam (4, 4) of one frame, as it was where no keyframe fits"""
        keyframes = self.map.keyframes
        row, T_key_cam = self.map.relative_trajectory.of(index, keyframes)
        T_world_key = keyframes.T_world_key
        pyramid = build_pyramid(self.images[index], NO_DEPTH, self.map.camera, self.config.levels)
        T_world_cam = T_world_key[row] @ T_key_cam
        aligned = []
        for other in self._around(row):
            tracked = self.tracker.track(pyramid, keyframes.items[other], se3.inverse(T_world_cam) @ T_world_key[other])
            if tracked.converged and tracked.correlation >= self.config.min_correlation:
                aligned.append(tracked._replace(T_cam_key=tracked.T_cam_key @ se3.inverse(T_world_key[other])))
                T_world_cam = se3.inverse(mean_pose(aligned))
        return se3.inverse(T_world_key[row]) @ T_world_cam

    def _around(self, row):
        """-> rows of the keyframe itself and those around it, nearest first"""
        near = sorted(range(row - self.config.reach, row + self.config.reach + 1), key=lambda other: abs(other - row))
        submap = self.map.keyframes.submap
        return [other for other in near if 0 <= other < len(submap) and submap[other] == submap[row]]


def mean_pose(aligned: list[TrackingResult]) -> np.ndarray:
    """Results whose `T_cam_key` is relative to one frame -> (4, 4), their mean, weighted by their information"""
    T = aligned[0].T_cam_key
    for _ in range(MEAN_STEPS if len(aligned) > 1 else 0):
        information = np.sum([one.information for one in aligned], 0)
        pull = np.sum([one.information @ se3.log(one.T_cam_key @ se3.inverse(T)) for one in aligned], 0)
        T = se3.exp(np.linalg.solve(information, pull)) @ T
    return T
