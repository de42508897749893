"""Recordings of instant-ngp and nerfstudio: `transforms.json` with `file_path` and `transform_matrix` (camera to world,
OpenGL's camera axes) of each image, and maybe `depth_file_path` (millimetres). Müller 2022, Tancik 2023.
"""

from pathlib import Path

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import natural_order
from calib.files.json_text import json_in
from calib.formats.nerf import camera_in_transforms
from sequences.datasets.layout import require_files, require_folder
from sequences.datasets.posed_images import PosedImages, from_opengl, one_after_the_other
from sequences.datasets.recorded_dataset import Shot
from sequences.sequence import SourceOptions

LAYOUT = "transforms.json with frames (nerfstudio, instant-ngp)"
NAMES = ("transforms.json", "transforms_train.json")
SUFFIXES = ("", ".png", ".jpg", ".jpeg")
"""instant-ngp leaves them out in rendered scenes."""


def recognises(path: str | Path) -> bool:
    """Whether this layout lies there: the folder, or the file itself."""
    return _file(Path(path)) is not None


class TransformsSequence(PosedImages):
    """Images and poses of a transforms.json."""

    def __init__(self, location: str | Path, options: SourceOptions):
        file = _file(Path(location))
        if file is None:
            require_files(require_folder(location, LAYOUT), NAMES[:1], LAYOUT)
        assert file is not None
        fields = _fields(file)
        frames = sorted(((image, frame) for frame in fields["frames"] if (image := _image(file.parent, frame))),
                        key=lambda entry: natural_order(entry[0]))
        if not frames:
            raise SourceError(f"{file} names no image that is there: its file_path count from {file.parent}")
        times_s = one_after_the_other(len(frames), [_time_s(frame) for _, frame in frames])
        shots = [Shot(time_s, image, _depth(file.parent, frame),
                      from_opengl(frame.get("transform_matrix"), f"{file}, {image.name}"))
                 for time_s, (image, frame) in zip(times_s, frames)]
        super().__init__(file.parent, LAYOUT, shots, _camera(file, fields, options), options, file.name)
        missing = len(fields["frames"]) - len(frames)
        if missing:
            self.skipped.add(f"{file} names {missing} images that are not there")


def _file(path):
    if path.is_file():
        return path if path.name in NAMES else None
    return next((path / name for name in NAMES if (path / name).is_file()), None)


def _fields(file):
    try:
        fields = json_in(file)
        frames = fields["frames"]
        if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
            raise ValueError("frames is no list")
    except (SourceError, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{file}: expected JSON with frames ({error})") from error
    return fields


def _camera(file, fields, options):
    if options.calibration_file:
        return None
    try:
        return camera_in_transforms(fields)
    except CalibrationError as error:
        raise CalibrationError(f"{file}: {error}") from error


def _image(folder, frame):
    """The file of a frame, which some programs name with or without its suffix; None where it is not there."""
    name = str(frame.get("file_path") or "")
    return next((path for suffix in SUFFIXES if name and (path := folder / f"{name}{suffix}").is_file()), None)


def _depth(folder, frame):
    path = folder / str(frame.get("depth_file_path") or "")
    return path if path.is_file() and path.suffix.lower() in (".png", ".tiff", ".tif") else None


def _time_s(frame):
    time_s = frame.get("timestamp", frame.get("time"))
    return float(time_s) if isinstance(time_s, int | float) and not isinstance(time_s, bool) else None
