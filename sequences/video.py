"""A video file, with the timestamps it carries."""

from pathlib import Path

import cv2

from calib.errors import SourceError
from sequences.frame import Frame
from calib.opencv_log import silence
from sequences.recorded import find_calibration, refuse_sensor_depth
from sequences.sequence import SkipLog

LAYOUT = "a video file"
VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp")

silence()


def recognises(path):
    path = Path(path)
    return path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES


class VideoFile:
    """See sequences.sequence.Sequence."""

    ground_truth = None

    def __init__(self, location, options):
        self.file = Path(location)
        self.name = self.file.stem
        self.options = options
        self.skipped = SkipLog()
        if not self.file.is_file():
            raise SourceError(f"{self.file} is not a file")
        capture = self._open()
        readable, image = capture.read()
        declared = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if not readable:
            raise SourceError(f"{self.file} has no frame that can be decoded: is it a video, and is it whole?")
        refuse_sensor_depth(options, self.file)
        self.camera = find_calibration(options, self.file.with_suffix(".yaml")).camera.fitted_to(image.shape[:2])
        counts = [n for n in (declared, options.max_frames) if n is not None and n > 0]
        self.frame_count = min(counts) if counts else None

    def __iter__(self):
        capture = self._open()
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        interval_s = 1 / rate_hz if 1 <= rate_hz <= 1000 else 1 / 30
        timestamp_s = -interval_s
        index = 0
        try:
            while self.options.max_frames is None or index < self.options.max_frames:
                readable, bgr = capture.read()
                if not readable:
                    break
                if bgr.shape[:2] != self.camera.size:
                    raise SourceError(f"{self.file}: frame {index} is {bgr.shape[1]}x{bgr.shape[0]} but those before "
                                      f"it are {self.camera.width}x{self.camera.height}: one sequence has one size")
                stamp_s = 1e-3 * capture.get(cv2.CAP_PROP_POS_MSEC)
                # Some containers carry no or repeated stamps; time must go on all the same.
                timestamp_s = stamp_s if stamp_s > timestamp_s else timestamp_s + interval_s
                yield Frame(index, timestamp_s, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
                index += 1
        finally:
            capture.release()
        if self.frame_count and index < self.frame_count:
            self.skipped.add(f"{self.file}: ends after {index} of {self.frame_count} frames")

    def _open(self):
        capture = cv2.VideoCapture(str(self.file), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceError(f"{self.file} cannot be opened as a video: is it damaged, or a codec that OpenCV lacks?")
        return capture
