"""Cameras in JSON or YAML under the names that people give their numbers: `fx`, `focal_x`, `ppx`, an intrinsic matrix,
a list, at the top or within what else a file holds. So Open3D, Polycam, 3D Scanner App, RealSense, NICE-SLAM, MonoGS,
MASt3R-SLAM, OpenCV's and many programs' own; what else is in them is left alone.

Where a file holds several cameras, the first that is not the depth camera's or the right one's counts.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from calib.base.errors import CalibrationError
from calib.formats.document import Document
from calib.formats.matrix import intrinsics_of, is_matrix
from calib.formats.ours import has_our_names
from calib.geometry.calibration import DEPTH_SCALE, Calibration, camera_from, number

FX = ("fx", "flx", "focalx", "focallengthx", "fu", "camerafx")
FY = ("fy", "fly", "focaly", "focallengthy", "fv", "camerafy")
ONE_FOCAL = ("f", "focal", "focallength", "focallengthpx", "fl")
CX = ("cx", "ppx", "u0", "cu", "principalpointx", "principalx", "opticalcenterx", "cameracx")
CY = ("cy", "ppy", "v0", "cv", "principalpointy", "principaly", "opticalcentery", "cameracy")
WIDTHS = ("width", "w", "imagewidth", "imgwidth", "cols", "camerawidth", "cameracols")
HEIGHTS = ("height", "h", "imageheight", "imgheight", "rows", "cameraheight", "camerarows")
SIZES = ("resolution", "imagesize", "imsize", "size", "imageresolution", "framesize")
LISTS = ("calibration", "intrinsics", "intrinsic", "cameraintrinsics", "intrinsicparameters", "projectionparameters")
MATRICES = ("cameramatrix", "cameramatrix1", "intrinsicmatrix", "intrinsicsmatrix", "intrinsics", "intrinsic",
            "cameraintrinsics", "cameraintrinsic", "colorintrinsics", "mtx", "k", "m1", "k1", "kmat", "kcolor", "krgb",
            "leftk", "matrix", "kmatrix", "calibrationmatrix", "ml", "kl", "kleft", "cm1", "kk", "cameramatrixleft",
            "cameramatrixl")
DISTORTIONS = ("distortion", "distortioncoefficients", "distortioncoeffs", "distcoeffs", "distcoeff", "dist", "d", "d1",
               "distcoeffs1", "coeffs", "distortionparameters", "distortionparams", "leftd", "dl", "dleft",
               "distcoeffsl", "distcoeffsleft", "kc")
COEFFICIENTS = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
MODELS = ("cameramodel", "model", "distortionmodel", "projectiontype", "lensmodel", "cameratype", "fisheyemodel",
          "fisheye", "isfisheye")
SCALES = ("pngdepthscale", "depthscale", "depthmapfactor", "depthfactor", "scale", "rgbddepthmapfactor")
OTHERS = re.compile(r"depth|right|infra|^ir|imu|stereo|extrinsic|pose|rectif|projection", re.IGNORECASE)
"""What the first camera is not in."""
FISHEYE = re.compile(r"fisheye|equidistant|kannala|^kb4?$|^true$|^1$")
NO_LENS = re.compile(r"equirect|panoram|spheric")
MAX_DEPTH = 6


def recognises(document: Document) -> bool:
    return bool(document.names) and not has_our_names(document) and _found(document.fields) is not None


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    calibration = calibration_in(document.fields)
    if calibration is None:
        raise CalibrationError("this has no camera in it")
    return calibration


def calibration_in(fields: Mapping[str, Any]) -> Calibration | None:
    """The Calibration that a mapping, or one within it, holds; None without one. Raises CalibrationError."""
    found = _found(fields)
    if found is None:
        return None
    intrinsics, inner, outer = found
    _refuse_misspelt(inner)
    levels = [inner, *outer]
    model = str(_first(levels, MODELS, "pinhole")).lower()
    if NO_LENS.search(model):
        raise CalibrationError(f"camera model {model!r} is not supported: SLAM takes pictures of one lens")
    is_fisheye = bool(FISHEYE.search(model))
    distortion = _distortion(levels, is_fisheye, intrinsics)
    camera = camera_from(_size(levels), intrinsics[:4], distortion, "fisheye" if is_fisheye else "pinhole")
    scale = _depth_scale(levels)
    return Calibration(camera, scale or DEPTH_SCALE, scale is not None)


def _plain(name) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _found(fields):
    """-> fx, fy, cx, cy and maybe distortion behind them; the mapping they are in; those around it. None without."""
    for inner, outer in _mappings(fields, []):
        intrinsics = _intrinsics(inner)
        if intrinsics:
            return intrinsics, inner, outer
    return None


def _mappings(fields: Any, outer: list[Mapping]) -> Iterator[tuple[Mapping, list[Mapping]]]:
    """Every mapping and those around it, nearer ones first; other cameras than the first at last."""
    waiting = [(fields, outer)]
    others = []
    while waiting or others:
        if not waiting:
            waiting, others = others, []
        inner, around = waiting.pop(0)
        yield inner, around
        if len(around) >= MAX_DEPTH:
            continue
        for name, value in inner.items():
            value = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
            if isinstance(value, dict):
                (others if OTHERS.search(str(name)) else waiting).append((value, [inner, *around]))


def _value(mapping: Mapping, names: tuple[str, ...]):
    """Of the first of the names that the mapping has, or None."""
    plain = {_plain(name): value for name, value in mapping.items()}
    return next((plain[name] for name in names if plain.get(name) is not None), None)


def _first(levels, names, default=None):
    return next((value for level in levels if (value := _value(level, names)) is not None), default)


def _intrinsics(mapping):
    """List of fx, fy, cx, cy, maybe with distortion behind; None where the mapping has none."""
    focal = _value(mapping, ONE_FOCAL)
    separate = [_value(mapping, names) for names in (FX, FY, CX, CY)]
    separate[:2] = [focal if value is None and not isinstance(focal, (list, dict)) else value for value in separate[:2]]
    if None not in separate:
        return [number(name, value) for name, value in zip(("fx", "fy", "cx", "cy"), separate)]
    for name, value in mapping.items():
        values = _listed(value)
        if _plain(name) in MATRICES and len(values) in (9, 12, 16) and is_matrix(values):
            return [*intrinsics_of(values)]
        if _plain(name) in LISTS and len(values) in (4, 8, 9):
            return values
    return None


def _listed(value) -> list[float]:
    """A list, a list of lists, or a matrix with `data` -> numbers; none where it is something else."""
    if isinstance(value, dict):
        value = value.get("data")
    if not isinstance(value, list):
        return []
    flat = [item for row in value for item in (row if isinstance(row, list) else [row])]
    try:
        return [number("", item) for item in flat]
    except CalibrationError:
        return []


def _distortion(levels, is_fisheye, intrinsics):
    if len(intrinsics) > 4:
        return intrinsics[4:] if any(intrinsics[4:]) or is_fisheye else ()
    names = ("k1", "k2", "k3", "k4") if is_fisheye else COEFFICIENTS
    for level in levels:
        inner = _value(level, DISTORTIONS)
        values = _listed(inner)
        if not values and isinstance(inner, dict):
            values = [number(name, _value(inner, (name,)) or 0) for name in names]
        separate = [_value(level, (name,)) for name in names]
        if not values and not any(isinstance(value, (list, dict)) for value in separate):
            values = [number(name, value or 0) for name, value in zip(names, separate)]
        if any(values):
            return values
    return (0.0,) * 4 if is_fisheye else ()


def _size(levels):
    for level in levels:
        width, height = _value(level, WIDTHS), _value(level, HEIGHTS)
        if width is not None and height is not None and not isinstance(width, (list, dict)):
            return number("width", width), number("height", height)
        size = _value(level, SIZES)
        if isinstance(size, dict):
            return _size([size])
        if len(_listed(size)) == 2:
            return _listed(size)
    return None


def _depth_scale(levels):
    """Units per metre; what is below 1 is metres per unit. None where nobody says."""
    value = _first(levels, SCALES)
    if value is None or isinstance(value, (list, dict)):
        return None
    scale = number("depth_scale", value)
    return scale if scale >= 10 else 1 / scale if 0 < scale < 0.1 else None


def _refuse_misspelt(mapping):
    """Raise CalibrationError for a name that is nearly one that matters."""
    for name in mapping:
        near = difflib.get_close_matches(str(name), ("distortion", "depth_scale"), 1, 0.8)
        if near and near[0] != name and _plain(name) not in DISTORTIONS + SCALES:
            raise CalibrationError(f"unknown field {name}: is it {near[0]}?")
