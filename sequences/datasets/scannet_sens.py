"""ScanNet's .sens file: all frames of a scan one after the other behind a header, little-endian (its sensorData.h)."""

import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from calib.base.errors import CalibrationError, SourceError
from calib.files.image_file import MAX_BYTES, UnreadableImage, decode_rgb
from calib.files.pose_files import pose_from
from sequences.datasets.layout import camera_in
from sequences.datasets.recorded_dataset import RATE_HZ, RecordedDataset, Shot
from sequences.frame import DepthImage
from sequences.sequence import SourceOptions

LAYOUT = "a .sens file of ScanNet"
VERSION = 4
CAMERAS = struct.Struct("<64f")
"""4x4 matrices: intrinsics and extrinsics of colour, then of depth."""
IMAGES = struct.Struct("<2i4IfQ")
"""Compression of colour and depth; width, height of both; depth units per metre; frames."""
FRAME = struct.Struct("<16f4Q")
"""Pose, camera to world; times in microseconds and sizes in bytes, each of colour and depth."""
JPEG_OR_PNG = (1, 2)
RAW_DEPTH, ZLIB_DEPTH = 0, 1
MAX_NAME_BYTES = 1000
MAX_DEPTH_PIXELS = 1 << 25
"""Of a depth image; the largest depth cameras have a million."""


class Stored(NamedTuple):
    """An image within the file."""

    index: int
    start: int
    size: int

    def __str__(self):
        return f"frame {self.index}"


class ScanNetSensSequence(RecordedDataset):
    """A scan of ScanNet in its .sens file, which is never in memory as a whole."""

    def __init__(self, location: str | Path, options: SourceOptions):
        self._path = Path(location)
        with open(self._path, "rb") as file:
            colour, self._depth_camera, self._units_per_m, self._is_compressed, count = _header(file, self._path)
            shots, whole = _frames(file, min(count, options.max_frames or count), self._path)
        super().__init__(self._path, LAYOUT, _timed(shots), colour, options, self._depth, self._image)
        self.name = self._path.stem
        if not whole:
            self.skipped.add(f"{self._path} ends after {len(shots)} of {count} frames")

    def _image(self, stored):
        return decode_rgb(self._bytes(stored), f"{self._path} {stored}")

    def _depth(self, stored):
        data, size = self._bytes(stored), self._depth_camera.size
        try:
            if self._is_compressed:
                data = zlib.decompressobj().decompress(data, 2 * size[0] * size[1])
            depth_u16 = np.frombuffer(data, "<u2").reshape(size)
        except (zlib.error, ValueError) as error:
            raise UnreadableImage(f"{self._path} {stored}: damaged depth ({error})") from error
        return DepthImage(depth_u16.astype(np.float32) / np.float32(self._units_per_m), self._depth_camera)

    def _bytes(self, stored):
        if stored.size > MAX_BYTES:
            raise UnreadableImage(f"{self._path} {stored}: {stored.size >> 20} MB are too much for an image")
        with open(self._path, "rb") as file:
            file.seek(stored.start)
            return file.read(stored.size)


def _header(file, path):
    """-> colour camera, depth camera, depth units per metre, whether depth is compressed, number of frames."""
    try:
        version, length = struct.unpack("<IQ", file.read(12))
        if version != VERSION or length > MAX_NAME_BYTES:
            raise SourceError(f"{path} is no .sens file of version {VERSION}")
        file.seek(length, os.SEEK_CUR)
        matrices = np.array(CAMERAS.unpack(file.read(CAMERAS.size))).reshape(4, 4, 4)
        kind, depth_kind, *sizes, units_per_m, count = IMAGES.unpack(file.read(IMAGES.size))
    except struct.error:
        raise SourceError(f"{path} ends within its header: fetch it again") from None
    if kind not in JPEG_OR_PNG or depth_kind not in (RAW_DEPTH, ZLIB_DEPTH):
        raise SourceError(f"{path}: colour of kind {kind} or depth of kind {depth_kind} is not known (known are PNG "
                          f"and JPEG, raw and zlib)")
    colour, depth = (camera_in(path, *size, *matrix[[0, 1, 0, 1], [0, 1, 2, 2]])
                     for size, matrix in ((sizes[:2], matrices[0]), (sizes[2:], matrices[2])))
    if depth.width * depth.height > MAX_DEPTH_PIXELS:
        raise SourceError(f"{path}: depth images of {depth.width}x{depth.height} are larger than any")
    if not 0 < units_per_m < np.inf:
        raise CalibrationError(f"{path}: depth units per metre must be positive, not {units_per_m:g}")
    return colour, depth, units_per_m, depth_kind == ZLIB_DEPTH, count


def _frames(file, count, path):
    """-> list of Shot, and whether the file has all `count` frames."""
    shots, end = [], os.fstat(file.fileno()).st_size
    for index in range(count):
        head = file.read(FRAME.size)
        if len(head) < FRAME.size:
            return shots, False
        *numbers, time_us, _, colour_size, depth_size = FRAME.unpack(head)
        start = file.tell()
        if start + colour_size + depth_size > end:
            return shots, False
        depth = Stored(index, start + colour_size, depth_size) if depth_size else None
        shots.append(Shot(1e-6 * time_us, Stored(index, start, colour_size), depth,
                          pose_from(np.array(numbers), f"{path} frame {index}")))
        file.seek(start + colour_size + depth_size)
    return shots, True


def _timed(shots):
    """The shots, at the usual rate where most of their own times do not increase, as in scans that have none."""
    if shots and np.mean(np.diff([shot.time_s for shot in shots], prepend=-1) > 0) > 0.5:
        return shots
    return [replace(shot, time_s=index / RATE_HZ) for index, shot in enumerate(shots)]
