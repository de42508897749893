"""Calibration files: ours is written and read, those of other programs are read.

Which one a file is, is seen from what it says, never from its name; see the table FORMATS.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from calib.base.errors import CalibrationError, SourceError
from calib.files.atomic_file import write_file
from calib.files.bounded_file import bytes_of
from calib.files.json_text import MAX_BYTES as MAX_JSON_BYTES
from calib.formats.document import Document
from calib.formats.ours import REQUIRED_FIELDS
from calib.geometry.calibration import Calibration
from calib.geometry.camera import Camera

FORMATS = {
    "colmap": "cameras.txt or cameras.bin of COLMAP",
    "matlab": "MATLAB's (Bouguet's toolbox, or a saved structure), or Middlebury's",
    "ros_ini": "ost.txt of ROS",
    "kitti": "calib.txt of KITTI",
    "tum": "camera.txt of TUM's monocular data set, LSD-SLAM and DSO",
    "plain": "plain numbers: a line fx fy cx cy, or an intrinsic matrix",
    "camodocal": "settings of VINS (camodocal)",
    "orb_slam": "settings of ORB-SLAM or its kin (pySLAM, stella_vslam)",
    "ros": "camera_info of ROS, as file or as message",
    "kalibr": "camchain of Kalibr",
    "euroc": "sensor.yaml of EuRoC and its kin",
    "basalt": "calibration.json of Basalt",
    "opencv": "OpenCV's FileStorage, as YAML, XML or JSON",
    "nerf": "transforms.json of instant-ngp or nerfstudio",
    "named": "a camera's numbers by their usual names, in JSON or YAML",
    "ours": "our own YAML",
}
"""Modules of calib.formats in the order in which a file is offered to them; ours takes whatever is left."""
MAX_BYTES = 1_000_000
"""Of a calibration; JSON may have a line for each image besides the camera."""
IN_FOLDERS = ("calibration.yaml", "calibration.yml", "calibration.json", "calibration.txt", "camera.yaml", "camera.yml",
              "camera.json", "camera.txt", "camera_intrinsic.json", "camera_intrinsics.json", "intrinsics.json",
              "intrinsic.json", "intrinsics.yaml", "intrinsics.txt", "intrinsic.txt", "camera-intrinsics.txt",
              "camera_intrinsics.txt", "intrinsic/intrinsic_color.txt", "camera_info.yaml", "ost.yaml", "ost.txt",
              "calib.yaml", "calib.json", "calib.txt", "calib_cam_to_cam.txt", "K.txt", "cam_K.txt", "camchain.yaml",
              "sensor.yaml", "cam_params.json", "camera_params.json", "cameras.bin", "cameras.txt", "sparse/0",
              "sparse", "colmap/sparse/0", "transforms.json", "Calib_Results.m", "Calib_Results.mat")
"""Names that calibrations have in folders of recordings, the surest first."""

__all__ = ["REQUIRED_FIELDS", "Calibration", "calibration_in", "cameras_of_colmap", "read_calibration",
           "write_calibration"]


def read_calibration(path: str | Path) -> Calibration:
    """File, or a folder with one -> Calibration. Its camera may be an UnsizedCamera or AnySizeCamera, which gets its
    size from the images (Camera.fitted_to). Raises CalibrationError that names the missing, unknown or wrong field."""
    return _read(Path(path))[1]


def cameras_of_colmap(path: Path) -> dict[int, Camera]:
    """cameras.txt or cameras.bin of COLMAP -> its cameras by their ids. Raises CalibrationError."""
    try:
        document = Document(_content(path))
        if not _module("colmap").recognises(document):
            raise CalibrationError("this is no list of COLMAP's cameras")
        return _module("colmap").read_cameras(document)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def calibration_in(folder: Path) -> Path | None:
    """The file of one of the usual names that lies in a folder, or None."""
    for name in IN_FOLDERS:
        path = folder / name
        if path.is_file():
            return path
        if path.is_dir() and (inner := calibration_in(path)):
            return inner
    return None


def read_fields(path: str | Path) -> dict[str, Any]:
    """The fields that a YAML file of a camera or another sensor consists of. Raises CalibrationError."""
    try:
        return Document(_content(Path(path))).fields
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def describe_format(path: str | Path) -> str:
    """What kind of file this is, in words. Raises CalibrationError."""
    return FORMATS[_read(Path(path))[0]]


def write_calibration(path: str | Path, calibration: Calibration, remarks: Iterable[str] = ()) -> None:
    """Calibration -> YAML file that `read_calibration` reads back unchanged, `remarks` on top. Raises OutputError."""
    write_file(path, calibration_text(calibration, remarks).encode())


def calibration_text(calibration: Calibration, remarks: Iterable[str] = ()) -> str:
    """What such a file says."""
    camera = calibration.camera
    fields = {"model": camera.model, "width": int(camera.width), "height": int(camera.height),
              **{name: float(getattr(camera, name)) for name in REQUIRED_FIELDS[2:]},
              "distortion": [float(k) for k in camera.distortion]}
    if calibration.says_depth_scale:
        fields["depth_scale"] = float(calibration.depth_scale)
    return "".join(f"# {remark}\n" for remark in remarks) + yaml.safe_dump(fields, sort_keys=False)


def _read(path):
    """-> name of the format, Calibration"""
    if path.is_dir():
        inner = calibration_in(path)
        if inner is None:
            raise CalibrationError(f"{path} is a folder without a calibration (looked for {', '.join(IN_FOLDERS[:6])} "
                                   f"and others): give the file")
        path = inner
    try:
        document = Document(_content(path))
        name = next(name for name in FORMATS if _recognises(name, document))  # ours takes whatever is left
        return name, _module(name).read(document)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def _recognises(name, document):
    """Formats of text are not asked about what is none, but for the last, which says so."""
    return (document.is_text or name in ("colmap", "matlab", "ours")) and _module(name).recognises(document)


def _module(name):
    return import_module(f"calib.formats.{name}")


def _content(path):
    try:
        data = bytes_of(path, MAX_JSON_BYTES, "a calibration")
    except OSError as error:
        raise CalibrationError(error.strerror) from error
    except SourceError as error:
        raise CalibrationError("this is no calibration: it is no file, or far too large") from error
    if len(data) > MAX_BYTES and not data.lstrip().startswith(b"{"):
        raise CalibrationError("this is far too large for a calibration")
    return data
