"""What SLAM does to frames before anything has to be known of camera or map: so it can be done ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from calib.geometry.camera import Camera
from sequences.frame import Frame
from slam.stages import StageTimes
from slam.tracking.corner_tracks import CornerTracks
from slam.tracking.image import Image, prepared

if TYPE_CHECKING:
    from slam.config import SlamConfig


@dataclass(frozen=True)
class PreparedFrame(Frame):
    """A frame with what was made of it ahead."""

    image: Image = field(kw_only=True)
    """The frame at working size."""


class Preparation:
    """Brings frames, one after the other, to working size, with their pyramids and corners."""

    def __init__(self, camera: Camera, config: SlamConfig, stage_times: StageTimes):
        """camera: pinhole at working size."""
        self.camera, self.config, self.stage_times = camera, config, stage_times
        self.tracks = CornerTracks(config.moving_parts) if config.moving_parts else None

    def image_of(self, frame: Frame) -> Image:
        """The next frame at working size."""
        with self.stage_times.timed("prepare"):
            image = prepared(frame, self.camera, self.config)
        if self.tracks is None:
            return image
        with self.stage_times.timed("corners"):
            return image._replace(corners=self.tracks.next(image.gray, image.usable))

    def each(self, frames: Iterable[Frame]) -> Iterator[PreparedFrame]:
        """Frames, as they come."""
        for frame in frames:
            as_it_came = {each.name: getattr(frame, each.name) for each in fields(Frame)}
            yield PreparedFrame(**as_it_came, image=self.image_of(frame))
