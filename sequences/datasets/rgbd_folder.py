"""Colour and depth images without lists: in two folders (Open3D, Redwood, and many more), or in one, told apart by
their names or bit depths (`00000_colors.png`, `00000_depth.png`).

They go together by the number or time in their names. Numbers are frames at 30 Hz. The camera is in a file of one of
the usual names (calib.formats.calibration_file.IN_FOLDERS). Depth lies on colour, in millimetres unless the calibration
says `depth_scale`. `pose/N.txt` or `N.pose.txt` (4x4, camera to world) is ground truth.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calib.base.errors import SourceError
from calib.files.association import associate
from calib.files.image_file import UnreadableImage, images_in, read_any_depth_m
from calib.files.picture_roles import split_pictures
from calib.files.pose_files import read_pose
from calib.files.time_unit import times_in_names
from sequences.checks import depth_on_colour, find_calibration
from sequences.datasets.layout import require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.sequence import SourceOptions

LAYOUT = "a folder of colour and one of depth images, or both in one (00000_color.png, 00000_depth.png)"
COLOUR_FOLDERS = ("color", "colour", "rgb", "colors", "colours", "images", "image", "imgs", "img", "rgb_images",
                  "color_images", "left", "image_left")
DEPTH_FOLDERS = ("depth", "depths", "depth_images", "depth_image", "depth_raw", "depth_aligned", "aligned_depth",
                 "depth_left", "depth_png")
POSE_FOLDERS = ("pose", "poses")
MAX_TIME_OFFSET_S = 0.02
USUAL_DEPTH_M = 0.2, 15.0
"""Where the median depth of a room lies."""


class _Images(NamedTuple):
    colour: list[Path]
    depth: dict[Path, Path]
    """By colour image."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return bool(_images(Path(path)).depth)


class RgbdFolder(RecordedDataset):
    """Colour and depth images that belong together by their names."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        images = _images(folder)
        if not images.colour:
            raise SourceError(f"{folder} has no colour images: expected {LAYOUT}")
        calibration = find_calibration(options, folder / "calibration.yaml")
        self._units_per_m, self._says_units = calibration.depth_scale, calibration.says_depth_scale
        shots = [Shot(time_s, image, images.depth.get(image), _pose(folder, image))
                 for time_s, image in zip(_times(images.colour), images.colour)]
        super().__init__(folder, LAYOUT, shots, calibration.camera, options, self._read_registered)
        if options.depth_every and images.depth:
            options.tell(self._describe_depth([shot.depth for shot in self.shots if shot.depth]))

    def _read_registered(self, file):
        return depth_on_colour(read_any_depth_m(file, self._units_per_m), self.camera, file)

    def _describe_depth(self, files):
        """What is taken for granted of the depth images, in words."""
        line = f"depth      {len(files)} images such as {files[0].parent.name}/{files[0].name}"
        if not self._says_units:
            line += ", taken as millimetres"
        try:
            depth_m = read_any_depth_m(files[0], self._units_per_m)
        except UnreadableImage:
            return line
        middle_m = float(np.median(depth_m[depth_m > 0])) if depth_m.any() else 1.0
        if not USUAL_DEPTH_M[0] < middle_m < USUAL_DEPTH_M[1]:
            line += f": the first is {middle_m:.3g} m away in the middle; if that is wrong, write depth_scale (units " \
                    f"per metre) into {self.place / 'calibration.yaml'}"
        return line


def _images(folder):
    """The colour images of a folder in order, and the depth of those that have some."""
    if not folder.is_dir():
        return _Images([], {})
    inner = {entry.name.lower(): entry for entry in folder.iterdir() if entry.is_dir()}
    colour = next((inner[name] for name in COLOUR_FOLDERS if name in inner), None)
    depth = next((inner[name] for name in DEPTH_FOLDERS if name in inner), None)
    if colour and depth:
        pictures = split_pictures(images_in(colour)).pictures
        return _Images(pictures, _paired(pictures, images_in(depth)))
    roles = split_pictures(images_in(folder))
    return _Images(roles.pictures, roles.depth)


def _paired(pictures, depths):
    """{picture: depth image} by time, number or name; in order, where there are as many of both."""
    if not pictures or not depths:
        return {}
    times_s, depth_times_s = times_in_names(pictures), times_in_names(depths)
    if times_s and depth_times_s:
        matches = associate(np.array(times_s), np.array(depth_times_s), MAX_TIME_OFFSET_S)
        return {pictures[i]: depths[j] for i, j in zip(*matches)}
    by_number = {_number(file): file for file in depths}
    pairs = {file: by_number[_number(file)] for file in pictures if _number(file) in by_number}
    return dict(zip(pictures, depths)) if not pairs and len(pictures) == len(depths) else pairs


def _number(file):
    """What tells images of one kind apart: the numbers in their names, or the names."""
    return tuple(map(int, re.findall(r"\d+", file.stem))) or file.stem.lower()


def _times(files):
    """Seconds of images by their names: times, numbers of frames, or one after the other."""
    if times_s := times_in_names(files):
        return times_s
    numbers = [_number(file) for file in files]
    if all(len(number) == 1 for number in numbers) and all(isinstance(number, tuple) for number in numbers):
        values = [number[0] for number in numbers]
        if all(b > a for a, b in pairwise(values)) and values[-1] - values[0] < 10 * len(values):
            return [(value - values[0]) / RATE_HZ for value in values]
    return [index / RATE_HZ for index in range(len(files))]


def _pose(folder, image):
    """T_world_cam (4, 4), or None."""
    stem = image.stem.removesuffix(".color")
    candidates = [folder / name / f"{image.stem}.txt" for name in POSE_FOLDERS] + [image.with_name(f"{stem}.pose.txt")]
    file = next((file for file in candidates if file.is_file()), None)
    return read_pose(file) if file else None
