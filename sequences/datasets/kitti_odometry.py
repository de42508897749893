"""KITTI odometry: `sequences/NN` with `image_2/000000.png`, `calib.txt` and `times.txt`, and `poses/NN.txt`.

The images are rectified. The left colour camera is used, or the left grey one (`image_0`) where colour is missing. Each
line of the poses, three rows of a matrix, maps points of camera 0 into its first frame. Geiger 2012.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import CalibrationError, SourceError
from calib.files.pose_files import read_poses
from calib.files.text_file import data_lines, numbers_in
from sequences.checks import first_readable_size
from sequences.datasets.layout import camera_in, numbered, require_files, require_folder
from sequences.datasets.recorded_dataset import RecordedDataset, Shot
from sequences.sequence import SourceOptions

LAYOUT = "image_2 or image_0, calib.txt and times.txt (a sequence of KITTI odometry)"
CAMERAS = ("2", "0")


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return (path / "calib.txt").is_file() and any((path / f"image_{number}").is_dir() for number in CAMERAS)


class KittiOdometrySequence(RecordedDataset):
    """A drive of KITTI odometry, without depth images."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        require_files(folder, ["calib.txt", "times.txt"], LAYOUT)
        number = next((number for number in CAMERAS if (folder / f"image_{number}").is_dir()), CAMERAS[0])
        images = numbered(folder / f"image_{number}", r"(\d+)\.(?:png|jpg)")
        if not images:
            raise SourceError(f"{folder / f'image_{number}'} has no images: expected {LAYOUT}")
        camera, T_cam0_cam = _camera(folder / "calib.txt", number, first_readable_size([*images.values()], folder))
        times_s = _times(folder / "times.txt")
        T_world_cam = {k: T_world_cam0 @ T_cam0_cam for k, T_world_cam0 in enumerate(read_poses(_poses(folder)))
                       if T_world_cam0 is not None}
        shots = [Shot(times_s[k], image, None, T_world_cam.get(k)) for k, image in images.items() if k < len(times_s)]
        super().__init__(folder, LAYOUT, shots, camera, options)
        self.name = f"kitti-{self.name}"
        if len(shots) < len(images):
            self.skipped.add(f"{folder / 'times.txt'} ends after {len(times_s)} of {len(images)} images")


def _times(path):
    """times.txt -> list of seconds, one of each image"""
    times_s = []
    for number, line in data_lines(path):
        numbers = numbers_in(line, f"{path} line {number}")
        if numbers.size != 1:
            raise SourceError(f"{path} line {number}: expected one number, found {line.strip()[:60]!r}")
        times_s.append(float(numbers[0]))
    return times_s


def _camera(path, number, size):
    """calib.txt -> the camera of image_N, for images of (height, width), and T_cam0_cam (4, 4).

    Its lines are `P2: ` and the projection from camera 0, K [I | t] row by row.
    """
    lines = dict(line.split(":", 1) for _, line in data_lines(path) if ":" in line)
    numbers = numbers_in(lines.get(f"P{number}", ""), path)
    if numbers.size != 12 or not np.all(np.isfinite(numbers)):
        raise CalibrationError(f"{path}: expected a line `P{number}:` with the 12 numbers of a projection")
    P = numbers.reshape(3, 4)
    camera = camera_in(path, size[1], size[0], P[0, 0], P[1, 1], P[0, 2], P[1, 2])
    T_cam0_cam = np.eye(4)
    T_cam0_cam[:3, 3] = -np.linalg.solve(camera.K, P[:, 3])
    return camera, T_cam0_cam


def _poses(folder):
    """poses/NN.txt next to the folder `sequences`, or poses.txt in the sequence; it need not exist."""
    folder = folder.resolve()
    candidates = [folder.parent.parent / "poses" / f"{folder.name}.txt", folder.parent / "poses" / f"{folder.name}.txt",
                  folder / "poses.txt"]
    return next((path for path in candidates if path.is_file()), candidates[0])
