"""Small pictures of the keyframes, in one file of a result: an archive that holds TIME.jpg of each."""

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2

from calib.base.errors import SourceError
from calib.files.image_file import encode_jpeg

if TYPE_CHECKING:
    from slam.system import SlamSystem

WIDTH_PX = 160
MAX_PICTURES, MAX_PICTURE_BYTES = 20_000, 1_000_000
"""What an archive of ours never exceeds."""
SUFFIX = ".jpg"


class KeyframePicture(NamedTuple):
    """One keyframe as a small picture."""

    time_s: float
    """As in trajectory.txt, which has its pose."""
    jpeg: bytes


def pictures_file(slam: "SlamSystem") -> bytes | None:
    """The main submap's keyframes of the last recording, as far as their images were kept -> content of the archive,
    None for none"""
    main, keyframes = slam.map.main_submap, slam.keyframes
    rows = [row for row in slam.images.rows if keyframes.submap[row] == main and row >= keyframes.earlier_count]
    if not rows:
        return None
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # JPEGs are not made smaller by another compression
        for row in rows:  # a ZipInfo by itself is of 1980, so that the same pictures are the same bytes
            archive.writestr(zipfile.ZipInfo(f"{keyframes.items[row].timestamp_s:.6f}{SUFFIX}"),
                             encode_jpeg(_small(slam.images.rgb(row))))
    return file.getvalue()


def read_pictures(path: Path) -> list[KeyframePicture]:
    """The archive -> its pictures, in the order of time. Raises SourceError where it is none of ours."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_PICTURES or any(member.file_size > MAX_PICTURE_BYTES for member in members):
                raise ValueError("it is too large")
            found = [KeyframePicture(float(member.filename.removesuffix(SUFFIX)), archive.read(member))
                     for member in members]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{path} holds no pictures of keyframes: {error}") from error
    return sorted(found)


def _small(rgb):
    height = max(1, round(rgb.shape[0] * WIDTH_PX / rgb.shape[1]))
    return cv2.resize(rgb, (WIDTH_PX, height), interpolation=cv2.INTER_AREA) if rgb.shape[1] > WIDTH_PX else rgb
