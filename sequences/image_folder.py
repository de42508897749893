"""A folder of images, in natural order, one every 1/30 s."""

import re
from pathlib import Path

from calib.errors import SourceError
from sequences.frame import Frame
from sequences.image_file import IMAGE_SUFFIXES
from sequences.recorded import find_calibration, first_readable_size, read_frame, refuse_sensor_depth
from sequences.sequence import SkipLog

LAYOUT = "images"
FRAME_INTERVAL_S = 1 / 30


def recognises(path):
    """Whether this is a folder with images in it."""
    path = Path(path)
    return path.is_dir() and any(_is_image(file) for file in path.iterdir())


class ImageFolder:
    """See sequences.sequence.Sequence."""

    ground_truth = None

    def __init__(self, location, options):
        self.folder = Path(location)
        self.name = self.folder.resolve().name
        self.skipped = SkipLog()
        if not self.folder.is_dir():
            raise SourceError(f"{self.folder} is not a folder")
        self.files = sorted(filter(_is_image, self.folder.iterdir()), key=_natural_order)[: options.max_frames]
        if not self.files:
            raise SourceError(f"{self.folder} has no images ({', '.join(IMAGE_SUFFIXES)})")
        refuse_sensor_depth(options, self.folder)
        calibration = find_calibration(options, self.folder / "calibration.yaml")
        self.camera = calibration.camera.fitted_to(first_readable_size(self.files, self.folder))
        self.frame_count = len(self.files)

    def __iter__(self):
        for index, file in enumerate(self.files):
            rgb = read_frame(file, self.camera, self.skipped)
            if rgb is not None:
                yield Frame(index, index * FRAME_INTERVAL_S, rgb)


def _is_image(file):
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")


def _natural_order(file):
    """img2 before img10; 01 and 1 by their spelling."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.name)], file.name
