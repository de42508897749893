"""Pictures of a video file with the times it carries: OpenCV's FFmpeg, or PyAV's for what that cannot decode (AV1) or
decodes wrongly: of interlaced video it hands out black or what memory held before.

Pictures come as players show them: turned, with square pixels, and without the comb of interlaced fields.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from calib.base.errors import SourceError
from calib.files.ffmpeg import open_capture

TRIAL_COUNT = 5
"""Pictures at the beginning that must not all be the same."""
TRANSFERS = {16: "HDR10 (PQ)", 18: "HDR (HLG)"}
"""FFmpeg's numbers of the brightness curves of HDR video (ITU-T H.273)."""
FOCAL_KEY = "focal_length.35mm_equivalent"
"""Behind `com.apple.quicktime.camera.`"""
MAX_SEARCH_S = 15
"""For the header, or the next picture, in a file: what is damaged may go on for gigabytes without any."""
MAX_ASPECT = 4.0
"""Of a pixel; beyond, a header is wrong."""


class Decoder(Protocol):
    """What decodes a video file."""

    rate_hz: float
    """Mean rate, by the header; 0 where it says none."""
    frame_count: int
    """By the header, where containers often hold an estimate."""
    rotation_deg: int
    """Clockwise, already applied to the pictures."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a stored pixel by its height; the pictures' are square."""
    focal_35mm: float | None = None
    """Focal length in mm of 35 mm film, where the phone says it (QuickTime)."""
    remarks: tuple[str, ...] = ()
    """What the user should know of this video, one line each."""

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        """(time_s or NaN, (H, W, 3) uint8 RGB), from the start, each time anew."""
        ...


def open_decoder(file: Path) -> tuple[Decoder, np.ndarray]:
    """Video file -> a decoder that can decode it, and its first picture. Raises SourceError."""
    other = _pyav(file)
    if not isinstance(other, SourceError) and other.is_interlaced():
        pictures = _first_pictures(other)
        if pictures:
            return other, pictures[0]
    decoder = OpenCvDecoder(file)
    pictures = _first_pictures(decoder)
    if isinstance(other, PyAvDecoder):
        decoder.remarks, decoder.focal_35mm = other.remarks, other.focal_35mm
    if pictures and not _all_the_same(pictures):
        return decoder, pictures[0]
    if isinstance(other, SourceError):
        return _doubted(decoder, pictures, other)
    others = _first_pictures(other)
    if not (pictures or others):
        raise SourceError(f"{file} has no frame that can be decoded: is it a video, and is it whole?")
    if pictures and (not others or _all_the_same(others)):
        return decoder, pictures[0]
    return other, others[0]


def _pyav(file):
    """PyAvDecoder, or the reason why there is none."""
    try:
        return PyAvDecoder(file)
    except SourceError as error:
        return error


def _doubted(decoder, pictures, reason):
    """Pictures that are all the same, and nothing to compare them with."""
    if not pictures:
        raise reason
    if len(pictures) > 1:
        decoder.remarks = (f"{decoder.file}: its first {len(pictures)} pictures are the same; where it is interlaced, "
                           f"as of camcorders, they are wrong, and this helps: pip install av",)
    return decoder, pictures[0]


def _first_pictures(decoder):
    return [rgb for _, rgb in islice(decoder.pictures(), TRIAL_COUNT)]


def _all_the_same(pictures):
    """Whether a decoder gave the same picture over and over. One alone is, where it has one colour."""
    if len(pictures) == 1:
        return bool(np.ptp(pictures[0]) == 0)
    return all(np.array_equal(picture, pictures[0]) for picture in pictures[1:])


def with_square_pixels(rgb: np.ndarray, aspect: Fraction, rotation_deg: int) -> np.ndarray:
    """(H, W, 3) as shown, but for pixels `aspect` as wide as high before they were turned -> the same with square ones.

    The side that is too short grows, so that nothing is lost.
    """
    if aspect == 1:
        return rgb
    height, width = rgb.shape[:2]
    across = aspect if rotation_deg % 180 == 0 else 1 / aspect
    size = (round(width * across), height) if across > 1 else (width, round(height / across))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)


def _usable_aspect(numerator: float, denominator: float) -> Fraction:
    if numerator <= 0 or denominator <= 0 or not 1 / MAX_ASPECT < numerator / denominator < MAX_ASPECT:
        return Fraction(1)
    return Fraction(round(numerator), round(denominator))


def _focal_35mm(metadata):
    """What iPhones write into their videos, or None."""
    try:
        mm = float(next(text for name, text in metadata.items() if name.lower().endswith(FOCAL_KEY)))
    except (StopIteration, ValueError):
        return None
    return mm if 5 <= mm <= 1000 else None


class OpenCvDecoder(Decoder):
    """FFmpeg as OpenCV brings it."""

    def __init__(self, file: Path):
        self.file = file
        capture = self._open()
        self.rate_hz = capture.get(cv2.CAP_PROP_FPS)
        self.frame_count = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))  # negative for streams without a header
        self.rotation_deg = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        self.pixel_aspect = _usable_aspect(capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN))
        capture.release()

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        capture = self._open()
        try:
            while True:
                readable, bgr = capture.read()
                if not readable:
                    return
                rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
                yield (1e-3 * capture.get(cv2.CAP_PROP_POS_MSEC),
                       with_square_pixels(rgb, self.pixel_aspect, self.rotation_deg))
        finally:
            capture.release()

    def _open(self):
        capture = open_capture(self.file, (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 1000 * MAX_SEARCH_S,
                                           cv2.CAP_PROP_READ_TIMEOUT_MSEC, 1000 * MAX_SEARCH_S))
        if not capture.isOpened():
            if not self.file.stat().st_size:
                raise SourceError(f"{self.file} is an empty file: was it copied whole?")
            raise SourceError(f"{self.file} cannot be opened as a video: is it one, and is it whole?")
        return capture


class PyAvDecoder(Decoder):
    """FFmpeg as the package av brings it."""

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
            if not container.streams.video:
                raise SourceError(f"{file} has no pictures, only sound")
            stream = container.streams.video[0]
            self.rate_hz = float(stream.average_rate or 0)
            self.frame_count = stream.frames
            aspect = stream.sample_aspect_ratio or Fraction(1)
            self.pixel_aspect = _usable_aspect(aspect.numerator, aspect.denominator)
            transfer = TRANSFERS.get(int(getattr(stream.codec_context, "color_trc", 0) or 0))
            self.focal_35mm = _focal_35mm({**container.metadata, **stream.metadata})
        self.rotation_deg = 0
        if transfer:
            self.remarks = (f"{file.name} is {transfer} video: its colours come out pale; film without HDR for better "
                            f"ones",)

    def is_interlaced(self) -> bool:
        """Whether the first picture that can be decoded consists of two fields."""
        with self._open() as container:
            try:
                return next((frame.interlaced_frame for frame in container.decode(video=0)), False)
            except self.av.error.FFmpegError:
                return False

    def pictures(self) -> Iterator[tuple[float, np.ndarray]]:
        with self._open() as container:
            stream = container.streams.video[0]
            start_s = float((stream.start_time or 0) * (stream.time_base or 0))
            fields = _Deinterlacer(self.av, stream)
            try:
                for frame in container.decode(stream):
                    self.rotation_deg = -frame.rotation % 360
                    for whole in fields.whole(frame):
                        yield self._picture(whole, start_s)
                for whole in fields.rest():
                    yield self._picture(whole, start_s)
            except self.av.error.FFmpegError:
                return

    def _picture(self, frame, start_s):
        rgb = np.rot90(frame.to_ndarray(format="rgb24"), -self.rotation_deg // 90)
        rgb = with_square_pixels(np.ascontiguousarray(rgb), self.pixel_aspect, self.rotation_deg)
        return np.nan if frame.time is None else frame.time - start_s, rgb

    def _open(self):
        try:
            return self.av.open(str(self.file), options={"fflags": "discardcorrupt"}, timeout=float(MAX_SEARCH_S))
        except self.av.error.FFmpegError as error:
            raise SourceError(f"{self.file} cannot be opened as a video: {error.strerror}") from error


class _Deinterlacer:
    """Frames of two fields -> whole ones, by FFmpeg's bwdif; those that are whole already pass as they are."""

    def __init__(self, av, stream):
        self.av, self.stream, self._graph = av, stream, None

    def whole(self, frame):
        """The frames that are ready: none at first, since the filter looks one ahead."""
        if self._graph is None and not frame.interlaced_frame:
            return [frame]
        if self._graph is None:
            self._graph = self._built()
        self._graph.push(frame)
        return _ready(self._graph)

    def rest(self):
        """Those that still wait at the end."""
        if self._graph is None:
            return []
        self._graph.push(None)
        return _ready(self._graph)

    def _built(self):
        graph = self.av.filter.Graph()
        graph.link_nodes(graph.add_buffer(template=self.stream), graph.add("bwdif", "mode=send_frame:deint=interlaced"),
                         graph.add("buffersink")).configure()
        return graph


def _ready(graph):
    """Frames that a filter has finished."""
    frames = []
    while True:
        try:
            frames.append(graph.pull())
        except (BlockingIOError, EOFError):  # nothing more for now, or for good
            return frames
