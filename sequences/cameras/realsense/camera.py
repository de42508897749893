"""A RealSense camera that is plugged in: `realsense`, `realsense:SERIAL,size=848x480,rate=60,exposure=lock`."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from calib.base.errors import SourceError, one_line
from sequences.cameras.realsense.library import librealsense
from sequences.cameras.realsense.player import Player
from sequences.cameras.realsense.streams import choose_streams, rgb_of
from sequences.checks import camera_for, refuse_sensor_depth
from sequences.frame import Frame
from sequences.option_text import parse_options
from sequences.sequence import LiveSequence, SkipLog, SourceOptions

GIVE_UP_S = 5.0
"""A device that sends nothing for so long, though it is plugged in, ends the run."""
EXPOSURE_FRAMES = 45
"""How many frames automatic exposure takes to adapt, before it is locked."""


@dataclass(frozen=True)
class RealSenseOptions:
    """Options of a RealSense camera; each is given by its name."""

    serial: str = ""
    """Serial number of the camera, where several are plugged in."""
    size: tuple[int, int] = (640, 480)
    """Width x height of the colour images in pixels, and of depth where the device has that."""
    rate: int = 30
    """Frames a second."""
    exposure: str = "auto"
    """`auto`; `lock`: what the automatic has found after a moment stays; or a number, in the device's units."""


class RealSense(LiveSequence):
    """A RealSense camera that is plugged in. Unplugging it ends the iteration, not with an error."""

    def __init__(self, location: str, options: SourceOptions):
        text = location.removeprefix("realsense").removeprefix(":")
        self.realsense = RealSenseOptions(**parse_options("realsense", RealSenseOptions, text, "serial",
                                                          {"rate": (1, 300)}))
        self.options = options
        self.skipped = SkipLog()
        self.frame_count = options.max_frames
        self._stopping = threading.Event()
        self.device = self._find_device()
        self.serial = self.device.get_info(librealsense().camera_info.serial_number)
        self.name = f"realsense-{self.serial}"
        self.streams = choose_streams(self.device, self.name, self._fits)
        self.has_depth = bool(self.streams.depth)
        if not self.streams.depth:
            refuse_sensor_depth(options, self.name)
        own = self.streams.camera
        self.depth_scale, self.camera = self.streams.depth_scale, camera_for(options, own, own.size)

    def __iter__(self) -> Iterator[Frame]:
        wants_depth = self.options.keep_depth or self.options.depth_every > 0
        player = Player(self.streams, wants_depth, self._goes_on)
        self._silent_since_s = time.monotonic()
        self._set_exposure()
        try:
            player.start()
            yield from self._frames(player)
        except RuntimeError as error:
            raise SourceError(f"{self.name} fails: {one_line(error)}; is another program using it?") from error
        finally:
            player.stop()

    def stop(self) -> None:
        """Make iterating end soon. From any thread."""
        self._stopping.set()

    def _frames(self, player):
        last_s, index = -1.0, 0
        for colour, depth in player:
            if self._stopping.is_set() or index == self.options.max_frames:
                return
            self._silent_since_s = time.monotonic()
            timestamp_s = round(1e-3 * colour.get_timestamp(), 6)
            if timestamp_s <= last_s:
                continue
            last_s = timestamp_s
            if index == EXPOSURE_FRAMES and self.realsense.exposure == "lock":
                self._set_auto_exposure(False)
            yield Frame(index, timestamp_s, rgb_of(colour), arrived_s=time.monotonic(), sensor_depth=player.aligned(
                colour, depth, self.camera, self.depth_scale) if depth and self._wants_depth_of(index) else None)
            index += 1

    def _wants_depth_of(self, index):
        return self.options.keep_depth or self.options.wants_depth(index)

    def _goes_on(self):
        """Whether there is something to wait for, when nothing has come for a while."""
        if self._stopping.is_set():
            return False
        if self.serial not in serials():
            self.options.tell(f"{self.name}: unplugged, so the run ends here")
            return False
        if time.monotonic() - self._silent_since_s > GIVE_UP_S:
            self.options.tell(f"{self.name}: has sent nothing for {GIVE_UP_S:.0f} s, so the run ends here")
            return False
        return True

    def _find_device(self):
        rs, wanted = librealsense(), self.realsense.serial
        devices = list(rs.context().query_devices())
        for device in devices:
            if wanted in ("", device.get_info(rs.camera_info.serial_number)):
                return device
        raise SourceError(f"no RealSense camera {wanted} is plugged in".replace("  ", " ") + (
            f": there is {', '.join(serials())}" if devices else ": is it on a USB 3 port, and may you use it? "
            "(On Linux that takes librealsense's udev rules.)"))

    def _fits(self, profile):
        """Colour as it was chosen; depth likewise, so that both come at the same time."""
        size = profile.width(), profile.height()
        return size == self.realsense.size and profile.fps() == self.realsense.rate

    def _set_exposure(self):
        exposure = self.realsense.exposure
        self._set_auto_exposure(exposure in ("auto", "lock"))
        if exposure not in ("auto", "lock"):
            self._set_option(librealsense().option.exposure, float(exposure))

    def _set_auto_exposure(self, value):
        self._set_option(librealsense().option.enable_auto_exposure, float(value))

    def _set_option(self, option, value):
        sensor = self.streams.colour[0]
        try:
            sensor.set_option(option, value)
        except RuntimeError:
            self.options.tell(f"{self.name}: its driver does not do exposure={self.realsense.exposure}")


def serials() -> list[str]:
    """Serial numbers of all cameras that are plugged in."""
    rs = librealsense()
    return [device.get_info(rs.camera_info.serial_number) for device in rs.context().query_devices()]
