"""ICL-NUIM: a ray-traced living room and office, with exact depth and poses (Handa 2014), in its two forms.

TUM form (`living_room_traj0_frei_png`): `associations.txt` with `number depth/N.png number rgb/N.png`, and
`NAME.gt.freiburg` with `number tx ty tz qx qy qz qw`. Own form (`living_room_traj0_loop`): `scene_00_0000.png`,
`.depth` (distance from the camera's centre, in metres, as text) and `.txt` with the camera's vectors.

Both have the axes of POV-Ray: y points up, in the world and in the camera, which is why the benchmark states a
negative fy. Images lie with their top first all the same. Mirroring y on both sides of each pose gives OpenCV's
axes, a positive fy, and a world that is not seen in a mirror.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import UnreadableImage, read_depth_m
from calib.files.pose_files import pose_from
from calib.files.text_file import data_lines, is_whole, numbers_in, text_of
from calib.files.tum_files import read_ground_truth
from calib.geometry.camera import Camera
from sequences.datasets.layout import numbered, require_folder
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import Sequence, SourceOptions

LAYOUT = "associations.txt and *.gt.freiburg, or scene_00_*.png and .txt (ICL-NUIM)"
CAMERA = Camera(640, 480, 481.2, 480.0, 319.5, 239.5)
UNITS_PER_M = 5000.0
MIRROR = np.diag([1.0, -1.0, 1.0, 1.0])
MAX_DEPTH_BYTES = 16 << 20
"""Of a .depth file: 640x480 numbers as text are 3 MB."""
OWN_NAME = r"scene_\d+_(\d+)\.png"


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    path = Path(path)
    return path.is_dir() and (any(path.glob("*.gt.freiburg")) or bool(_own_images(path)))


def open_icl(location: str | Path, options: SourceOptions) -> Sequence:
    """The Sequence of either form. Raises SourceError."""
    folder = require_folder(location, LAYOUT)
    return IclOwnSequence(folder, options) if _own_images(folder) else IclTumSequence(folder, options)


class IclTumSequence(RecordedDataset):
    """A sequence of ICL-NUIM in TUM form."""

    def __init__(self, folder: Path, options: SourceOptions):
        images, depths = _associations(folder)
        T_world_cam = _numbered_ground_truth(folder)
        shots = [Shot(number / RATE_HZ, image, depths.get(number), T_world_cam.get(number)) for number, image in images]
        index = folder / "associations.txt"
        super().__init__(folder, LAYOUT, shots, CAMERA, options, read_z, index=index if index.is_file() else None)


class IclOwnSequence(RecordedDataset):
    """A sequence of ICL-NUIM in its own form."""

    def __init__(self, folder: Path, options: SourceOptions):
        shots = []
        for number, image in _own_images(folder).items():
            depth = image.with_suffix(".depth")
            shots.append(Shot(number / RATE_HZ, image, depth if depth.is_file() else None,
                              _own_T_world_cam(image.with_suffix(".txt"))))
        super().__init__(folder, LAYOUT, shots, CAMERA, options, read_distance)


def read_z(file: Path) -> DepthImage:
    """depth/N.png -> DepthImage. Raises UnreadableImage."""
    depth_m = read_depth_m(file, UNITS_PER_M)
    return DepthImage(depth_m, CAMERA.fitted_to(depth_m.shape))


def read_distance(file: Path) -> DepthImage:
    """scene_00_0000.depth -> DepthImage. Raises UnreadableImage."""
    try:
        distance_m = numbers_in(text_of(file, MAX_DEPTH_BYTES), file)
    except (SourceError, OSError, ValueError) as error:
        raise UnreadableImage(str(error)) from error
    if distance_m.size != CAMERA.width * CAMERA.height or not np.all(np.isfinite(distance_m)):
        raise UnreadableImage(f"{file}: expected {CAMERA.width * CAMERA.height} distances, found {distance_m.size}")
    z_m = distance_m.reshape(CAMERA.size) / np.linalg.norm(CAMERA.rays(), axis=-1)
    return DepthImage(z_m.astype(np.float32), CAMERA)


def _associations(folder):
    """-> [(number, colour image)] and {number: depth image}: from associations.txt, or what lies in rgb and depth."""
    path = folder / "associations.txt"
    if not path.is_file():
        images, depths = (numbered(folder / name, r"(\d+)\.png") for name in ("rgb", "depth"))
        return [*images.items()], depths
    images, depths = [], {}
    for line_number, line in data_lines(path):
        words = line.split()
        if len(words) != 4 or not is_whole(words[0]):
            raise SourceError(f"{path} line {line_number}: expected `number depth/N.png number rgb/N.png`, found "
                              f"{line[:60]!r}")
        images.append((int(words[0]), folder / words[3]))
        depths.setdefault(int(words[0]), folder / words[1])
    return images, depths


def _numbered_ground_truth(folder):
    """*.gt.freiburg -> {number of the image: T_world_cam}; it begins with image 1 or 2."""
    path = next(iter(sorted(folder.glob("*.gt.freiburg"))), folder / "groundtruth.txt")
    ground_truth = read_ground_truth(path)
    return {} if ground_truth is None else {round(number): MIRROR @ T @ MIRROR for number, T in zip(*ground_truth)}


def _own_images(folder):
    return numbered(folder, OWN_NAME)


def _own_T_world_cam(path):
    """scene_00_0000.txt, lines such as `cam_pos = [0, 0, -2.25]';` -> T_world_cam, or None without the file."""
    if not path.is_file():
        return None
    vectors = {}
    for number, line in data_lines(path):
        name, _, value = line.partition("=")
        if name.strip() in ("cam_pos", "cam_dir", "cam_up"):
            vectors[name.strip()] = numbers_in(value.strip(" ;'").strip("[]"), f"{path} line {number}")
    if len(vectors) != 3 or any(vector.size != 3 for vector in vectors.values()):
        raise SourceError(f"{path}: expected cam_pos, cam_dir and cam_up with three numbers each")
    forward = vectors["cam_dir"] / max(np.linalg.norm(vectors["cam_dir"]), 1e-9)
    up = vectors["cam_up"] / max(np.linalg.norm(vectors["cam_up"]), 1e-9)
    T_povray = np.column_stack([np.cross(up, forward), up, forward, vectors["cam_pos"]])
    return pose_from((MIRROR @ np.vstack([T_povray, [0, 0, 0, 1]]) @ MIRROR).ravel(), path)
