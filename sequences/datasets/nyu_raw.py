"""A scene of NYU Depth v2's raw dump: `r-TIME-ID.ppm`, `d-TIME-ID.pgm`, `a-TIME-ID.dump` and `INDEX.txt`.

Every colour image is a frame, with the depth nearest in time where that is near. Colour comes as distorted as it was
recorded, with its camera; depth is registered to that camera without distortion.
"""

from pathlib import Path

from calib.base.errors import SourceError
from calib.files.image_file import UnreadableImage, read_depth_u16
from calib.files.nyu_raw_files import video_frames
from calib.files.text_file import data_lines
from calib.geometry.nyu_kinect import NYU_CAMERA, NYU_RAW_CAMERA, metres, registered
from sequences.datasets.layout import require_folder
from sequences.datasets.recorded_dataset import RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "r-*.ppm and d-*.pgm (a scene of NYU's raw dump)"


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return path.is_dir() and any(path.glob("d-*.pgm")) and any(path.glob("r-*.ppm"))


class NyuRawSequence(RecordedDataset):
    """A scene of NYU Depth v2's raw dump."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        shots = [Shot(time_s, image, depth) for time_s, image, depth in video_frames(folder)]
        super().__init__(folder, LAYOUT, shots, NYU_RAW_CAMERA, options, read_registered)
        self._count_missing()

    def _count_missing(self):
        """One line for all that INDEX.txt names and the folder lacks, as in downloads that broke off."""
        index = self.place / "INDEX.txt"
        try:
            names = [word for _, line in data_lines(index) for word in line.split()] if index.is_file() else []
        except SourceError as error:
            self.skipped.add(str(error))
            return
        missing = [name for name in names if name.startswith(("r-", "d-")) and not (self.place / name).is_file()]
        if missing:
            self.skipped.add(f"{index} names {len(missing)} images that are not there, {missing[0]} the first")


def read_registered(file: Path) -> DepthImage:
    """d-*.pgm -> DepthImage in the colour camera. Raises UnreadableImage."""
    raw = read_depth_u16(file)
    if raw.shape != NYU_CAMERA.size:
        raise UnreadableImage(f"{file} is {raw.shape[1]}x{raw.shape[0]}, not 640x480")
    return DepthImage(registered(metres(raw)), NYU_CAMERA)
