"""The file `metadata` of a Record3D capture: JSON with the camera, times and poses of all frames.

`w`, `h`; `K` (3x3, column by column) of the first frame; in newer captures `perFrameIntrinsicCoeffs` (fx, fy, cx, cy)
and `frameTimestamps`; `fps`; `poses` (quaternion x y z w, position), camera to world in OpenGL's axes. See issues 33,
83 and 93 of github.com/marek-simonik/record3d.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.json_text import json_of
from calib.geometry.camera import MAX_SIDE_PX
from calib.geometry.se3 import OPENGL, from_quaternion
from sequences.datasets.layout import camera_in
from sequences.datasets.recorded_dataset import RATE_HZ


class Record3dMetadata:
    """Camera, times and poses of a capture. `camera`: of the colour images, its numbers the median of all frames."""

    def __init__(self, data: bytes, where: Path):
        """`data`: the file's bytes. Raises SourceError, beginning with `where`, for what is no such file."""
        try:
            fields = json_of(data)
            width, height = (min(int(fields[name]), MAX_SIDE_PX) for name in ("w", "h"))
            numbers = _intrinsics(fields)
            self._times_s = np.array(fields.get("frameTimestamps") or [], float).ravel()
            self._rate_hz = float(fields.get("fps") or RATE_HZ)
            self._poses = np.array(fields.get("poses") or [], float).reshape(-1, 7)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
            raise SourceError(f"{where}: expected JSON with w, h, K and poses ({error!r})") from error
        self.camera = camera_in(where, width, height, *numbers)

    def time_s(self, number: int) -> float:
        """Time of a frame; nan where the file stops before it."""
        if not self._times_s.size:
            return number / self._rate_hz
        return float(self._times_s[number]) if number < self._times_s.size else np.nan

    def T_world_cam(self, number: int) -> np.ndarray | None:
        """(4, 4), camera to world, in OpenCV's axes of the camera, or None where the phone had none."""
        numbers = self._poses[number] if number < len(self._poses) else np.zeros(7)
        if not np.all(np.isfinite(numbers)) or not numbers[:4].any():
            return None
        return from_quaternion(numbers[4:], numbers[:4]) @ OPENGL


def _intrinsics(fields):
    """-> fx, fy, cx, cy"""
    if fields.get("perFrameIntrinsicCoeffs"):
        return np.median(np.array(fields["perFrameIntrinsicCoeffs"], float).reshape(-1, 4), axis=0).tolist()
    return [float(fields["K"][place]) for place in (0, 4, 6, 7)]
