"""A camera in the network, by its URL: RTSP, MJPEG over HTTP, UDP, and whatever else FFmpeg receives."""

import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import cv2

from calib.base.errors import SourceError
from calib.files.ffmpeg import open_capture
from sequences.cameras.opencv_camera import OpenCvCamera
from sequences.sequence import SourceOptions

LAYOUT = "a stream's URL"
SCHEMES = ("rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp", "rtmp", "srt")
VALUE = re.compile(r"((?:^|[&;])[^=&;]*=)[^&;]+")
"""A name in the query of a URL, and its value."""
TIMEOUT_MS = 5000
"""Limit for connecting, and for one picture. Streams that one joins between two key pictures need some seconds."""
PARAMETERS = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS,
              cv2.CAP_PROP_N_THREADS, 1)  # each further thread would hold back a picture


def recognises(location: str | Path) -> bool:
    """Whether this is the URL of a stream."""
    return re.match(rf"({'|'.join(SCHEMES)})://", str(location), re.IGNORECASE) is not None


def without_password(location: str) -> str:
    """The URL as it may be shown and saved: without a user and password, and without the values of its query, which is
    where cameras take them, too."""
    if not recognises(location):
        return location
    try:
        parts = urlsplit(location)
    except ValueError:
        return location.partition("://")[0] + "://..."
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=VALUE.sub(r"\1***", parts.query)))


class Stream(OpenCvCamera):
    """A camera in the network."""

    def __init__(self, location: str, options: SourceOptions):
        if not recognises(location):
            raise SourceError(f"{location} is no URL of a stream: expected one that begins with "
                              f"{'://, '.join(SCHEMES)}://")
        self.url = location
        try:
            host = urlsplit(location).netloc.rpartition("@")[2]
        except ValueError as error:
            raise SourceError(f"{without_password(location)} is no URL of a stream: {error}") from error
        super().__init__(re.sub(r"[^\w.-]+", "-", host).strip("-"), options)

    def _open(self):
        capture = open_capture(self.url, PARAMETERS)
        if not capture.isOpened():
            raise SourceError(f"{without_password(self.url)} cannot be opened: does the camera run, and is this its "
                              f"stream? (A player such as ffplay or VLC should show it.)")
        if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
            capture.release()
            raise SourceError(f"{without_password(self.url)} is a recording: download it and give the file")
        return capture
