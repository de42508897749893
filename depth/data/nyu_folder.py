"""NYU Depth v2 as folders of `rgb_NNNNN.jpg` and `sync_depth_NNNNN.png` (millimetres), in one folder or one per scene.

So come the 1449 labelled pairs and the synchronised raw pairs that many papers share. Silberman 2012.
"""

import math
import re
from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError, CalibrationError
from calib.files.image_file import read_depth_u16, read_rgb
from calib.geometry.nyu_kinect import NYU_BORDER_PX, NYU_CAMERA
from depth.data.sample import Sample
from depth.data.split import chosen

NYU_BORDER = NYU_BORDER_PX / NYU_CAMERA.width
NYU_LICENCE = "NYU Depth v2: for research use; made by Silberman, Hoiem, Kohli and Fergus (2012)"
RGB_NAME = re.compile(r"rgb_(\d+)\.(?:jpg|png|ppm)")
UNITS_PER_M = 1000.0


class NyuFolder:
    """The labelled or synchronised pairs as a depth.data.sample.DepthDataset."""

    border, farthest_m, protocol, licence = NYU_BORDER, math.inf, "nyu", NYU_LICENCE

    def __init__(self, folder: str | Path, split: str = "all") -> None:
        self.folder = Path(folder)
        self.name = f"nyu:{self.folder.name}"
        paths = sorted(path for path in self.folder.rglob("rgb_*") if RGB_NAME.fullmatch(path.name))
        pairs = [(path, depth) for path in paths if (depth := _depth_of(path)).is_file()]
        if not pairs:
            raise BadInputError(f"{folder} has no pairs rgb_NNNNN.jpg and sync_depth_NNNNN.png")
        names = [str(rgb.relative_to(self.folder)) for rgb, _ in pairs]
        numbers = [int(_digits(rgb)) for rgb, _ in pairs]
        indices = chosen(names, numbers, split, folder)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(RGB_NAME.fullmatch(path.name) and _depth_of(path).is_file() for path in Path(folder).rglob("rgb_*"))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        rgb, depth_u16 = read_rgb(self.pairs[index][0]), read_depth_u16(self.pairs[index][1])
        return Sample(rgb, _camera(self.pairs[index][0], rgb.shape[:2]),
                      depth_u16 / np.float32(UNITS_PER_M), _camera(self.pairs[index][1], depth_u16.shape))


def _camera(path, size):
    try:
        return NYU_CAMERA.fitted_to(size)
    except CalibrationError:
        raise BadInputError(f"{path} has {size[1]}x{size[0]} pixels, which is not the shape of NYU's images, "
                            f"{NYU_CAMERA.width}x{NYU_CAMERA.height}: leave it out") from None


def _depth_of(rgb_path):
    return rgb_path.with_name(f"sync_depth_{_digits(rgb_path)}.png")


def _digits(rgb_path):
    """rgb_00012.png -> `00012`"""
    return RGB_NAME.sub(r"\1", rgb_path.name)
