"""A phone's scan with a JSON of camera and pose for each image: Polycam (`keyframes/images`, `keyframes/cameras`,
`keyframes/depth`) and 3D Scanner App (`frame_00000.jpg`, `frame_00000.json`). The poses are ARKit's.
"""

from pathlib import Path

import numpy as np

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import images_in
from calib.files.json_text import json_in
from calib.formats.named import calibration_in
from calib.geometry.camera import Camera
from sequences.datasets.layout import require_folder
from sequences.datasets.posed_images import PosedImages, from_opengl, one_after_the_other
from sequences.datasets.recorded_dataset import Shot
from sequences.sequence import SourceOptions

LAYOUT = "keyframes/images and keyframes/cameras (Polycam), or frame_*.jpg and .json (3D Scanner App)"
FOLDERS = (("keyframes/corrected_images", "keyframes/corrected_cameras"), ("keyframes/images", "keyframes/cameras"),
           ("corrected_images", "corrected_cameras"), ("images", "cameras"), (".", "."))
"""Of images and of their JSON."""
POSES = ("cameraPoseARFrame", "transform", "cameraTransform", "pose", "camera_to_world")
TIMES = ("timestamp", "time")
ROWS = [f"t_{row}{column}" for row in range(3) for column in range(4)]
"""Polycam's names for the numbers of its pose."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there."""
    return bool(_pairs(Path(path)))


class PosedJsonSequence(PosedImages):
    """A scan with a JSON file for each image."""

    def __init__(self, location: str | Path, options: SourceOptions):
        folder = require_folder(location, LAYOUT)
        pairs = _pairs(folder)
        if not pairs:
            raise SourceError(f"{folder} has no images with a JSON file each: expected {LAYOUT}")
        fields = [_fields(file) for _, file in pairs]
        times_s = one_after_the_other(len(pairs), _times_s(fields))
        shots = [Shot(time_s, image, _depth(image), _T_world_cam(values, file))
                 for time_s, (image, file), values in zip(times_s, pairs, fields)]
        camera = None if options.calibration_file else _camera(fields, pairs[0][1])
        super().__init__(folder, LAYOUT, shots, camera, options, "poses of the phone")


def _pairs(folder):
    """(image, JSON) of the same name; [] where there are none, or they hold no pose."""
    for images, cameras in FOLDERS:
        place = folder / cameras
        if not (folder / images).is_dir() or not place.is_dir() or not any(place.glob("*.json")):
            continue
        pairs = [(image, file) for image in images_in(folder / images)
                 if (file := place / f"{image.stem}.json").is_file()]
        if pairs and _has_pose(pairs[0][1]):
            return pairs
    return []


def _has_pose(file):
    try:
        fields = _fields(file)
    except SourceError:
        return False
    return ROWS[0] in fields or any(name in fields for name in POSES)


def _fields(file):
    fields = json_in(file)
    if not isinstance(fields, dict):
        raise SourceError(f"{file}: expected JSON with a camera's numbers")
    return fields


def _T_world_cam(fields, file):
    if ROWS[0] in fields:
        return from_opengl([fields.get(name) for name in ROWS], file)
    name = next((name for name in POSES if name in fields), None)
    return from_opengl(fields[name], file) if name else None


def _times_s(fields):
    """Seconds, where all say them; Polycam counts smaller units."""
    name = next((name for name in TIMES if all(isinstance(values.get(name), int | float) for values in fields)), None)
    if name is None:
        return []
    times = np.array([values[name] for values in fields], float)
    interval = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    per_s = next((per_s for per_s in (1, 1e3, 1e6, 1e9) if interval / per_s <= 10), 1e9)
    return ((times - times[0]) / per_s).tolist()


def _camera(fields, file) -> Camera:
    """That of the image with the median focal length: ARKit follows the focus."""
    try:
        found = [calibration_in(values) for values in fields]
    except CalibrationError as error:
        raise CalibrationError(f"{file}: {error}") from error
    cameras = sorted((one.camera for one in found if one), key=lambda camera: camera.focal_px)
    if not cameras:
        raise CalibrationError(f"{file} has no fx, fy, cx, cy and no matrix of intrinsics")
    return cameras[len(cameras) // 2]


def _depth(image):
    """Polycam's folder depth, or 3D Scanner App's depth_00000.png; None without."""
    candidates = [image.parent.parent / "depth" / f"{image.stem}.png",
                  image.with_name(image.stem.replace("frame", "depth") + ".png")]
    return next((file for file in candidates if file.is_file() and file != image), None)
