"""Recordings in TUM layout, or a folder of them: the sequences that SLAM runs on, to see what a network makes of them.

Depth images go with the colour image closest in time; pixel (u, v) of depth is pixel (u W/w, v H/h) of colour.
"""

import math
from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError
from calib.files.association import associate
from calib.files.image_file import read_depth_u16, read_rgb
from calib.files.time_order import kept_in_time
from calib.files.tum_files import read_index
from calib.formats.calibration_file import read_calibration
from calib.geometry.rectification import Rectifier
from depth.data.sample import Sample
from depth.data.split import chosen

TOLERANCE_S = 0.02
"""Depth and colour that are further apart are no pair."""
INDEX_FILES = ("rgb.txt", "depth.txt", "calibration.yaml")


class Recordings:
    """See depth.data.sample.DepthDataset. Without lens distortion; validation takes blocks of frames."""

    border, farthest_m, protocol = 0.0, math.inf, "indoor"

    def __init__(self, folder: str | Path, split: str = "all"):
        self.folder = Path(folder)
        self.name = f"recording:{self.folder.name}"
        self.licence = f"{self.folder.name}: as its makers say"
        places = _recordings(self.folder)
        self.rectifiers, self.depth_scales, pairs = [], [], []
        for number, place in enumerate(places):
            calibration = read_calibration(place / "calibration.yaml")
            self.rectifiers.append(Rectifier(calibration.camera))
            self.depth_scales.append(calibration.depth_scale)
            pairs += [(number, rgb, depth) for rgb, depth in _pairs(place)]
        if not pairs:
            raise BadInputError(f"{folder} has no recording in TUM layout ({', '.join(INDEX_FILES)}) with depth")
        names = [str(rgb.relative_to(self.folder)) for _, rgb, _ in pairs]
        indices = chosen(names, range(len(names)), split, folder)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return bool(_recordings(Path(folder)))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        number, rgb_path, depth_path = self.pairs[index]
        rectifier = self.rectifiers[number]
        rgb, depth_u16 = read_rgb(rgb_path), read_depth_u16(depth_path)
        if rgb.shape[:2] != rectifier.source.size:
            raise BadInputError(f"{rgb_path} is {rgb.shape[1]}x{rgb.shape[0]}, its calibration.yaml is for "
                                f"{rectifier.source.width}x{rectifier.source.height}")
        depth_m, depth_camera = rectifier.depth(depth_u16 / np.float32(self.depth_scales[number]))
        return Sample(rectifier.image(rgb), rectifier.camera, depth_m, depth_camera)


def _pairs(place):
    """Folder of one recording -> list of (colour path, depth path) in time order.

    Each depth image is there once, with the nearest of its colour images, so that none counts twice in training; SLAM,
    which needs every colour image, gives one depth image to several (sequences.datasets.tum).
    """
    colour, depth = (_in_time(place / name) for name in INDEX_FILES[:2])
    colour_s, depth_s = (np.array([time_s for time_s, _ in index]) for index in (colour, depth))
    i, j = associate(colour_s, depth_s, TOLERANCE_S)
    order = np.lexsort((np.abs(colour_s[i] - depth_s[j]), j))
    _, first = np.unique(j[order], return_index=True)
    return [(place / colour[k][1], place / depth[n][1]) for k, n in zip(i[order][first], j[order][first])]


def _in_time(path):
    """(time_s, name) of an index, without those whose times stray; SLAM names them (calib.files.time_order)."""
    entries = read_index(path)
    times_s, names = [time_s for time_s, _ in entries], [name for _, name in entries]
    return [entries[k] for k in kept_in_time(times_s, names, path, lambda line: None)]


def _recordings(folder):
    """The folder itself, or those right below it, that are recordings with depth."""
    candidates = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    return [place for place in candidates if all((place / name).is_file() for name in INDEX_FILES)]
