"""Make3D: outdoor images and coarse laser depth up to 80 m. Saxena 2009.

Expects `Train400Img`, `Train400Depth`, `Test134` and `Test134Depth` (or `Gridlaserdata`) as they unpack, anywhere below
one folder: `img-NAME.jpg` (1704 x 2272) and `depth_sph_corr-NAME.mat` (55 rows, 305 columns).
"""

from pathlib import Path

import cv2
import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_rgb
from calib.geometry.camera import Camera
from depth.data.matlab_file import read_array
from depth.data.sample import Sample
from depth.data.split import chosen

MAKE3D_CAMERA = Camera(1704, 2272, 2407.33127, 2400.20917, 833.721045, 1110.712239)
"""The camera of the full-size images, from the dataset's own code (Default.fx, fy, Ox, Oy)."""
SIZE = 460, 345
"""(height, width) to which papers bring the images: Laina 2016, section 4.3, after Liu 2014."""
DEPTH_CHANNEL = 3
"""The part "depths" of Position3DGrid, distances to the scanner, which all papers take for z; others are often 0."""


class Make3D:
    """Make3D as a depth.data.sample.DepthDataset. `test`: images below a folder whose name begins with `Test`."""

    border, farthest_m, protocol = 0.0, 70.0, "make3d-c1"  # Laina 2016, section 4.3
    licence = "Make3D: for research use; made by Saxena, Sun and Ng (2009)"

    def __init__(self, folder: str | Path, split: str = "all") -> None:
        self.folder, self.name = Path(folder), "make3d"
        depths = {path.stem.removeprefix("depth_sph_corr-"): path
                  for path in self.folder.rglob("depth_sph_corr-*.mat")}
        pairs = [(path, depths[path.stem.removeprefix("img-")]) for path in sorted(self.folder.rglob("img-*.jpg"))
                 if path.stem.removeprefix("img-") in depths]
        if not pairs:
            raise BadInputError(f"{folder} has no pairs img-NAME.jpg and depth_sph_corr-NAME.mat")
        names = [str(rgb.relative_to(self.folder)) for rgb, _ in pairs]
        tests = [k for k, name in enumerate(names) if any(part.startswith("Test") for part in Path(name).parts[:-1])]
        indices = chosen(names, range(len(names)), split, folder, tests)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(Path(folder).rglob("depth_sph_corr-*.mat"))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        rgb_path, depth_path = self.pairs[index]
        rgb = cv2.resize(read_rgb(rgb_path), SIZE[::-1], interpolation=cv2.INTER_AREA)
        depth_m = _depth(depth_path)
        return Sample(rgb, MAKE3D_CAMERA.resized(SIZE), depth_m, MAKE3D_CAMERA.resized(depth_m.shape))


def _depth(path):
    grid = read_array(path, "Position3DGrid")
    if grid.ndim != 3 or grid.shape[2] <= DEPTH_CHANNEL:
        raise BadInputError(f"{path}: Position3DGrid is of shape {grid.shape}, not (rows, columns, 4)")
    return np.ascontiguousarray(grid[..., DEPTH_CHANNEL], np.float32)
