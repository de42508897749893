"""Calibration files: ours is written and read, those of other programs are read.

Which one a file is, is seen from what it says, never from its name; see the table FORMATS.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from calib.base.errors import CalibrationError
from calib.files.atomic_file import write_file
from calib.formats.document import Document
from calib.formats.ours import REQUIRED_FIELDS
from calib.geometry.calibration import Calibration

FORMATS = {
    "opencv": "OpenCV's FileStorage, as YAML, XML or JSON",
    "orb_slam": "settings of ORB-SLAM",
    "ros": "camera_info of ROS, as file or as message",
    "kalibr": "camchain of Kalibr",
    "euroc": "sensor.yaml of EuRoC and its kin",
    "tum": "camera.txt of TUM's monocular data set, LSD-SLAM and DSO",
    "colmap": "cameras.txt of COLMAP",
    "ours": "our own YAML",
}
"""Modules of calib.formats in the order in which a file is offered to them; ours takes whatever is left."""
MAX_BYTES = 1_000_000

__all__ = ["REQUIRED_FIELDS", "Calibration", "read_calibration", "write_calibration"]


def read_calibration(path: str | Path) -> Calibration:
    """File -> Calibration. Raises CalibrationError that names the missing, unknown or wrong field."""
    return _read(Path(path))[1]


def read_fields(path: str | Path) -> dict[str, Any]:
    """The fields that a YAML file of a camera or another sensor consists of. Raises CalibrationError."""
    try:
        return Document(_text(Path(path))).fields
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
    try:
        document = Document(_text(path))
        name = next(name for name in FORMATS if _module(name).recognises(document))  # ours takes whatever is left
        return name, _module(name).read(document)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def _module(name):
    return import_module(f"calib.formats.{name}")


def _text(path):
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CalibrationError(error.strerror) from error
    if len(data) > MAX_BYTES:
        raise CalibrationError("this is far too large for a calibration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CalibrationError("this is not YAML: it is not even text") from error
