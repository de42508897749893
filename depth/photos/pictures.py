"""Pictures to predict depth for, from image files, folders of them, and videos."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.base.opencv_log import silence
from calib.files.image_file import IMAGE_SUFFIXES, read_rgb

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp")
MAX_PIXELS = 50_000_000
"""Largest picture: a depth map and its outputs take some 40 bytes per pixel."""

silence()


class Picture(NamedTuple):
    name: str
    """Name of the results: the stem of the file, for a video with the number of the frame."""
    read: Callable[[], np.ndarray]
    """Reads the picture: () -> (H, W, 3) uint8 RGB. Raises BadInputError."""


class Pictures:
    """All pictures of some files and folders, in order. Raises BadInputError where there are none, or two of a name.

    `every`: of a video, every n-th frame only. `made_here(path)`: whether a file of a folder is an older result.
    """

    def __init__(self, locations: Iterable[str | Path], every: int = 1,
                 made_here: Callable[[Path], bool] = lambda path: False) -> None:
        self.every = every
        self.files = [file for location in locations for file in _files(Path(location), made_here)]
        seen = {}
        for file in self.files:
            other = seen.setdefault(file.stem, file)
            if other is not file:
                raise BadInputError(f"{other} and {file} would give results of the same name: predict them one after "
                                    f"the other, each with its own --output")

    def __len__(self) -> int:
        """Number of pictures, as far as the videos' own counts are right."""
        return sum(_frame_count(file, self.every) if _is_video(file) else 1 for file in self.files)

    def __iter__(self) -> Iterator[Picture]:
        for file in self.files:
            if _is_video(file):
                yield from _frames(file, self.every)
            else:
                yield Picture(file.stem, partial(_read, file))


def _files(location, made_here):
    if location.is_dir():
        found = [file for file in sorted(location.iterdir(), key=_natural_order) if file.is_file()
                 and file.suffix.lower() in IMAGE_SUFFIXES + VIDEO_SUFFIXES
                 and not file.name.startswith(".") and not made_here(file)]
        if not found:
            raise BadInputError(f"{location} has no images and no videos ({' '.join(IMAGE_SUFFIXES + VIDEO_SUFFIXES)})")
        return found
    if not location.is_file():
        raise BadInputError(f"{location} does not exist: give image files, folders or videos")
    return [location]


def _natural_order(file):
    """img2 before img10; 01 and 1 by their spelling."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.name)], file.name


def _is_video(file):
    return file.suffix.lower() in VIDEO_SUFFIXES


def _read(file):
    return _checked(read_rgb(file), file)


def _checked(rgb, file):
    if rgb.shape[0] * rgb.shape[1] > MAX_PIXELS:
        raise BadInputError(f"{file} has {rgb.shape[1]}x{rgb.shape[0]} pixels, more than {MAX_PIXELS // 10**6} "
                            f"million: scale it down first")
    return rgb


def _frame_count(file, every):
    count = int(cv2.VideoCapture(str(file), cv2.CAP_FFMPEG).get(cv2.CAP_PROP_FRAME_COUNT))
    return max(1, -(-count // every))


def _frames(file, every):
    """Pictures of a video: NAME_000000 and so on. One that cannot be decoded at all is a picture that is unreadable."""
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    index = 0
    try:
        while capture.grab():
            if index % every == 0:
                readable, bgr = capture.retrieve()
                if readable:
                    yield Picture(f"{file.stem}_{index:06d}", partial(_checked, bgr[..., ::-1].copy(), file))
            index += 1
    finally:
        capture.release()
    if index == 0:
        yield Picture(file.stem, partial(_unreadable, file))


def _unreadable(file):
    raise BadInputError(f"{file} has no frame that can be decoded: is it a video, and is it whole?")
