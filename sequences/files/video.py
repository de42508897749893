"""A video file, with the timestamps it carries."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from calib.base.errors import SourceError
from calib.files.exif import focal_of_35mm
from calib.files.video_decoder import open_decoder
from calib.files.video_kinds import is_video
from sequences.checks import find_calibration, note_early_end, refuse_sensor_depth, require_file
from sequences.files.rotated_camera import as_shown
from sequences.frame import Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions

LAYOUT = "a video file"
MAX_RATE_HZ = 500
"""A header's rate beyond this is a unit of time rather than a rate."""


def recognises(path: str | Path) -> bool:
    """Whether this is a video file, by its suffix or its first bytes."""
    return is_video(Path(path))


class VideoFile(Sequence):
    """The frames of a video file. `frame_count` is what the header says, which may be an estimate."""

    def __init__(self, location: str | Path, options: SourceOptions):
        self.file = require_file(location)
        self.name = self.file.stem
        self.options = options
        self.skipped = SkipLog()
        self.decoder, rgb = open_decoder(self.file)
        for remark in self.decoder.remarks:
            options.tell(remark)
        refuse_sensor_depth(options, self.file)
        calibrated = find_calibration(options, self.file.with_suffix(".yaml")).camera
        self.camera = as_shown(calibrated, rgb.shape[:2], self.decoder.rotation_deg, self.decoder.pixel_aspect)
        if self.decoder.focal_35mm:
            self.focal_hint = focal_of_35mm(self.decoder.focal_35mm, self.camera.size)
        has_rate = 1 <= self.decoder.rate_hz <= MAX_RATE_HZ
        self.interval_s = 1 / self.decoder.rate_hz if has_rate else 1 / 30
        announced = self.decoder.frame_count if has_rate else 0
        self.frame_count = min((n for n in (announced, options.max_frames) if n and n > 0), default=None)

    def __iter__(self) -> Iterator[Frame]:
        timestamp_s, index = -self.interval_s, -1
        for index, (stamp_s, rgb) in enumerate(islice(self.decoder.pictures(), self.options.max_frames)):
            if rgb.shape[:2] != self.camera.size:
                raise SourceError(f"{self.file}: frame {index} is {rgb.shape[1]}x{rgb.shape[0]} but those before it "
                                  f"are {self.camera.width}x{self.camera.height}: one sequence has one size")
            # Some containers carry no or repeated stamps; time must go on all the same.
            timestamp_s = stamp_s if stamp_s > timestamp_s else timestamp_s + self.interval_s
            yield Frame(index, timestamp_s, rgb)
        if self.frame_count and index + 1 < self.frame_count:  # too few are no sign of it where the rate varies
            note_early_end(self.skipped, self.file, index + 1, timestamp_s + self.interval_s,
                           self.frame_count * self.interval_s)
