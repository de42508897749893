"""Single pictures with a camera each: NAME.jpg (or .png), NAME.depth.png and NAME.yaml (calibration, `depth_scale`).

`python -m sequences rooms --output DIR` writes synthetic rooms so, each below a folder of its own.
"""

import math
from itertools import groupby
from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_depth_u16, read_rgb
from calib.formats.calibration_file import read_calibration
from calib.geometry.rectification import Rectifier
from depth.data.sample import Sample
from depth.data.split import BLOCK, chosen


class Views:
    """Single pictures as a depth.data.sample.DepthDataset. Validation takes whole folders where there are several."""

    border, farthest_m, protocol = 0.0, math.inf, "indoor"

    def __init__(self, folder: str | Path, split: str = "all") -> None:
        self.folder = Path(folder)
        self.name = f"views:{self.folder.name}"
        self.licence = f"{self.folder.name}: as its makers say; synthetic rooms are this project's own (Apache-2.0)"
        paths = [path for depth in sorted(self.folder.rglob("*.depth.png")) if (path := _image_of(depth))]
        if not paths:
            raise BadInputError(f"{folder} has no pictures NAME.jpg with NAME.depth.png and NAME.yaml")
        names = [str(path.relative_to(self.folder)) for path in paths]
        indices = chosen(names, _numbers(paths), split, folder)
        self.names, self.paths = [names[k] for k in indices], [paths[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(_image_of(path) for path in Path(folder).rglob("*.depth.png"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Sample:
        path = self.paths[index]
        calibration = read_calibration(path.with_suffix(".yaml"))
        rgb, depth_u16 = read_rgb(path), read_depth_u16(path.with_suffix(".depth.png"))
        rectifier = Rectifier(calibration.camera.fitted_to(rgb.shape[:2]))
        depth_m, depth_camera = rectifier.depth(depth_u16 / np.float32(calibration.depth_scale))
        return Sample(rectifier.image(rgb), rectifier.camera, depth_m, depth_camera)


def _image_of(depth_path):
    """x/view.depth.png -> x/view.jpg or .png, or None where that or the camera is missing."""
    stem = depth_path.with_name(depth_path.name.removesuffix(".depth.png"))
    candidates = [Path(f"{stem}.jpg"), Path(f"{stem}.png")]
    return next((path for path in candidates if path.is_file() and Path(f"{stem}.yaml").is_file()), None)


def _numbers(paths):
    """Numbers by which images are split: those of the folders where there are several, else of the images."""
    folders = [list(members) for _, members in groupby(paths, lambda path: path.parent)]
    if len(folders) == 1:
        return range(len(paths))
    return [BLOCK * number for number, members in enumerate(folders) for _ in members]
