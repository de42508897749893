"""Image files, for everybody who reads or writes one.

Reading is strict: a truncated file is an error, not a picture with a grey bottom. Bytes after the end of a JPEG or PNG
are no harm (phones append clips and depth maps to their photos). Depth images hold 16 bits, of which 0 and 65535 mean
that there is no reading.
"""

import re
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from calib.base.errors import BadInputError, MissingPackageError, SourceError
from calib.base.opencv_log import silence
from calib.files.bounded_file import bytes_of
from calib.files.image_kinds import READ_SUFFIXES as IMAGE_SUFFIXES
from calib.files.image_kinds import decoded_elsewhere, is_image, kind_of, unread_kind

JPEG_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""A marker that is neither a stuffed byte nor a restart within the picture's data."""

PNM_HEADER = re.compile(rb"P([56])" + 3 * rb"(?:\s+|#[^\n]*\n)+(\d{1,9})" + rb"\s")
"""Binary greymap or pixmap: width, height, greatest value, and one blank before the pixels."""

SATURATED = 65535
"""The largest number of a 16-bit depth image: what is further away than the format can hold, or was not measured, is
written as this. No data set that is read here puts a distance there (KITTI's would be 256.0 m, millimetres 65.5 m)."""
MAX_BYTES = 512 << 20
"""Size of an image file, at most: more is none, or was made to fill the memory."""
MAX_PIXELS = 220_000_000
"""The largest sensors of phones have 200 million."""
SIZED = "JPEG", "WEBP", "TIFF", "BMP", "PPM", "GIF"
"""Kinds whose size Pillow reads from the header; libraries that decode others have limits of their own."""
JPEG_QUALITY = 95
NO_IMAGE = "not an image, or damaged; copy it again, or leave it out"

silence()
warnings.filterwarnings("ignore", category=PIL.Image.DecompressionBombWarning)  # large images are refused here

__all__ = ["IMAGE_SUFFIXES", "UnreadableImage", "decode_gray", "decode_rgb", "encode_jpeg", "encode_png", "images_in",
           "is_image", "natural_order", "read_any_depth_m", "read_depth_m", "read_depth_u16", "read_gray", "read_rgb",
           "read_unchanged", "unread_kind"]


class UnreadableImage(BadInputError):
    """One image that cannot be used; the text is the reason, and begins with the file.

    Recordings skip and count it. Data sets to train or measure on let it end the program, since leaving an image out
    would change what is measured.
    """


def natural_order(file: Path) -> tuple[list[int | str], str]:
    """Key to sort by: img2 before img10; 01 and 1 by their spelling."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.name)], file.name


def images_in(folder: Path) -> list[Path]:
    """The image files of a folder in natural order."""
    return sorted(filter(is_image, folder.iterdir()), key=natural_order)


def read_rgb(path: str | Path) -> np.ndarray:
    """Image file -> (H, W, 3) uint8 RGB. Grey becomes RGB, 16 bits become 8, alpha is dropped."""
    return _decode(path, cv2.IMREAD_COLOR_RGB)


def read_depth_u16(path: str | Path) -> np.ndarray:
    """Depth image file -> (H, W) uint16 in the file's own units, 0 where there is no reading (see SATURATED)."""
    depth_u16 = _decode(path, cv2.IMREAD_UNCHANGED)
    if depth_u16.dtype != np.uint16 or depth_u16.ndim != 2:
        raise UnreadableImage(f"{path}: not a 16-bit single-channel depth image")
    depth_u16[depth_u16 == SATURATED] = 0
    return depth_u16


def read_any_depth_m(path: str | Path, units_per_m: float) -> np.ndarray:
    """Depth image file of whole units, or of metres in floating point -> (H, W) float32 metres, 0 without a reading."""
    depth = _decode(path, cv2.IMREAD_UNCHANGED)
    if depth.dtype != np.float32 or depth.ndim != 2:
        return read_depth_m(path, units_per_m)
    return np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(0))


def read_depth_m(path: str | Path, units_per_m: float) -> np.ndarray:
    """Depth image file -> (H, W) float32 metres, 0 where there is no reading."""
    return read_depth_u16(path).astype(np.float32) / np.float32(units_per_m)


def read_gray(path: str | Path) -> np.ndarray:
    """8-bit single-channel image file -> (H, W) uint8, as the file has it."""
    gray = _decode(path, cv2.IMREAD_UNCHANGED)
    if gray.dtype != np.uint8 or gray.ndim != 2:
        raise UnreadableImage(f"{path}: not an 8-bit single-channel image")
    return gray


def read_unchanged(path: str | Path) -> np.ndarray:
    """Image file -> (H, W) or (H, W, channels) as the file has it, alpha last."""
    return _decode(path, cv2.IMREAD_UNCHANGED)


def decode_rgb(data: bytes, name: object) -> np.ndarray:
    """The content of an image file -> (H, W, 3) uint8 RGB; `name` is for the reason where it cannot be used."""
    return _decode_bytes(data, name, cv2.IMREAD_COLOR_RGB)


def decode_gray(data: bytes, name: object) -> np.ndarray:
    """The content of an image file -> (H, W) uint8; `name` is for the reason where it cannot be used."""
    return _decode_bytes(data, name, cv2.IMREAD_GRAYSCALE)


def encode_png(image: np.ndarray, parameters: Sequence[int] = ()) -> bytes:
    """(H, W, 3) uint8 RGB or (H, W) uint8 or uint16 -> content of a PNG file; `parameters` as cv2.imencode takes them.
    """
    return cv2.imencode(".png", _bgr(image), parameters)[1].tobytes()


def encode_jpeg(rgb: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB -> content of a JPEG file."""
    return cv2.imencode(".jpg", _bgr(rgb), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()


def _bgr(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image


def _decode(path, flags):
    try:
        data = bytes_of(Path(path), MAX_BYTES, "an image")
    except SourceError as error:
        raise UnreadableImage(str(error)) from error
    except OSError as error:
        raise UnreadableImage(f"{path}: {error.strerror}") from error
    except ValueError as error:  # a name that no file can have, in a damaged list of images
        raise UnreadableImage(f"{str(path)!r}: {error}") from error
    return _decode_bytes(data, path, flags)


def _decode_bytes(data, path, flags):
    if not _is_whole(data):
        raise UnreadableImage(f"{path}: truncated or empty; copy it again, or leave it out")
    if (pixels := _pixel_count(data)) > MAX_PIXELS:
        raise UnreadableImage(f"{path}: {pixels / 1e6:.0f} million pixels, at most {MAX_PIXELS / 1e6:.0f} are read; "
                              f"make it smaller")
    if flags == cv2.IMREAD_COLOR_RGB and (elsewhere := _decoded_elsewhere(data, path)) is not None:
        return elsewhere
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # a size that no memory holds
        image = None
    if image is None:
        kind = kind_of(data)
        is_foreign = kind not in ("", "JPEG", "PNG", "AVIF")
        raise UnreadableImage(f"{path}: {f'this is {kind}, which is not read' if is_foreign else NO_IMAGE}")
    return image


def _pixel_count(data):
    """As the header says, which costs nothing; 0 where that is not to be had."""
    if data.startswith(b"\x89PNG"):
        return int.from_bytes(data[16:20]) * int.from_bytes(data[20:24])
    try:
        with PIL.Image.open(BytesIO(data), formats=SIZED) as image:
            return image.width * image.height
    except PIL.Image.DecompressionBombError:
        return 2 * MAX_PIXELS
    except Exception:  # what kind it is, and whether it is whole, is told elsewhere
        return 0


def _decoded_elsewhere(data, path):
    """See calib.files.image_kinds.decoded_elsewhere. Raises UnreadableImage."""
    try:
        return decoded_elsewhere(data, Path(str(path)).suffix)
    except MissingPackageError as error:
        raise UnreadableImage(f"{path}: {error}") from error
    except Exception as error:  # libraries raise what they like for damaged files
        raise UnreadableImage(f"{path}: {NO_IMAGE}") from error


def _is_whole(data):
    """Whether JPEG, PNG and PPM/PGM data reach their end; decoders fill in what is missing without a word."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_has_end(data)
    if data.startswith(b"\x89PNG"):
        return _png_has_end(data)
    if header := PNM_HEADER.match(data):
        return len(data) - header.end() >= _pnm_size(header)
    return len(data) > 0


def _jpeg_has_end(data):
    place = 2
    while marker := JPEG_MARKER.search(data, place):
        if marker[1] == b"\xd9":
            return True
        place = marker.end() + int.from_bytes(data[marker.end(): marker.end() + 2])  # past a thumbnail's own end, too
    return False


def _png_has_end(data):
    place = 8
    while place + 12 <= len(data):
        if data[place + 4: place + 8] == b"IEND":
            return True
        place += 12 + int.from_bytes(data[place: place + 4])
    return False


def _pnm_size(header):
    """Bytes of pixels that a header announces."""
    kind, width, height, greatest = map(int, header.groups())
    return width * height * (3 if kind == 6 else 1) * (2 if greatest > 255 else 1)
