"""NYU Depth v2's raw recordings: a folder of `r-TIME-ID.ppm` and `d-TIME-ID.pgm` per scene, paired and aligned here.

Each depth image goes with its closest colour image in time; where a colour image is wanted by several, the pairs are
dropped, and depths equal to the least or greatest of their image are masked out (Eigen 2014, section 4.1; 001, section
4). Depth is moved into the undistorted colour camera as by project_depth_map.m of the dataset's toolbox, which also
drops disparities below 600, that is 0.3 to 0.7 m; here that is `near=dropped`.
"""

import math
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_depth_u16, read_rgb
from calib.files.nyu_raw_files import colour_depth_pairs
from calib.geometry.nyu_kinect import NYU_CAMERA, NYU_RAW_CAMERA, TOOLBOX_MIN_DISPARITY, metres, registered
from depth.data import scenes
from depth.data.nyu_folder import NYU_LICENCE
from depth.data.options import Choices
from depth.data.sample import Sample
from depth.data.split import BLOCK, chosen


class NyuRaw:
    """The raw frames as a depth.data.sample.DepthDataset. Validation takes whole scenes; there is no test split."""

    border, farthest_m, protocol, licence = 0.0, math.inf, "nyu", NYU_LICENCE
    options: ClassVar[Choices] = {"near": ("kept", "dropped"), **scenes.OPTIONS}

    def __init__(self, folder: str | Path, split: str = "all", near: str = "kept", spaced: int | None = None,
                 even: int | None = None) -> None:
        """`near`: whether depth that the toolbox drops is kept. `spaced`, `even`: see depth.data.scenes.per_scene."""
        self.folder = Path(folder)
        self.name = f"nyu_raw:{self.folder.name}"
        self.min_disparity = TOOLBOX_MIN_DISPARITY if near == "dropped" else 0
        folders = sorted({path.parent for path in self.folder.rglob("d-*.pgm")})
        pairs = [(number, *pair) for number, scene in enumerate(folders) for _, *pair in colour_depth_pairs(scene)]
        if not pairs:
            raise BadInputError(f"{folder} has no raw NYU recordings: a folder of r-*.ppm and d-*.pgm for each scene")
        names = [str(rgb.relative_to(self.folder)) for _, rgb, _ in pairs]
        block_of_scene = [BLOCK * number for number, *_ in pairs]
        indices = chosen(names, block_of_scene, split, folder)
        indices = scenes.per_scene(indices, block_of_scene, split, spaced, even)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k][1:] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(Path(folder).rglob("d-*.pgm"))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        rgb_path, depth_path = self.pairs[index]
        rgb, raw = read_rgb(rgb_path), read_depth_u16(depth_path)
        if rgb.shape[:2] != NYU_CAMERA.size or raw.shape != NYU_CAMERA.size:
            raise BadInputError(f"{rgb_path} and {depth_path.name} are not both 640x480, as the Kinect's images are")
        return Sample(cv2.undistort(rgb, NYU_CAMERA.K, np.array(NYU_RAW_CAMERA.distortion)), NYU_CAMERA,
                      registered(metres(raw, self.min_disparity)), NYU_CAMERA)
