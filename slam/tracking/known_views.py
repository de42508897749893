"""When the camera is back where the map has keyframes enough: an older keyframe then takes the place of a new one.

So a room that is filmed for an hour has the keyframes of a room (as LSD-SLAM takes up keyframes again, Engel 2014). The
first views of a place are all kept, since depth and adjustment live on several; and an older keyframe is taken up only
where the map is consistent there, so that drift is still found, and corrected, by loops between keyframes.
"""

from dataclasses import dataclass

import numpy as np

from calib.geometry import se3
from slam.tracking.tracker import TrackingResult


@dataclass(frozen=True)
class KnownViewConfig:
    """When an older keyframe becomes the reference instead of a new one."""

    min_gap: int = 60
    """Keyframes that are newer than one that is taken up again, at least."""
    nearness: float = 0.8
    """Share of the distance at which a new keyframe would be due, within which the older one must be."""
    min_correlation: float = 0.8
    """Correlation of intensities, image to older keyframe, at least."""
    max_correction: float = 0.015
    """How far alignment to the older keyframe may move the camera from where the map has it, in median depths and in
    radians: beyond, the map is not consistent here yet."""

    def confirms(self, tracked: TrackingResult, T_cam_key: np.ndarray, median_depth_m: float) -> bool:
        """Whether an image belongs to a keyframe that the map has at T_cam_key (4, 4)."""
        correction = tracked.T_cam_key @ se3.inverse(T_cam_key)
        distance = float(np.linalg.norm(correction[:3, 3])) / median_depth_m
        return (tracked.converged and tracked.correlation >= self.min_correlation
                and max(distance, se3.rotation_angle_rad(correction)) <= self.max_correction)
