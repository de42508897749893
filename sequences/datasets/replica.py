"""Replica in NICE-SLAM's rendering: `results/frame000000.jpg`, `results/depth000000.png`, and `traj.txt` with one
4x4 pose a line, camera to world in OpenCV's axes. `cam_params.json` lies in the folder above. Zhu 2022.
"""

from pathlib import Path

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import read_depth_m
from calib.files.json_text import json_in
from calib.files.pose_files import read_poses
from calib.formats.calibration_file import Calibration
from calib.geometry.camera import Camera
from sequences.datasets.layout import numbered, require_files, require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "traj.txt and results/frame*.jpg (Replica)"
PUBLISHED = Calibration(Camera(1200, 680, 600.0, 600.0, 599.5, 339.5), 6553.5)
"""What cam_params.json says in the published archive."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return (path / "traj.txt").is_file() and any((path / "results").glob("frame*.jpg"))


class ReplicaSequence(RecordedDataset):
    """A scene of Replica as NICE-SLAM rendered it."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        require_files(folder, ["traj.txt", "results"], LAYOUT)
        calibration = _calibration(folder)
        self._units_per_m = calibration.depth_scale
        images = numbered(folder / "results", r"frame(\d+)\.jpg")
        depths = numbered(folder / "results", r"depth(\d+)\.png")
        T_world_cam = dict(enumerate(read_poses(folder / "traj.txt")))
        shots = [Shot(number / RATE_HZ, image, depths.get(number), T_world_cam.get(number))
                 for number, image in images.items()]
        super().__init__(folder, LAYOUT, shots, calibration.camera, options, self._read_depth_image)

    def _read_depth_image(self, file):
        depth_m = read_depth_m(file, self._units_per_m)
        return DepthImage(depth_m, self.camera.resized(depth_m.shape))


def _calibration(folder):
    path = next((place / "cam_params.json" for place in (folder, folder.resolve().parent)
                 if (place / "cam_params.json").is_file()), None)
    if path is None:
        return PUBLISHED
    try:
        fields = json_in(path)["camera"]
        fx, fy, cx, cy = (float(fields[name]) for name in ("fx", "fy", "cx", "cy"))
        camera = Camera(int(fields["w"]), int(fields["h"]), fx, fy, cx, cy)
        return Calibration(camera, float(fields["scale"]))
    except (ValueError, OverflowError, KeyError, TypeError, CalibrationError, SourceError) as error:
        raise CalibrationError(f"{path}: expected camera with w, h, fx, fy, cx, cy and scale ({error!r})") from error
