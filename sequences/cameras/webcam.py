"""A camera on this computer: `webcam:0`, `webcam:/dev/video2`, `webcam:0,size=1280x720,rate=60,exposure=lock`."""

import re
import sys
import time
from dataclasses import dataclass

import cv2

from calib.base.errors import SourceError
from calib.base.opencv_log import silence
from sequences.cameras.opencv_camera import OpenCvCamera
from sequences.option_text import parse_options
from sequences.sequence import SourceOptions

EXPOSURE_S = 1.5
"""How long automatic exposure takes to adapt, before it is locked."""
MANUAL, AUTOMATIC = (1, 3) if sys.platform.startswith("linux") else (0.25, 0.75)
"""Values of CAP_PROP_AUTO_EXPOSURE; on Linux they are those of Video4Linux."""
MAX_AGE_S = 0.5
"""Older pictures than this do not come from a driver; its time is of another clock then."""

silence()


@dataclass(frozen=True)
class WebcamOptions:
    """Options of a webcam; each is given by its name. Without one the driver's choice stays."""

    device: str = "0"
    """Number or path."""
    size: tuple[int, int] | None = None
    """Width x height of the images in pixels."""
    rate: float | None = None
    """Frames a second."""
    exposure: str = "auto"
    """`auto`; `lock`: what the automatic has found after a moment stays; or a number in the driver's units."""
    codec: str | None = None
    """How the camera sends its images: MJPG, YUYV ..."""


class Webcam(OpenCvCamera):
    """A camera on this computer."""

    def __init__(self, location: str, options: SourceOptions):
        self.webcam = WebcamOptions(**parse_options("webcam", WebcamOptions, location, "device",
                                                    {"rate": (0.1, 1000.0)}))
        if not re.fullmatch(r"auto|lock|-?\d+(\.\d+)?", self.webcam.exposure):
            raise SourceError(f"webcam: exposure takes auto, lock or a number, not {self.webcam.exposure!r}")
        if self.webcam.codec and len(self.webcam.codec) != 4:
            raise SourceError(f"webcam: codec takes four letters such as MJPG, not {self.webcam.codec!r}")
        super().__init__("webcam-" + re.sub(r"\W+", "-", self.webcam.device).strip("-"), options)

    def _open(self):
        device = self.webcam.device
        capture = cv2.VideoCapture(int(device) if device.isdecimal() else device)
        if not capture.isOpened():
            raise SourceError(f"webcam:{device} cannot be opened: is it plugged in, may you use it, and is no other "
                              f"program using it?")
        self._choose_format(capture)
        self._choose_exposure(capture)
        return capture

    def _choose_format(self, capture):
        """Order matters: what a driver offers of the later depends on the earlier."""
        wanted = self.webcam
        if wanted.codec:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*wanted.codec))
        if wanted.size:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.size[1])
        if wanted.rate:
            capture.set(cv2.CAP_PROP_FPS, wanted.rate)
        size = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if wanted.size and size != wanted.size:
            capture.release()
            raise SourceError(f"{self.name} offers {size[0]}x{size[1]} in place of {wanted.size[0]}x{wanted.size[1]}: "
                              f"choose a size that it has (v4l2-ctl --list-formats-ext lists them)")
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        if wanted.rate and abs(rate_hz - wanted.rate) > 1:
            self.options.tell(f"{self.name}: sends {rate_hz:g} frames/s, not {wanted.rate:g}; larger sizes may need "
                              f"codec=MJPG for more")

    def _choose_exposure(self, capture):
        exposure = self.webcam.exposure
        done = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, AUTOMATIC if exposure in ("auto", "lock") else MANUAL)
        if exposure == "auto":
            return
        if exposure == "lock":
            self._let_exposure_adapt(capture)
            done = capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, MANUAL)
        else:
            done = capture.set(cv2.CAP_PROP_EXPOSURE, float(exposure)) and done
        if not done:
            self.options.tell(f"{self.name}: its driver does not do exposure={exposure}")

    def _let_exposure_adapt(self, capture):
        end_s = time.monotonic() + EXPOSURE_S
        while time.monotonic() < end_s and capture.read()[0]:
            pass

    def _arrival_s(self, capture):
        """Video4Linux tells when the driver got the picture, by the same clock."""
        now_s, stamp_s = time.monotonic(), 1e-3 * capture.get(cv2.CAP_PROP_POS_MSEC)
        return stamp_s if 0 <= now_s - stamp_s < MAX_AGE_S else now_s
