"""Scale of a map from the camera's height above the floor at the first frame."""

import numpy as np

from calib.geometry import se3
from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.mapping.keyframes import Keyframes
from slam.mapping.surfels import Surfels
from slam.scale.cue import ScaleEstimate
from slam.scale.floor import FloorConfig, find_floor


class HeightCue:
    """The floor that the first keyframes of the first one's submap saw, or as many more as it takes: far from the
    start, the map may have drifted."""

    lack = "no floor was seen below the camera"

    def __init__(self, height_m: float, first_keyframes: int, floor: FloorConfig):
        self.height_m, self.first_keyframes, self.floor = height_m, first_keyframes, floor

    def look(self, frame: Frame, camera: Camera, row: int) -> None:
        """The map is all that is needed."""

    def estimate(self, keyframes: Keyframes, surfels: Surfels) -> ScaleEstimate | None:
        here = np.flatnonzero(keyframes.submap == keyframes.submap[0])
        rows = surfels.select(surfels.config.stable_confidence)
        T_first_key = se3.inverse(keyframes.T_world_key[0]) @ keyframes.T_world_key
        for count in _doubling(self.first_keyframes, len(here)):
            seen = rows[np.isin(surfels.keyframe_of(rows), here[:count])]
            down = T_first_key[here[:count], :3, 1].sum(0)
            points, normals = surfels.world_points(seen, T_first_key)
            floor = find_floor(points, normals, down / np.linalg.norm(down), self.floor)
            if floor:
                return ScaleEstimate(self.height_m / floor.height, floor.log_std)
        return None


def _doubling(first, last):
    """-> first, twice that, and so on below `last`, then `last`"""
    while first < last:
        yield first
        first *= 2
    yield last
