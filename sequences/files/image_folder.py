"""A folder of images: in natural order, one every 1/30 s, or as its `timestamps.txt` says.

That file has a line per image, in seconds: the time alone, in the natural order of the images, or `time filename`.
Photos are turned as their EXIF says, which OpenCV does.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from calib.base.errors import SourceError
from calib.files.exif import rotation_from_exif
from calib.files.image_file import IMAGE_SUFFIXES
from calib.files.text_file import data_lines
from calib.files.tum_files import read_index
from sequences.checks import find_calibration, first_readable_size, read_frame, refuse_sensor_depth
from sequences.files.rotated_camera import rotated_as_shown
from sequences.frame import Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions

LAYOUT = "images"
FRAME_INTERVAL_S = 1 / 30
TIMES = "timestamps.txt"


def recognises(path: str | Path) -> bool:
    """Whether this is a folder with images in it."""
    path = Path(path)
    return path.is_dir() and any(_is_image(file) for file in path.iterdir())


class ImageFolder(Sequence):
    """The images of a folder, one after the other."""

    def __init__(self, location: str | Path, options: SourceOptions):
        self.folder = Path(location)
        self.name = self.folder.resolve().name
        self.skipped = SkipLog()
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder} is not a folder")
        files = sorted(filter(_is_image, self.folder.iterdir()), key=_natural_order)
        if not files:
            raise SourceError(f"{self.folder} has no images ({', '.join(IMAGE_SUFFIXES)})")
        times_s, files = _timed(files, self.folder / TIMES)
        self.times_s, self.photos = times_s[: options.max_frames], tuple(files[: options.max_frames])
        refuse_sensor_depth(options, self.folder)
        calibration = find_calibration(options, self.folder / "calibration.yaml")
        size = first_readable_size(self.photos, self.folder)
        self.camera = rotated_as_shown(calibration.camera, size, rotation_from_exif(self.photos[0])).fitted_to(size)
        self.frame_count = len(self.photos)

    def __iter__(self) -> Iterator[Frame]:
        for index, (timestamp_s, file) in enumerate(zip(self.times_s, self.photos)):
            rgb = read_frame(file, self.camera, self.skipped)
            if rgb is not None:
                yield Frame(index, timestamp_s, rgb)


def _is_image(file):
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")


def _natural_order(file):
    """img2 before img10; 01 and 1 by their spelling."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.name)], file.name


def _timed(files, path):
    """Times and files in time order. Raises SourceError where the file of times is there but cannot be used."""
    if not path.is_file():
        return [index * FRAME_INTERVAL_S for index in range(len(files))], files
    lines = data_lines(path)
    if lines and len(lines[0][1].split()) > 1:
        index = read_index(path)
        return [time_s for time_s, _ in index], [path.parent / name for _, name in index]
    times_s: list[float] = []
    for number, line in lines:
        times_s.append(_later_time(line, times_s[-1:], f"{path} line {number}"))
    if len(times_s) != len(files):
        raise SourceError(f"{path} has {len(times_s)} times for {len(files)} images: expected one line per image")
    return times_s, files


def _later_time(line, before, place):
    """Text -> seconds, which must come after those `before`."""
    try:
        time_s = float(line)
    except ValueError:
        time_s = math.nan
    if not math.isfinite(time_s):
        raise SourceError(f"{place}: expected a time in seconds, found {line[:60]!r}")
    if before and time_s <= before[0]:
        raise SourceError(f"{place}: time {time_s:f} does not come after {before[0]:f}: one line per image, in order")
    return time_s
