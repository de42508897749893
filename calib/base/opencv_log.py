"""OpenCV and FFmpeg remark on damaged files in lines of their own; our readers say it once, in one line."""

import os

import cv2


def silence() -> None:
    """To be called before the first file is opened. What the user set in the environment stays."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
