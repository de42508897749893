"""A folder of images: in natural order, one every 1/30 s, as its `timestamps.txt` says, or the images' names.

That file has a line per image: the time alone, in the natural order of the images, or `time filename`; in seconds, or
in whole smaller units (see calib.files.time_unit). Photos are turned as their EXIF says, which OpenCV does. Images that
go with others, such as masks, are no frames (see calib.files.picture_roles).
"""

import math
from collections.abc import Iterator
from pathlib import Path

from calib.base.errors import SourceError
from calib.files.exif import rotation_from_exif
from calib.files.image_file import IMAGE_SUFFIXES, images_in, is_image, unread_kind
from calib.files.picture_roles import split_pictures
from calib.files.text_file import data_lines
from calib.files.time_order import kept_in_time
from calib.files.time_unit import times_in_names, to_seconds, unit_of
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
    return path.is_dir() and any(is_image(file) for file in path.iterdir())


class ImageFolder(Sequence):
    """The images of a folder, one after the other."""

    def __init__(self, location: str | Path, options: SourceOptions):
        self.folder = Path(location)
        self.name = self.folder.resolve().name
        self.skipped = SkipLog()
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder} is not a folder")
        files = images_in(self.folder)
        if not files:
            raise SourceError(f"{self.folder} has no images ({', '.join(IMAGE_SUFFIXES)})")
        roles = split_pictures(files)
        if roles.describe():
            options.tell(f"{self.folder}: {roles.describe()}")
        tell_unread(self.folder, options)
        files = roles.pictures
        if not files:
            raise SourceError(f"{self.folder} has no pictures: {roles.describe()}")
        times_s, files = _timed(files, self.folder / TIMES)
        kept = kept_in_time(times_s, files, self.folder / TIMES, self.skipped.add)
        times_s, files = [times_s[k] for k in kept], [files[k] for k in kept]
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


def tell_unread(folder: Path, options: SourceOptions) -> None:
    """Say which images of a folder are of a kind that is not read."""
    unread = [file for file in sorted(folder.iterdir()) if unread_kind(file)]
    if unread:
        options.tell(f"{folder}: {len(unread)} files are left out ({unread[0].name}: {unread_kind(unread[0])})")


def _timed(files, path):
    """Times and files as they are listed. Raises SourceError where the file of times is there but cannot be used."""
    if not path.is_file():
        return times_in_names(files) or [index * FRAME_INTERVAL_S for index in range(len(files))], files
    lines = data_lines(path)
    if lines and len(lines[0][1].split()) > 1:
        index = read_index(path)
        return [time_s for time_s, _ in index], [path.parent / name for _, name in index]
    unit = unit_of([line for _, line in lines])
    times_s = [_time(line, unit, f"{path} line {number}") for number, line in lines]
    if len(times_s) != len(files):
        raise SourceError(f"{path} has {len(times_s)} times for {len(files)} images: expected one line per image")
    return times_s, files


def _time(line, unit, place):
    """Text -> seconds"""
    try:
        time_s = to_seconds(line, unit)
    except ValueError:
        time_s = math.nan
    if not math.isfinite(time_s):
        raise SourceError(f"{place}: expected a time in seconds, found {line[:60]!r}")
    return time_s
