"""What the layouts of data sets are made of: folders, files that must be there, numbered images, cameras in files."""

import re
from collections.abc import Iterable
from pathlib import Path

from calib.base.errors import CalibrationError, SourceError
from calib.geometry.camera import Camera


def require_folder(location: str | Path, layout: str) -> Path:
    """-> Path. Raises SourceError that says what was looked for where it is no folder."""
    folder = Path(location)
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder: expected one with {layout}")
    return folder


def require_files(folder: Path, names: Iterable[str | Path], layout: str) -> None:
    """Raises SourceError that says what is missing of what was looked for."""
    missing = [str(name) for name in names if not (folder / name).exists()]
    if missing:
        raise SourceError(f"{folder} lacks {', '.join(missing)}: expected {layout}")


def camera_in(path: Path, width: int, height: int, fx: float, fy: float, cx: float, cy: float) -> Camera:
    """The Camera that a file describes. Raises CalibrationError, beginning with its path."""
    try:
        return Camera(width, height, fx, fy, cx, cy)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error


def numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """Files of a folder by the number in their name, in order of number; {} where there is no such folder.

    `pattern`: a regular expression for the whole name, with the number as its group.
    """
    matches = ((re.fullmatch(pattern, file.name), file) for file in folder.iterdir()) if folder.is_dir() else ()
    return dict(sorted((int(match[1]), file) for match, file in matches if match))
