"""NYU Depth v2 in the folders that people exchange: `rgb_NNNNN.jpg` and `sync_depth_NNNNN.png` (millimetres).

The numbers are those of frames, with gaps where frames were left out. What follows one another without a gap is a
video; the longest such run is taken. Colour comes undistorted, in a white frame, where depth is left out.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import read_depth_m
from calib.geometry.nyu_kinect import NYU_BORDER_PX, NYU_CAMERA
from sequences.datasets.layout import numbered, require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "rgb_NNNNN.jpg and sync_depth_NNNNN.png (NYU's synchronised images)"
RGB_NAME, DEPTH_NAME = r"rgb_(\d+)\.(?:jpg|png|ppm)", r"sync_depth_(\d+)\.png"
UNITS_PER_M = 1000.0


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return path.is_dir() and any(path.glob("rgb_*")) and bool(numbered(path, RGB_NAME) and numbered(path, DEPTH_NAME))


class NyuPairsSequence(RecordedDataset):
    """The longest run of synchronised images of NYU Depth v2."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        images, depths = numbered(folder, RGB_NAME), numbered(folder, DEPTH_NAME)
        run = _longest_run(list(images))
        if len(images) > 1 and len(run) == 1:
            raise SourceError(f"{folder}: the numbers of its {len(images)} images do not follow one another, so they "
                              f"are no video: `python -m depth predict` takes single images")
        shots = [Shot(number / RATE_HZ, images[number], depths.get(number)) for number in run]
        super().__init__(folder, LAYOUT, shots, NYU_CAMERA, options, self._read_framed)
        if len(run) < len(images):
            self.skipped.add(f"{folder}: {len(images) - len(run)} images are outside its longest run without a gap, "
                             f"{run[0]} to {run[-1]}")

    def _read_framed(self, file):
        depth_m = read_depth_m(file, UNITS_PER_M)
        border = -(-NYU_BORDER_PX * depth_m.shape[1] // NYU_CAMERA.width)
        framed = np.zeros_like(depth_m)
        framed[border:-border, border:-border] = depth_m[border:-border, border:-border]
        return DepthImage(framed, NYU_CAMERA.fitted_to(depth_m.shape))


def _longest_run(numbers):
    """Increasing numbers -> the longest stretch in which each is one more than that before it; [] of none."""
    if not numbers:
        return []
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    return max(np.split(np.array(numbers), breaks), key=len).tolist()
