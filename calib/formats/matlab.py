"""What MATLAB has of a camera: `Calib_Results.m` and `.mat` of Bouguet's toolbox (fc, cc, kc, nx, ny), structures of
its own cameraParameters (saved by toStruct), and Middlebury's `cam0=[f 0 cx; ...]`, which has the same syntax.

Bouguet and Middlebury count pixels from 0, as we do, MATLAB itself from 1.
"""

import re
from typing import Any

import numpy as np

from calib.base.errors import CalibrationError
from calib.files.mat_file import mat_contents
from calib.formats.document import Document
from calib.formats.matrix import intrinsics_of
from calib.geometry.calibration import Calibration, camera_from, without_depth

ASSIGNMENT = re.compile(r"^\s*(\w+)\s*=\s*(\[[^\]]*\]|[-+.\deE]+)\s*;?", re.MULTILINE)
HEADER = b"MATLAB 5.0 MAT-file"
NEEDED = ({"fc", "cc"}, {"cam0"}, {"K"}, {"IntrinsicMatrix"}, {"KK"}, {"intrinsicMatrix"})
"""Names of variables, one set of which must be there."""


def recognises(document: Document) -> bool:
    if document.data.startswith(HEADER):
        return True
    return document.is_text and "=" in document.text and any(names <= set(_assigned(document)) for names in NEEDED)


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    values = _saved(document.data) if document.data.startswith(HEADER) else _assigned(document)
    if {"fc", "cc"} <= set(values):
        (fx, fy), (cx, cy) = (_numbers(values, name, 2) for name in ("fc", "cc"))
        return _calibration(values, ("nx", "ny"), (fx, fy, cx, cy), _lens(values, "kc"))
    if "cam0" in values:
        return _calibration(values, ("width", "height"), intrinsics_of(_numbers(values, "cam0", 9)), ())
    name = next((name for name in ("IntrinsicMatrix", "intrinsicMatrix", "K", "KK") if name in values), None)
    if name is None:
        raise CalibrationError("holds neither fc and cc nor an intrinsic matrix: save toStruct(cameraParams), or K and "
                               "ImageSize")
    fx, fy, cx, cy = intrinsics_of(_numbers(values, name, 9))
    counts_from = 0 if name == "KK" else 1
    radial, tangential = _lens(values, "RadialDistortion"), _lens(values, "TangentialDistortion")
    distortion = [*radial[:2], *(tangential or [0.0, 0.0]), *radial[2:]] if radial else []
    size = _numbers(values, "ImageSize", 2)[::-1] if "ImageSize" in values else None
    camera = camera_from(size, (fx, fy, cx - counts_from, cy - counts_from), distortion if any(distortion) else ())
    return without_depth(camera)


def _calibration(values, size_names, intrinsics, distortion):
    size = [_numbers(values, name, 1)[0] for name in size_names] if set(size_names) <= set(values) else None
    return without_depth(camera_from(size, intrinsics, distortion if any(distortion) else ()))


def _assigned(document):
    """{name: [numbers]} of lines such as `fc = [ 657.3 ; 657.7 ];`"""
    values = {}
    for name, text in ASSIGNMENT.findall(document.text):
        try:
            values[name] = [float(word) for word in re.split(r"[\s,;]+", text.strip("[]")) if word]
        except ValueError:
            continue
    return values


def _saved(data):
    """{name: [numbers]} of a .mat file, those within structures included."""
    try:
        content = mat_contents(data, simplify_cells=True)
    except Exception as error:  # damaged files end in errors of every kind
        raise CalibrationError(f"this .mat file cannot be read: {' '.join(str(error).split())[:100]}") from error
    return dict(_flattened(content))


def _flattened(tree: dict[str, Any]):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flattened(value)
        elif isinstance(value, np.ndarray | int | float) and np.asarray(value).dtype.kind in "fiu":
            yield name, np.asarray(value, float).ravel().tolist()


def _numbers(values, name, count):
    numbers = values[name]
    if len(numbers) != count or not np.all(np.isfinite(numbers)):
        raise CalibrationError(f"{name} takes {count} numbers, not {len(numbers)}")
    return numbers


def _lens(values, name):
    return [number if np.isfinite(number) else 0.0 for number in values.get(name, [])]
