"""Kinds of image files: those that are read, those that take a package of their own, and those that are not."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from calib.base.errors import MissingPackageError

READ_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp", ".tif", ".tiff", ".webp", ".jp2", ".avif", ".jpe",
                 ".jfif", ".pnm")
"""What OpenCV reads."""
RAW_SUFFIXES = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf")
PACKAGES = {**dict.fromkeys((".heic", ".heif", ".hif"), ("pi_heif", "pi-heif")),
            **dict.fromkeys(RAW_SUFFIXES, ("rawpy", "rawpy"))}
"""Module and package that read these."""
UNREAD_SUFFIXES = (".gif", ".jxl", ".exr", ".hdr", ".psd", ".svg", ".jp2k", ".j2k", ".jxr", ".raw", ".x3f", ".pfm")
MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), (b"GIF8", "GIF"), (b"\xff\x0a", "JPEG XL"),
         (b"\0\0\0\x0cJXL ", "JPEG XL"), (b"\x76\x2f\x31\x01", "OpenEXR"), (b"8BPS", "Photoshop"), (b"%PDF", "PDF"),
         (b"<!DOCTYPE", "HTML"), (b"<html", "HTML"), (b"<svg", "SVG"),
         (b"version https://git-lfs", "a Git LFS pointer"))
BRANDS = {**dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
          **dict.fromkeys((b"avif", b"avis"), "AVIF"), b"crx ": "Canon raw"}
"""Of ISO media files, behind `ftyp`."""


def kind_of(data: bytes) -> str:
    """The content of a file, or its beginning -> what it is, in words; empty where that is not known."""
    if data[4:8] == b"ftyp":
        return BRANDS.get(data[8:12], "a video")
    return next((kind for magic, kind in MAGIC if data.startswith(magic)), "")


def is_image(file: Path) -> bool:
    """Whether a file of a folder is an image that can be read here, by its suffix."""
    suffix = file.suffix.lower()
    package = PACKAGES.get(suffix)
    return not file.name.startswith(".") and (suffix in READ_SUFFIXES or bool(package and find_spec(package[0])))


def unread_kind(file: Path) -> str:
    """Of an image file that is not read: what it would take, in words; empty for all others."""
    suffix = file.suffix.lower()
    if file.name.startswith(".") or is_image(file):
        return ""
    if suffix in PACKAGES:
        return f"{suffix[1:].upper()}, for which: pip install {PACKAGES[suffix][1]}"
    return f"{suffix[1:].upper()} is not read" if suffix in UNREAD_SUFFIXES else ""


def decoded_elsewhere(data: bytes, suffix: str) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB of what another library decodes than OpenCV, upright; None for all others.

    Raises MissingPackageError, and whatever the library raises where the file is damaged.
    """
    if kind_of(data) == "HEIC":
        return _heic(data)
    return _raw(data) if suffix.lower() in RAW_SUFFIXES else None


def _heic(data):
    try:
        import pi_heif
    except ImportError:
        raise MissingPackageError("pi-heif", "a HEIC image") from None
    image = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return np.array(pixels[..., :3], order="C")  # a copy: the memory is freed with `image`


def _raw(data):
    try:
        import rawpy
    except ImportError:
        raise MissingPackageError("rawpy", "a raw image of a camera") from None
    with rawpy.imread(io.BytesIO(data)) as raw:
        return raw.postprocess(use_camera_wb=True, output_bps=8)
