"""What recordings made for NeRF and Gaussian splatting have in common: images of one camera in the order of their
names, each with a pose, whose camera axes may be those of OpenGL (x right, y up, z backward).

Numbers in the names are no times, since such images are often chosen from a video: they are taken as 30 Hz, one after
the other, unless a name or a file says when each was taken.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import read_any_depth_m
from calib.files.pose_files import pose_from
from calib.files.time_order import ordered
from calib.geometry.camera import Camera
from calib.geometry.se3 import OPENGL, orthonormalised
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

MM = 1000.0
MAX_SKEW = 0.05
MIN_INCREASING = 0.75
"""Share of times that must increase in the order of the names, or they were not taken in that order."""


class PosedImages(RecordedDataset):
    """Images with poses as ground truth, and maybe with depth in millimetres."""

    def __init__(self, folder: Path, layout: str, shots: list[Shot], camera: Camera | None, options: SourceOptions,
                 name: str):
        super().__init__(folder, layout, shots, camera, options, self._read_depth)
        self.ground_truth_name = name if self.ground_truth else None

    def _read_depth(self, file):
        depth_m = read_any_depth_m(file, MM)
        return DepthImage(depth_m, self.camera.rectified().resized(depth_m.shape))


def from_opengl(numbers: Any, place: object) -> np.ndarray | None:
    """12 or 16 numbers, or rows of them, of a camera-to-world matrix with OpenGL's camera axes -> T_world_cam (4, 4);
    None where they are no pose that can be used (scaled ones are brought to scale 1). Raises SourceError."""
    try:
        values = np.array(numbers, float).ravel()
        if values.size not in (12, 16):
            raise ValueError
    except (TypeError, ValueError):
        raise SourceError(f"{place}: expected the 12 or 16 numbers of a camera pose") from None
    if not np.all(np.isfinite(values)):
        return None
    T = np.eye(4)
    T[:3] = values[:12].reshape(3, 4)
    size = float(np.cbrt(abs(np.linalg.det(T[:3, :3]))))
    if not 1e-6 < size < 1e6:
        return None
    T[:3, :3] /= size
    if np.abs(T[:3, :3].T @ T[:3, :3] - np.eye(3)).max() > MAX_SKEW or np.linalg.det(T[:3, :3]) < 0:
        return pose_from(np.ravel(T @ OPENGL), place)  # which says that this is no rotation
    return orthonormalised(T @ OPENGL)


def one_after_the_other(count: int, times_s: Sequence[float | None] = ()) -> list[float]:
    """Times of images where files say them all, and most increase, else at 30 Hz."""
    known = [time_s for time_s in times_s if time_s is not None]
    if len(known) == count and len(ordered(known)) >= MIN_INCREASING * count:
        return known
    return [index / RATE_HZ for index in range(count)]
