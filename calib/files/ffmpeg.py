"""Opening what FFmpeg reads, through OpenCV: video files and network streams."""

import os
from collections.abc import Iterable
from pathlib import Path

import cv2

from calib.base.opencv_log import silence

OPTIONS = "fflags;discardcorrupt|rtsp_flags;prefer_tcp"
"""For FFmpeg: a packet that broke off must not pass for a whole picture. OpenCV leaves its own rtsp_flags out where
there are options, so they are said again."""
PARSED_BY_OPENCV = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

silence()


def open_capture(place: str | Path, parameters: Iterable[int] = ()) -> cv2.VideoCapture:
    """File or URL -> cv2.VideoCapture, which may have failed to open. What the user set in the environment stays."""
    os.environ.setdefault(PARSED_BY_OPENCV, OPTIONS)
    return cv2.VideoCapture(str(place), cv2.CAP_FFMPEG, list(parameters))
