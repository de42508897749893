"""What sources check the same way: calibration, image size, depth, and whether a file breaks off."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import SourceError, UnknownCameraError
from calib.files.image_file import UnreadableImage, read_rgb
from calib.formats.calibration_file import calibration_in, read_calibration
from calib.geometry.calibration import Calibration
from calib.geometry.camera import Camera
from sequences.frame import DepthImage
from sequences.sequence import SkipLog, SourceOptions

MISSING_AT_END_S = 0.25
"""A recording that is this much shorter than its header says was cut off; sound often lasts a little longer than
images."""
DEFAULT_NAME = "calibration.yaml"
IMAGE_FOLDERS = ("images", "image", "imgs", "img", "rgb", "color", "colour", "frames", "data", "pictures", "input",
                 "left")
"""Folders that hold the images alone: what belongs to them lies above."""
SUFFIXES = (".yml", ".json", ".txt")
"""Of calibrations that are called like the video they belong to."""
BESIDE = (DEFAULT_NAME, "camera.yaml", "calibration.json", "camera.json", "ost.yaml")
"""Names of those that belong to all videos of a folder."""


def find_calibration(options: SourceOptions, own_file: Path | None) -> Calibration:
    """The Calibration that the user gave, or that of the recording's own file.

    Raises CalibrationError with a hint, UnknownCameraError where there is no file.

    `own_file` is None for a live camera, which has no place for one. Where it is not there, a calibration of another
    program that lies in the same folder serves, and is named.
    """
    if options.calibration_file is None and own_file is None:
        raise UnknownCameraError("a camera does not tell its focal length: give --calibration FILE, or have it "
                                 "estimated with --calibration auto")
    own_file = _own_calibration(own_file) if own_file else None
    path = options.calibration_file or own_file
    if path is None or not path.exists():
        raise UnknownCameraError(f"no {path}: pixels alone do not tell the camera; have it estimated with "
                                 f"--calibration auto, give --calibration FILE or write this file, with the fields "
                                 f"width, height, fx, fy, cx, cy (in pixels)")
    calibration = read_calibration(path)
    if path.name != DEFAULT_NAME and options.calibration_file is None:
        options.tell(f"camera     {path}: {calibration.camera.describe()}")
    if calibration.says_depth_scale or own_file in (None, path) or not own_file.is_file():
        return calibration
    return replace(calibration, depth_scale=read_calibration(own_file).depth_scale)


def _own_calibration(file):
    """The file itself, one of the same name and another suffix, or one of the usual names in its folder."""
    if file.is_file():
        return file
    if file.name == DEFAULT_NAME:
        folder = file.parent.resolve()
        above = calibration_in(folder.parent) if folder.name.lower() in IMAGE_FOLDERS else None
        return calibration_in(file.parent) or above or file
    return next((other for suffix in SUFFIXES if (other := file.with_suffix(suffix)).is_file()),
                next((other for name in BESIDE if (other := file.parent / name).is_file()), file))


def camera_for(options: SourceOptions, own: Camera | None, size: tuple[int, int]) -> Camera:
    """The camera that the user gave, or the source's `own`, for images of (height, width). Raises CalibrationError.

    `own` may be None where the user gave one.
    """
    if options.calibration_file is not None or own is None:
        own = find_calibration(options, None).camera
    return own.fitted_to(size)


def require_file(location: str | Path) -> Path:
    """-> Path. Raises SourceError where it is no file."""
    file = Path(location)
    if not file.is_file():
        raise SourceError(f"{file} is not a file")
    return file


def note_early_end(skipped: SkipLog, file: Path, count: int, end_s: float, whole_s: float) -> None:
    """Count a file that breaks off, after `count` frames and at `end_s` of the announced `whole_s`, as skipped."""
    if whole_s - end_s > MISSING_AT_END_S:
        skipped.add(f"{file}: ends after {count} frames, {end_s:.1f} s of {whole_s:.1f} s")


def first_readable(files: Sequence[Any], source: object, read: Callable[[Any], Any]) -> Any:
    """What `read` makes of the first image that can be read. Raises SourceError with a reason if none can."""
    reason = None
    for file in files:
        try:
            return read(file)
        except UnreadableImage as error:
            reason = reason or error
    raise SourceError(f"{source}: none of its {len(files)} images can be read; {reason}")


def first_readable_size(files: Sequence[Any], source: object,
                        read: Callable[[Any], np.ndarray] = read_rgb) -> tuple[int, int]:
    """(height, width) of the first image that can be read. Raises SourceError with a reason if none can."""
    height, width = first_readable(files, source, read).shape[:2]
    return height, width


def read_frame(file: Any, camera: Camera, skipped: SkipLog,
               read: Callable[[Any], np.ndarray] = read_rgb) -> np.ndarray | None:
    """-> (H, W, 3) uint8, or None for an unreadable file, which is counted. Raises SourceError on another size."""
    try:
        rgb = read(file)
    except UnreadableImage as reason:
        skipped.add(str(reason))
        return None
    if rgb.shape[:2] != camera.size:
        raise SourceError(f"{file} is {rgb.shape[1]}x{rgb.shape[0]} but the images before it are "
                          f"{camera.width}x{camera.height}: one sequence has one image size")
    return rgb


def refuse_sensor_depth(options: SourceOptions, source: object) -> None:
    """For sources without depth: raise SourceError where every frame's depth is asked for."""
    if options.depth_every == 1:
        raise SourceError(f"{source} has no depth images: choose a network, --depth mobile (ours) or --depth FILE.onnx")


def depth_on_colour(depth_m: np.ndarray, camera: Camera, place: object) -> DepthImage:
    """(h, w) metres, 0 without a reading, that lie on the images of `camera` -> DepthImage. Raises SourceError, with
    `place` in front, where the aspect ratios differ."""
    height, width = depth_m.shape
    if abs(width * camera.height / (height * camera.width) - 1) > 0.01:
        raise SourceError(f"{place}: depth images are {width}x{height} but colour is {camera.width}x{camera.height}, "
                          f"another aspect ratio: register depth to colour first")
    return DepthImage(depth_m, camera.subsampled(depth_m.shape))
