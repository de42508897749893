"""ScanNet as exported: `color/N.jpg`, `depth/N.png` (millimetres), `pose/N.txt` (4x4, camera to world) and
`intrinsic/intrinsic_color.txt`, `intrinsic_depth.txt` (4x4). Or its `.sens` file, see scannet_sens. Dai 2017.

Depth is aligned to colour, so both cameras share their centre; each has its own focal length. Lost cameras are -inf.
"""

from pathlib import Path

from calib.base.errors import SourceError
from calib.files.image_file import read_depth_m, read_rgb
from calib.files.pose_files import read_pose
from calib.files.text_file import read_numbers
from sequences.checks import first_readable_size
from sequences.datasets.layout import camera_in, numbered, require_files, require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.datasets.scannet_sens import ScanNetSensSequence
from sequences.frame import DepthImage
from sequences.sequence import Sequence, SourceOptions

LAYOUT = "color/N.jpg, depth/N.png and intrinsic/intrinsic_color.txt, or NAME.sens (ScanNet)"
COLOUR_SIZE, DEPTH_SIZE = (968, 1296), (480, 640)
"""(height, width) as recorded; exports may be smaller, with either calibration."""
UNITS_PER_M = 1000.0


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return _sens_file(path) is not None or ((Path(path) / "color").is_dir() and _intrinsic(path, "color").is_file())


def open_scannet(location: str | Path, options: SourceOptions) -> Sequence:
    """The Sequence of an exported folder, a .sens file, or a folder with one in it. Raises SourceError."""
    file = _sens_file(location)
    return ScanNetExportSequence(location, options) if file is None else ScanNetSensSequence(file, options)


class ScanNetExportSequence(RecordedDataset):
    """A scan of ScanNet that was exported to files."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        require_files(folder, ["color", _intrinsic(folder, "color").relative_to(folder)], LAYOUT)
        self._intrinsic_depth = _intrinsic(folder, "depth")
        images, depths = numbered(folder / "color", r"(\d+)\.(?:jpg|png)"), numbered(folder / "depth", r"(\d+)\.png")
        shots = [Shot(number / RATE_HZ, image, depths.get(number), read_pose(folder / "pose" / f"{image.stem}.txt"))
                 for number, image in images.items()]
        if not shots:
            raise SourceError(f"{folder / 'color'} has no images: expected {LAYOUT}")
        size = first_readable_size([shot.image for shot in shots], folder, read_rgb)
        camera = _camera(_intrinsic(folder, "color"), size, COLOUR_SIZE)
        super().__init__(folder, LAYOUT, shots, camera, options, self._read_aligned)

    def _read_aligned(self, file):
        depth_m = read_depth_m(file, UNITS_PER_M)
        camera = _camera(self._intrinsic_depth, depth_m.shape, DEPTH_SIZE)
        return DepthImage(depth_m, camera.fitted_to(depth_m.shape))


def _camera(path, size, recorded_size):
    """File of 16 numbers -> Camera for images of `size` or of `recorded_size`, whichever has its centre nearer cx."""
    fx, fy, cx, cy = read_numbers(path, 16)[[0, 5, 2, 6]]
    height, width = min(size, recorded_size, key=lambda candidate: abs(candidate[1] / 2 - cx))
    return camera_in(path, width, height, fx, fy, cx, cy)


def _intrinsic(folder, name):
    """One of the two files of intrinsics, which some exports keep next to the images' folders, in the plural."""
    folder = Path(folder)
    candidates = [folder / "intrinsic" / f"intrinsic_{name}.txt", folder / f"intrinsic_{name}.txt",
                  folder / f"intrinsics_{name}.txt"]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _sens_file(path):
    """The .sens file that a path is or, where the folder is not exported, has in it; None without."""
    path = Path(path)
    if path.is_file():
        return path if path.suffix == ".sens" else None
    files = sorted(filter(Path.is_file, path.glob("*.sens"))) if path.is_dir() and not (path / "color").is_dir() else []
    return files[0] if len(files) == 1 else None
