"""Pictures of a video file with the times it carries: OpenCV's FFmpeg, or PyAV's for what that cannot decode (AV1)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from calib.base.errors import SourceError
from sequences.files.ffmpeg import open_capture


class Decoder(Protocol):
    """What decodes a video file."""

    rate_hz: float
    """Mean rate, by the header; 0 where it says none."""
    frame_count: int
    """By the header, where containers often hold an estimate."""
    rotation_deg: int
    """Clockwise, already applied to the pictures."""

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        """(time_s or NaN, (H, W, 3) uint8 RGB), from the start, each time anew."""
        ...


def open_decoder(file: Path) -> tuple[Decoder, np.ndarray]:
    """Video file -> a decoder that can decode it, and its first picture. Raises SourceError."""
    for kind in (OpenCvDecoder, PyAvDecoder):
        decoder = kind(file)
        for _, rgb in decoder.pictures():
            return decoder, rgb
    raise SourceError(f"{file} has no frame that can be decoded: is it a video, and is it whole?")


class OpenCvDecoder(Decoder):
    """FFmpeg as OpenCV brings it."""

    def __init__(self, file: Path):
        self.file = file
        capture = self._open()
        self.rate_hz = capture.get(cv2.CAP_PROP_FPS)
        self.frame_count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.rotation_deg = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        capture.release()

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        capture = self._open()
        try:
            while True:
                readable, bgr = capture.read()
                if not readable:
                    return
                yield 1e-3 * capture.get(cv2.CAP_PROP_POS_MSEC), cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        finally:
            capture.release()

    def _open(self):
        capture = open_capture(self.file)
        if not capture.isOpened():
            raise SourceError(f"{self.file} cannot be opened as a video: is it one, and is it whole?")
        return capture


class PyAvDecoder(Decoder):
    """FFmpeg as the optional package av brings it."""

    def __init__(self, file: Path):
        self.file = file
        try:
            import av
            import av.error
        except ImportError:
            raise SourceError(f"{file} has no frame that OpenCV can decode: is it a video, and is it whole? For AV1 "
                              f"and other codecs that OpenCV lacks: pip install av") from None
        self.av = av
        with self._open() as container:
            stream = container.streams.video[0]
            self.rate_hz = float(stream.average_rate or 0)
            self.frame_count = stream.frames
        self.rotation_deg = 0

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        with self._open() as container:
            stream = container.streams.video[0]
            start_s = float((stream.start_time or 0) * (stream.time_base or 0))
            try:
                for frame in container.decode(stream):
                    self.rotation_deg = -frame.rotation % 360
                    rgb = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                    yield np.nan if frame.time is None else frame.time - start_s, np.ascontiguousarray(rgb)
            except self.av.error.FFmpegError:
                return

    def _open(self):
        try:
            return self.av.open(str(self.file), options={"fflags": "discardcorrupt"})
        except self.av.error.FFmpegError as error:
            raise SourceError(f"{self.file} cannot be opened as a video: {error.strerror}") from error
