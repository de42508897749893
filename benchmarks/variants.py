"""Other recordings made from one in TUM layout, so that nobody has to believe a single run: halves of it, and copies
with noise added to the images.

Each is a folder in TUM layout with the name of the original,
with its depth, ground truth and calibration. It lasts until the next one is asked for.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from calib.files.image_file import UnreadableImage, read_rgb
from calib.files.tum_files import GROUND_TRUTH_FILES, read_index

NOISE_LEVELS = 4.0
"""Standard deviation of the noise, in grey levels of 255: that of a camera indoors in the evening."""


def halves(recording: Path, count: int) -> Iterator[Path]:
    """`count` windows of half a recording's frames, evenly spread over it -> folders"""
    images = read_index(recording / "rgb.txt")
    length = (len(images) + 1) // 2
    for first in np.linspace(0, len(images) - length, count).round().astype(int):
        with variant(recording, images[first:first + length], linked) as folder:
            yield folder


def noisy(recording: Path, count: int) -> Iterator[Path]:
    """The recording with Gaussian noise in every colour of every pixel, `count` times by another seed -> folders"""
    images = read_index(recording / "rgb.txt")
    for seed in range(count):
        with variant(recording, images, partial(with_noise, rng=np.random.default_rng(seed))) as folder:
            yield folder


@contextmanager
def variant(recording: Path, images: Sequence[tuple[float, str]], put: Callable[[Path, Path], str]) -> Iterator[Path]:
    """A temporary recording of these `images`, [(time_s, name)]; put(image, folder) -> the name that it has there."""
    recording = recording.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, recording.parent.name, recording.name)  # which tell the cameras of the TUM benchmark
        (folder / "rgb").mkdir(parents=True)
        names = [(time_s, f"rgb/{put(recording / name, folder / 'rgb')}") for time_s, name in images]
        write_index(folder / "rgb.txt", names)
        if (recording / "depth.txt").is_file():
            write_index(folder / "depth.txt", [(time_s, recording / name) for time_s, name
                                               in read_index(recording / "depth.txt")])
        for name in (*GROUND_TRUTH_FILES, "calibration.yaml"):
            if (recording / name).is_file():
                (folder / name).symlink_to(recording / name)
        yield folder


def linked(image: Path, folder: Path) -> str:
    """A link to the image. -> its name"""
    os.symlink(image, folder / image.name)
    return image.name


def with_noise(image: Path, folder: Path, rng: np.random.Generator) -> str:
    """The image as PNG, so that compression takes nothing of the noise away; one that is damaged stays as it is."""
    try:
        rgb = read_rgb(image)
    except UnreadableImage:
        return linked(image, folder)
    noise = rng.standard_normal(rgb.shape, np.float32) * np.float32(NOISE_LEVELS)
    rgb = np.rint(rgb + noise).clip(0, 255).astype(np.uint8)
    name = f"{image.stem}.png"
    cv2.imwrite(str(folder / name), rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return name


def write_index(path: Path, entries: Sequence[tuple[float, str | Path]]) -> None:
    """[(time_s, name)] as `timestamp filename`, the inverse of calib.files.tum_files.read_index."""
    path.write_text("".join(f"{time_s} {name}\n" for time_s, name in entries))
