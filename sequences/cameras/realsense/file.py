"""A recording by RealSense's own tools: `.bag`, or `.db3` as librealsense writes it since 2.57."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from calib.base.errors import SourceError, one_line
from sequences.cameras.realsense.library import librealsense
from sequences.cameras.realsense.player import Player
from sequences.cameras.realsense.streams import choose_streams, rgb_of
from sequences.checks import camera_for, note_early_end, refuse_sensor_depth, require_file
from sequences.frame import Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions

LAYOUT = "a .bag or .db3 file (RealSense)"
MAGIC = {".bag": b"#ROSBAG V", ".db3": b"SQLite format 3"}
"""What such files begin with, by their suffix."""
MAX_OPENING_S = 20.0
"""Opening takes a fraction of a second; with some damaged files librealsense never comes to an end."""
TRIAL = "import sys, pyrealsense2; pyrealsense2.context().load_device(sys.argv[1])"


def recognises(path: str | Path) -> bool:
    """Whether this is such a file, by its suffix and its first bytes."""
    path = Path(path)
    magic = MAGIC.get(path.suffix.lower())
    if not magic or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


class RealSenseFile(Sequence):
    """A recording of a RealSense camera. Every frame is played, however slow the reader is.

    `frame_count` follows from how long it lasts, which leaves out nothing that was lost while it was recorded.
    """

    def __init__(self, location: str | Path, options: SourceOptions):
        self.file = require_file(location)
        self.name = self.file.stem
        self.options = options
        self.skipped = SkipLog()
        librealsense()
        self._try_elsewhere()
        playback, streams = self._open()
        self.has_depth = bool(streams.depth)
        if not streams.depth:
            refuse_sensor_depth(options, self.file)
        own = streams.camera
        self.depth_scale, self.camera = streams.depth_scale, camera_for(options, own, own.size)
        lasts_s = playback.get_duration().total_seconds()
        counts = [round(lasts_s * streams.colour[1].fps()) + 1, options.max_frames]
        self.frame_count = min(filter(None, counts), default=None)

    def __iter__(self) -> Iterator[Frame]:
        playback, streams = self._open()
        stopped = self.rs.playback_status.stopped
        try:
            player = Player(streams, self.options.depth_every > 0, lambda: playback.current_status() != stopped)
            playback.pause()  # while only some of the sensors run, frames of the others would be lost
            player.start()
        except RuntimeError as error:
            raise self._unusable(error) from error
        resuming = threading.Thread(target=playback.resume, daemon=True)  # it may wait for frames to be taken
        resuming.start()
        try:
            yield from self._frames(player, playback)
        finally:
            player.stop()
            resuming.join()

    def _frames(self, player, playback):
        first_s = timestamp_s = whole_s = 0.0
        index = 0
        for colour, depth in player:
            if index == self.options.max_frames:
                return
            if index and 1e-3 * colour.get_timestamp() <= timestamp_s:
                self.skipped.add(f"{self.file}: frame {colour.get_frame_number()} comes twice or out of order")
                continue
            timestamp_s = 1e-3 * colour.get_timestamp()
            if not index:
                first_s = timestamp_s
                whole_s = playback.get_duration().total_seconds() - 1e-9 * playback.get_position()
            wanted = depth and self.options.wants_depth(index)
            yield Frame(index, timestamp_s, rgb_of(colour), sensor_depth=player.aligned(
                colour, depth, self.camera, self.depth_scale) if wanted else None)
            index += 1
        if index:
            note_early_end(self.skipped, self.file, index, timestamp_s - first_s, whole_s)

    def _try_elsewhere(self):
        """Raises SourceError where opening the file hangs or crashes: here neither could be stopped any more."""
        try:
            trial = subprocess.run([sys.executable, "-c", TRIAL, str(self.file.resolve())], timeout=MAX_OPENING_S,
                                   stdin=subprocess.DEVNULL, capture_output=True)
        except subprocess.TimeoutExpired:
            raise SourceError(f"{self.file} cannot be opened as a RealSense recording: after {MAX_OPENING_S:.0f} s "
                              f"there is still no end to it; it is damaged") from None
        if trial.returncode < 0:
            raise SourceError(f"{self.file} cannot be opened as a RealSense recording: librealsense crashes over it; "
                              f"it is damaged")

    def _open(self):
        self.rs = librealsense()
        try:
            playback = self.rs.context().load_device(str(self.file)).as_playback()
            playback.set_real_time(False)
            return playback, choose_streams(playback, self.file)
        except RuntimeError as error:
            raise self._unusable(error) from error

    def _unusable(self, error):
        return SourceError(f"{self.file} cannot be opened as a RealSense recording: {one_line(error)}")
