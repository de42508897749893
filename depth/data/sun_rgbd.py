"""SUN RGB-D, of which B3DO is the part `kv1/b3dodata`: one folder per image with image/, depth/ and intrinsics.txt.

Song 2015; Janoch 2011 (B3DO). Hao 2018, section 4.4, shows how a network trained on NYU does on B3DO. The official test
images are named in allsplit.mat of SUNRGBDtoolbox, expected as it unpacks (traintestSUNRGBD/) in the same folder, next
to it, or alone.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_depth_u16, read_rgb
from calib.files.text_file import text_of
from calib.geometry.camera import Camera
from depth.data.matlab_file import read_array
from depth.data.sample import Sample
from depth.data.split import chosen

MAX_DEPTH_M = 8.0
"""Beyond this the dataset's own reader (read3dPoints.m) trusts no depth."""
SPLIT_FILES = ("SUNRGBDtoolbox/traintestSUNRGBD/allsplit.mat", "traintestSUNRGBD/allsplit.mat", "allsplit.mat")


class SunRgbd:
    """SUN RGB-D as a depth.data.sample.DepthDataset.

    `train` and `val` share the images that allsplit.mat, where there is one, does not name for `test`; `test` needs it.
    """

    border, farthest_m, protocol = 0.0, math.inf, "indoor"
    licence = "SUN RGB-D: for research use; made by Song, Lichtenberg and Xiao (2015), with B3DO, NYU and SUN3D images"

    def __init__(self, folder: str | Path, split: str = "all") -> None:
        self.folder = Path(folder)
        self.name = f"sun:{self.folder.name}"
        scenes = sorted(path.parent for path in self.folder.rglob("intrinsics.txt"))
        scenes = [scene for scene in scenes if _pictures(scene / "image") and _pictures(scene / "depth")]
        if not scenes:
            raise BadInputError(f"{folder} has no folders with image/, depth/ and intrinsics.txt, as SUN RGB-D has")
        names = [str(scene.relative_to(self.folder)) for scene in scenes]
        tests = official_tests(scenes, self.folder)
        where = folder if tests is not None else f"{folder}, without allsplit.mat of SUNRGBDtoolbox,"
        indices = chosen(names, range(len(names)), split, where, tests)
        self.names, self.scenes = [names[k] for k in indices], [scenes[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(_pictures(path.parent / "depth") for path in Path(folder).rglob("intrinsics.txt"))

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> Sample:
        scene = self.scenes[index]
        rgb = read_rgb(_pictures(scene / "image")[0])
        depth_m = metres(read_depth_u16(_pictures(scene / "depth")[0]))
        camera = _camera(scene / "intrinsics.txt", rgb.shape[:2])
        return Sample(rgb, camera, depth_m, camera.resized(depth_m.shape))


def official_tests(scenes: Sequence[Path], folder: Path) -> list[int] | None:
    """Folders of images -> indices of the official test images, or None where no file says which they are.

    The file has absolute paths of its makers' machine, of which what follows SUNRGBD/ is how the dataset unpacks.
    """
    places = [place / file for place in (folder, folder.absolute().parent) for file in SPLIT_FILES]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return None
    tests = {}
    for cell in read_array(path, "alltest").ravel():
        parts = Path(str(np.ravel(cell)[0]).rpartition("/SUNRGBD/")[2].strip("/")).parts
        tests.setdefault(parts[-1] if parts else "", []).append(parts)
    return [k for k, scene in enumerate(scenes) if any(
        scene.absolute().parts[-len(parts):] == parts for parts in tests.get(scene.name, ()))]


def metres(depth_u16: np.ndarray) -> np.ndarray:
    """(h, w) uint16, millimetres with their bits rotated left by 3, -> float32 metres; 0 beyond 8 m."""
    depth_m = (depth_u16 >> 3 | depth_u16 << 13).astype(np.float32) / 1000
    return np.where(depth_m <= MAX_DEPTH_M, depth_m, np.float32(0))


def _pictures(folder):
    """The files of a folder that are pictures: one in a complete dataset."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png"))


def _camera(path, size):
    try:
        fx, _, cx, _, fy, cy = [float(word) for word in text_of(path).split()[:6]]
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: expected the nine numbers of an intrinsic matrix") from error
    return Camera(size[1], size[0], fx, fy, cx, cy)
