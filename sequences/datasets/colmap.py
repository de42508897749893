"""A model of COLMAP and its images: `sparse/0` (or `sparse`, or the files themselves) with `cameras` and `images` as
.bin or .txt, and a folder `images`. Schoenberger 2016; https://colmap.github.io/format.html.

Poses are ground truth up to scale. Of several cameras the one that took most images counts, and their images.
"""

import mmap
import struct
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calib.base.errors import SourceError
from calib.files.image_file import natural_order
from calib.files.text_file import data_lines, is_whole
from calib.formats.calibration_file import cameras_of_colmap
from calib.formats.colmap import one_camera
from calib.geometry.se3 import from_quaternion, inverse
from sequences.datasets.layout import require_folder
from sequences.datasets.posed_images import PosedImages, one_after_the_other
from sequences.datasets.recorded_dataset import Shot
from sequences.sequence import SourceOptions

LAYOUT = "sparse/0 with cameras and images (.bin or .txt), and a folder images (COLMAP)"
MODELS = ("sparse/0", "sparse", "colmap/sparse/0", "dense/sparse", ".")
IMAGES = ("images", "rgb", "input", "image", "color", ".")
POSE = struct.Struct("<I7dI")
"""id, quaternion w x y z, translation, id of the camera"""
MAX_IMAGES, MAX_NAME_BYTES = 1_000_000, 4096


class _Image(NamedTuple):
    name: str
    T_world_cam: np.ndarray
    camera: int


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return _model(Path(path)) is not None


class ColmapSequence(PosedImages):
    """The images of a model of COLMAP."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        model = _model(folder)
        if model is None:
            raise SourceError(f"{folder} has no model of COLMAP: expected {LAYOUT}")
        images = sorted(_images(model), key=lambda image: natural_order(Path(image.name)))
        cameras = cameras_of_colmap(_of(model, "cameras") or model)
        by_size = Counter(cameras[image.camera].size for image in images if image.camera in cameras)
        if not by_size:
            raise SourceError(f"{model}: none of its images has a camera")
        size = by_size.most_common(1)[0][0]
        chosen = [image for image in images if image.camera in cameras and cameras[image.camera].size == size]
        place = _place(folder, chosen)
        shots = [Shot(time_s, place / image.name, None, image.T_world_cam)
                 for time_s, image in zip(one_after_the_other(len(chosen)), chosen)]
        camera = None if options.calibration_file else one_camera([cameras[image.camera] for image in chosen])
        super().__init__(folder, LAYOUT, shots, camera, options, f"{model.name}, without scale")
        if len(chosen) < len(images):
            self.skipped.add(f"{model}: {len(images) - len(chosen)} images are of another size, and left out")


def _of(model, name):
    return next((file for suffix in (".bin", ".txt") if (file := model / f"{name}{suffix}").is_file()), None)


def _model(folder):
    """The folder that holds cameras and images, or None."""
    return next((folder / name for name in MODELS if _of(folder / name, "cameras") and _of(folder / name, "images")),
                None)


def _place(folder, images):
    """The folder that the images' names count from."""
    for base in (folder, folder.resolve().parent, folder.resolve().parent.parent):  # the model itself may be given
        for name in IMAGES:
            if (base / name / images[0].name).is_file():
                return base / name
    raise SourceError(f"{folder}: the images of this COLMAP model are not there, such as images/{images[0].name}")


def _images(model):
    file = _of(model, "images") or model
    try:
        if file.suffix != ".bin":
            return _text(file)
        with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _binary(data)
    except (struct.error, ValueError, IndexError, OverflowError, OSError) as error:
        raise SourceError(f"{file} is no list of COLMAP's images, or cut off ({error})") from error


def _binary(data):
    count, place, images = int.from_bytes(data[:8], "little"), 8, []
    if count > MAX_IMAGES:
        raise ValueError(f"{count} images")
    for _ in range(count):
        _, *numbers, camera = POSE.unpack_from(data, place)
        end = data.find(b"\0", place + POSE.size, place + POSE.size + MAX_NAME_BYTES)
        if end < 0:
            raise ValueError("a name without end")
        name = data[place + POSE.size: end].decode()
        points, = struct.unpack_from("<Q", data, end + 1)
        place = end + 9 + 24 * points
        images.append(_Image(name, _T_world_cam(numbers), camera))
    return images


def _text(file):
    """Two lines per image: `ID QW QX QY QZ TX TY TZ CAMERA NAME`, and its points, which may be none at all."""
    images = []
    for _, line in data_lines(file):
        words = line.split(maxsplit=9)
        if len(words) == 10 and is_whole(words[0]) and is_whole(words[8]) and Path(words[9].strip()).suffix:
            images.append(_Image(words[9].strip(), _T_world_cam([float(word) for word in words[1:8]]), int(words[8])))
    return images


def _T_world_cam(numbers):
    """Quaternion w x y z and translation, world to camera -> (4, 4)"""
    w, x, y, z, *t = numbers
    return inverse(from_quaternion(np.array(t), np.array([x, y, z, w])))
