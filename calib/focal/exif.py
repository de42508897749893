"""What a photo says of the camera that took it."""

import math

DIAGONAL_35MM = math.hypot(36, 24)
EXIF_FOLDER, FOCAL_IN_35MM = 0x8769, 0xA405


def focal_from_exif(path):
    """Image file -> focal length in longer sides of the image, None where the file does not say.

    FocalLengthIn35mmFilm (EXIF 2.3, CIPA DC-008) compares diagonals.
    """
    from PIL import Image
    try:
        with Image.open(path) as image:
            focal_mm = float(image.getexif().get_ifd(EXIF_FOLDER).get(FOCAL_IN_35MM, 0))
            width, height = image.size
    except (OSError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError):
        return None
    if not 5 <= focal_mm <= 1000:
        return None
    return focal_mm / DIAGONAL_35MM * math.hypot(width, height) / max(width, height)
