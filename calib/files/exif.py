"""What a photo says of the camera that took it."""

import math
from pathlib import Path

from calib.files.bounded_file import refuse_unbounded
from calib.files.image_file import MAX_BYTES

DIAGONAL_35MM = math.hypot(36, 24)
CLOCKWISE_DEG = {3: 180, 6: 90, 8: 270}
"""By orientation; the others do not turn, or are mirror images, which no camera takes."""


def focal_from_exif(path: str | Path) -> float | None:
    """Image file -> focal length in longer sides of the image, None where the file does not say.

    FocalLengthIn35mmFilm (EXIF 2.3, CIPA DC-008) compares diagonals.
    """
    focal_mm, _, (width, height) = _read(path)
    return focal_of_35mm(focal_mm, (height, width)) if 5 <= focal_mm <= 1000 else None


def focal_of_35mm(focal_mm: float, size: tuple[int, int]) -> float:
    """Focal length in mm of 35 mm film, (height, width) of the image -> in longer sides of the image."""
    return focal_mm / DIAGONAL_35MM * math.hypot(*size) / max(size)


def rotation_from_exif(path: str | Path) -> int:
    """Image file -> clockwise degrees by which it is to be shown turned, 0 where the file does not say."""
    return CLOCKWISE_DEG.get(_read(path)[1], 0)


def _read(path):
    """Focal length in mm of 35 mm film, orientation, (width, height); zeros where the file does not say."""
    from PIL import ExifTags, Image
    try:
        refuse_unbounded(Path(path), MAX_BYTES, "an image")
        with Image.open(path) as image:
            exif = image.getexif()
            focal_mm = float(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm, 0))
            return focal_mm, exif.get(ExifTags.Base.Orientation, 0), image.size
    except Exception:  # of damaged photos any
        return 0.0, 0, (0, 0)
