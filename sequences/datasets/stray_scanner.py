"""A phone's capture with LiDAR as Stray Scanner leaves it: `rgb.mp4`, `camera_matrix.csv`, `odometry.csv`,
`depth/000000.png` (millimetres, smaller than colour) and `confidence/000000.png` (0, 1, 2).

Row k of odometry.csv is frame k of the video, and names its depth. The poses are ARKit's, camera to world in OpenCV's
axes, and stand in for ground truth. See docs/format.md of the app, github.com/strayrobots/scanner.
"""

from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import SourceError
from calib.base.opencv_log import silence
from calib.files.image_file import UnreadableImage, read_depth_m, read_gray
from calib.files.text_file import data_lines, read_numbers
from calib.geometry.se3 import from_quaternion
from sequences.checks import first_readable_size
from sequences.datasets.layout import camera_in, require_files, require_folder
from sequences.datasets.recorded_dataset import RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "rgb.mp4, camera_matrix.csv and odometry.csv (Stray Scanner)"
COLUMNS = ("timestamp", "frame", "x", "y", "z", "qx", "qy", "qz", "qw")
INTRINSICS = ("fx", "fy", "cx", "cy")
"""Later versions of the app have these columns, too; they follow the focus. camera_matrix.csv is of the last frame."""
UNITS_PER_M = 1000.0
MIN_CONFIDENCE = 1
"""Readings along edges and on glass have 0, and smear."""

silence()


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return all((Path(path) / name).is_file() for name in ("rgb.mp4", "odometry.csv"))


class StrayScannerSequence(RecordedDataset):
    """A capture by Stray Scanner."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        require_files(folder, ["rgb.mp4", "camera_matrix.csv", "odometry.csv"], LAYOUT)
        rows = _rows(folder / "odometry.csv")
        shots = [Shot(row["timestamp"], index, _depth_file(folder, row["frame"]), _T_world_cam(row))
                 for index, row in enumerate(rows)]
        video = SensorVideo(folder / "rgb.mp4")
        camera = _camera(folder, rows, first_readable_size([0], folder / "rgb.mp4", video.read))
        super().__init__(folder, LAYOUT, shots, camera, options, self._read_confident, video.read)
        depths = [shot.depth for shot in shots if shot.depth]
        if depths:
            self.count_unnamed(folder / "odometry.csv", depths)

    def _read_confident(self, file):
        depth_m = read_depth_m(file, UNITS_PER_M)
        confidence_file = file.parents[1] / "confidence" / file.name
        if confidence_file.is_file():
            confidence = read_gray(confidence_file)
            if confidence.shape != depth_m.shape:
                raise UnreadableImage(f"{confidence_file} has another size than its depth image")
            depth_m[confidence < MIN_CONFIDENCE] = 0
        return DepthImage(depth_m, self.camera.rectified().resized(depth_m.shape))


class SensorVideo:
    """Frames of a video by number, quick in increasing order, as the sensor saw them.

    They are not turned upright by the tag that says how the phone was held, for depth and intrinsics are not either.
    """

    def __init__(self, file: Path):
        self._file, self._capture, self._next = file, None, 0

    def read(self, number: int) -> np.ndarray:
        """-> (H, W, 3) uint8. Raises UnreadableImage."""
        if self._capture is None or number < self._next:
            self._capture, self._next = self._opened(), 0
        while self._next < number and self._capture.grab():
            self._next += 1
        readable, bgr = self._capture.read() if self._next == number else (False, None)
        if not readable or bgr is None:
            raise UnreadableImage(f"{self._file} has no frame {number}")
        self._next += 1
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def _opened(self):
        capture = cv2.VideoCapture(str(self._file), cv2.CAP_FFMPEG)
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        return capture


def _rows(path):
    """odometry.csv -> list of {column: number}. Raises SourceError that names the line."""
    header, *lines = data_lines(path) or [(1, "")]
    columns = [name.strip() for name in header[1].split(",")]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise SourceError(f"{path} lacks the columns {', '.join(missing)}")
    wanted = COLUMNS + (INTRINSICS if set(INTRINSICS) <= set(columns) else ())
    rows = []
    for number, line in lines:
        row = dict(zip(columns, line.split(",")))
        try:
            rows.append({name: float(row[name]) for name in wanted})
        except (KeyError, ValueError):
            raise SourceError(f"{path} line {number}: expected numbers in {', '.join(wanted)}") from None
    return rows


def _camera(folder, rows, size):
    """The median of what odometry.csv says of each frame, or what camera_matrix.csv says."""
    if rows and "fx" in rows[0]:
        numbers = np.median([[row[name] for name in INTRINSICS] for row in rows], axis=0)
    else:
        numbers = read_numbers(folder / "camera_matrix.csv", 9)[[0, 4, 2, 5]]
    return camera_in(folder, size[1], size[0], *numbers)


def _depth_file(folder, number):
    """Path of a depth image; None where the phone recorded none at all, or the number is none."""
    has_depth = 0 <= number < np.inf and (folder / "depth").is_dir()
    return folder / "depth" / f"{int(number):06d}.png" if has_depth else None


def _T_world_cam(row):
    """-> (4, 4), or None where ARKit had none."""
    numbers = np.array([row[name] for name in COLUMNS[2:]])
    if not np.all(np.isfinite(numbers)) or not numbers[3:].any():
        return None
    return from_quaternion(numbers[:3], numbers[3:])
