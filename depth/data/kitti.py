"""KITTI's raw recordings with the laser's points, or with the denser maps of the depth benchmark where they are.

Expects DATE/calib_cam_to_cam.txt, DATE/calib_velo_to_cam.txt and DATE/DRIVE/image_02/data/*.png (image_03 too), with
DATE/DRIVE/velodyne_points/data/*.bin or, anywhere below the folder, DRIVE/proj_depth/groundtruth/image_02/*.png.
Geiger 2013; Uhrig 2017.

Depth is the camera's z. The numbers of papers that measure against laser points are for the distance along the laser's
forward axis: say `kitti,along=laser:DIR` to compare with them. Eigen 2014 trains on `kitti,meeting=in_time,
standing=dropped,even=800:DIR`.
"""

import math
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from calib.base.errors import BadInputError
from calib.files.image_file import read_depth_u16, read_rgb
from calib.files.text_file import text_of
from calib.geometry.camera import Camera
from depth.data import scenes
from depth.data.kitti_laser import ALONG, MEETING, projected, read_points, stands
from depth.data.options import Choices
from depth.data.sample import Sample
from depth.data.split import chosen

UNITS_PER_M = 256.0
"""Units of the depth benchmark's 16-bit images in a metre."""
CAMERAS = ("image_02", "image_03")
"""Left and right colour cameras, as unassociated shots: Eigen 2014, section 4.2."""


class Kitti:
    """KITTI as a depth.data.sample.DepthDataset. Eigen's split comes as a text file: --split eigen_test_files.txt."""

    border, farthest_m, protocol = 0.0, math.inf, "kitti"
    licence = "KITTI: CC BY-NC-SA 3.0 (non-commercial); made by Geiger, Lenz, Stiller and Urtasun (2013)"
    options: ClassVar[Choices] = {"along": ALONG, "meeting": MEETING, "standing": ("kept", "dropped"), **scenes.OPTIONS}

    def __init__(self, folder: str | Path, split: str = "all", along: str = "camera", meeting: str = "nearest",
                 standing: str = "kept", spaced: int | None = None, even: int | None = None) -> None:
        """`along`, `meeting`: see depth.data.kitti_laser.projected. `standing`: images of a car that stands still.
        `spaced`, `even`: see depth.data.scenes.per_scene; each camera of each drive is a scene."""
        self.folder, self.name, self.along, self.meeting = Path(folder), "kitti", along, meeting
        images = sorted(path for camera in CAMERAS for path in self.folder.glob(f"*/*/{camera}/data/*")
                        if path.suffix in (".png", ".jpg"))
        dense = {} if along == "laser" else \
            {path.parents[1].name: path for path in self.folder.rglob("proj_depth/groundtruth")}
        pairs = [(image, ground_truth) for image in images if (ground_truth := _ground_truth_of(image, dense))]
        if not pairs:
            raise BadInputError(f"{folder} has no DATE/DRIVE/image_02/data with velodyne_points or proj_depth")
        names = [str(image.relative_to(self.folder)) for image, _ in pairs]
        indices = chosen(names, range(len(names)), split, folder)
        if standing == "dropped":
            indices = [k for k in indices if not stands(_oxts_of(pairs[k][0]))]
        if not indices:
            raise BadInputError(f"{folder}: the car stands still in all images of the split {split}")
        indices = scenes.per_scene(indices, [image.parent for image, _ in pairs], split, spaced, even)
        self.names, self.pairs = [names[k] for k in indices], [pairs[k] for k in indices]

    @staticmethod
    def recognises(folder: str | Path) -> bool:
        return any(any(Path(folder).glob(f"*/*/{camera}/data")) for camera in CAMERAS)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Sample:
        image, ground_truth = self.pairs[index]
        rgb = read_rgb(image)
        P, T_rect_velo = calibration(image.parents[3], image.parents[1].name)
        camera = Camera(rgb.shape[1], rgb.shape[0], P[0, 0], P[1, 1], P[0, 2], P[1, 2])
        if ground_truth.suffix == ".png":
            depth_m = read_depth_u16(ground_truth) / np.float32(UNITS_PER_M)
        else:
            depth_m = projected(read_points(ground_truth), P @ T_rect_velo, rgb.shape[:2], self.along, self.meeting)
        return Sample(rgb, camera, depth_m, camera)


@lru_cache(maxsize=64)
def calibration(date_folder: Path, camera: str) -> tuple[np.ndarray, np.ndarray]:
    """Folder of a day and `image_02` -> P_rect (3, 4), and laser to the rectified first camera (4, 4)."""
    cameras, laser = (_matrices(date_folder / f"calib_{name}_to_cam.txt") for name in ("cam", "velo"))
    number = camera[-2:]
    try:
        T_cam_velo, R_rect = np.eye(4), np.eye(4)
        T_cam_velo[:3] = np.column_stack([laser["R"].reshape(3, 3), laser["T"]])
        R_rect[:3, :3] = cameras["R_rect_00"].reshape(3, 3)
        return cameras[f"P_rect_{number}"].reshape(3, 4), R_rect @ T_cam_velo
    except (KeyError, ValueError) as error:
        raise BadInputError(f"{date_folder}: calibration files without R, T, R_rect_00 or P_rect_{number}") from error


def _matrices(path):
    """`NAME: numbers` lines -> {name: array}; other lines are left out."""
    matrices = {}
    try:
        for line in text_of(path).splitlines():
            name, _, numbers = line.partition(":")
            try:
                matrices[name] = np.array([float(number) for number in numbers.split()])
            except ValueError:
                continue
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}") from error
    return matrices


def _oxts_of(image):
    return image.parents[2] / "oxts" / "data" / f"{image.stem}.txt"


def _ground_truth_of(image, dense):
    """Image path and {drive: its groundtruth folder} -> path of its depth, or None."""
    drive, camera = image.parents[2], image.parents[1].name
    candidates = [dense[drive.name] / camera / f"{image.stem}.png"] if drive.name in dense else []
    candidates.append(drive / "velodyne_points" / "data" / f"{image.stem}.bin")
    return next((path for path in candidates if path.is_file()), None)
