"""A live camera that is read through OpenCV; what webcams and network streams share."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import cv2

from calib.base.errors import SourceError
from sequences.checks import find_calibration, refuse_sensor_depth
from sequences.frame import Frame
from sequences.sequence import LiveSequence, SkipLog, SourceOptions

FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 4.0
"""Pauses between attempts to connect; each is twice as long as the one before."""
GIVE_UP_S = 30.0
"""A camera that has been gone for so long ends the run."""


class OpenCvCamera(LiveSequence):
    """A live camera that connects anew when it is lost. A subclass has `_open()`.

    Opening connects for one picture, to learn the size. Iterating connects again, so that it begins with a fresh one,
    and after every loss of the connection, with growing pauses.
    """

    depth_scale = 1000.0

    def __init__(self, name: str, options: SourceOptions):
        self.name = name
        self.options = options
        self.skipped = SkipLog()
        self.frame_count = options.max_frames
        self.reconnected = 0
        self._stopping = threading.Event()
        refuse_sensor_depth(options, name)
        calibrated = find_calibration(options, None).camera
        self.camera = calibrated.fitted_to(self._first_size())

    def __iter__(self) -> Iterator[Frame]:
        epoch_s = time.time() - time.monotonic()
        for index, (arrived_s, bgr) in enumerate(islice(self._pictures(), self.options.max_frames)):
            if bgr.shape[:2] != self.camera.size:
                raise SourceError(f"{self.name}: now sends {bgr.shape[1]}x{bgr.shape[0]} but before it was "
                                  f"{self.camera.width}x{self.camera.height}: one sequence has one size")
            yield Frame(index, round(epoch_s + arrived_s, 6), cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), arrived_s=arrived_s)

    def stop(self) -> None:
        """Make iterating end soon. From any thread."""
        self._stopping.set()

    def _open(self) -> cv2.VideoCapture:
        """Raises SourceError where it cannot connect."""
        raise NotImplementedError

    def _arrival_s(self, capture: cv2.VideoCapture) -> float:
        """time.monotonic() at which the picture that was just read was taken, as well as that is known."""
        return time.monotonic()

    def _first_size(self):
        for _, bgr in self._connection(self._open()):
            return bgr.shape[:2]
        raise SourceError(f"{self.name} sends no picture: is another program using it?")

    def _pictures(self):
        """(arrived_s, bgr), from one connection after the other until it has been gone for GIVE_UP_S."""
        outage = None
        while not self._stopping.is_set():
            try:
                for picture in self._connection(self._open()):
                    if outage:
                        self._is_back(outage)
                        outage = None
                    yield picture
            except SourceError:
                pass  # it cannot connect: said below
            if self._stopping.is_set():
                return
            if not outage:
                outage = Outage(time.monotonic())
                self.options.tell(f"{self.name}: no more pictures, trying to reconnect for {GIVE_UP_S:.0f} s")
            if outage.lasts_s() > GIVE_UP_S:
                self.options.tell(f"{self.name}: gone for {GIVE_UP_S:.0f} s, so the run ends here")
                return
            self._stopping.wait(outage.next_pause_s())

    def _connection(self, capture):
        """(arrived_s, bgr) until it breaks or is to stop."""
        try:
            while not self._stopping.is_set():
                readable, bgr = capture.read()
                if not readable:
                    return
                yield self._arrival_s(capture), bgr
        finally:
            capture.release()

    def _is_back(self, outage):
        self.reconnected += 1
        self.options.tell(f"{self.name}: back after {outage.lasts_s():.1f} s")


@dataclass
class Outage:
    """Time without a picture, and how long to wait before the next attempt."""

    since_s: float
    pause_s: float = FIRST_PAUSE_S

    def lasts_s(self) -> float:
        return time.monotonic() - self.since_s

    def next_pause_s(self) -> float:
        pause_s, self.pause_s = self.pause_s, min(2 * self.pause_s, MAX_PAUSE_S)
        return pause_s
