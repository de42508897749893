"""7-Scenes: `frame-000000.color.png`, `frame-000000.depth.png` (millimetres) and `frame-000000.pose.txt` in seq-NN.

The two cameras of its Kinect are not registered. The poses are those of KinectFusion and so of the depth camera.
Shotton 2013; focal length of depth from its page, colour and the transform between them as fitted by its users (the
benchmark itself has none).
"""

from pathlib import Path

import numpy as np

from calib.files.image_file import UnreadableImage, read_depth_m
from calib.files.pose_files import read_pose
from calib.geometry.camera import Camera
from calib.geometry.registration import Registration
from calib.geometry.se3 import inverse
from sequences.datasets.layout import numbered, require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "frame-*.color.png (one sequence of 7-Scenes)"
COLOUR_CAMERA = Camera(640, 480, 530.0, 530.0, 320.0, 240.0)
DEPTH_CAMERA = Camera(640, 480, 585.0, 585.0, 320.0, 240.0)
T_COLOUR_DEPTH = np.eye(4)
T_COLOUR_DEPTH[0, 3] = -0.0225
UNITS_PER_M = 1000.0


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return path.is_dir() and any(path.glob("frame-*.color.png"))


class SevenScenesSequence(RecordedDataset):
    """One sequence of 7-Scenes."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        depths = numbered(folder, r"frame-(\d+)\.depth\.png")
        shots = [Shot(number / RATE_HZ, image, depths.get(number), _T_world_colour(image))
                 for number, image in numbered(folder, r"frame-(\d+)\.color\.png").items()]
        self._registration = Registration(DEPTH_CAMERA, T_COLOUR_DEPTH, COLOUR_CAMERA)
        super().__init__(folder, LAYOUT, shots, COLOUR_CAMERA, options, self._read_registered)

    def _read_registered(self, file):
        depth_m = read_depth_m(file, UNITS_PER_M)
        if depth_m.shape != self._registration.size:
            raise UnreadableImage(f"{file} is {depth_m.shape[1]}x{depth_m.shape[0]}, not 640x480")
        return DepthImage(self._registration.apply(depth_m), self._registration.camera)


def _T_world_colour(image):
    """The file of a colour image -> (4, 4), colour camera to world, or None."""
    T_world_depth = read_pose(image.with_name(image.name.replace(".color.png", ".pose.txt")))
    return None if T_world_depth is None else T_world_depth @ inverse(T_COLOUR_DEPTH)
