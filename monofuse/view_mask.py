"""What of each image SLAM may use: all but a mask that the user gave, or an overlay found in the first images."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from calib.base.errors import MonofuseError
from sequences.frame import Frame
from slam.tracking.overlay import OverlayWatch

MAX_HELD_BYTES = 160e6
"""Images of a recording that are kept until it is known whether there is an overlay: about 150 of 640x480."""
NONE = "none"
"""In place of a mask: there is none, and none is to be looked for."""


class ViewMask:
    """Adds to each frame where it shows the static scene."""

    def __init__(self, usable: np.ndarray | None, searches: bool = True,
                 tell: Callable[[str], None] = lambda line: None):
        """usable: (H, W) bool of the rectified images, None where there is no mask; an overlay is looked for then if
        `searches`. `tell` is told once that one was found."""
        self.usable, self.tell = usable, tell
        self.watch = OverlayWatch() if searches and usable is None else None

    @property
    def is_decided(self) -> bool:
        """Whether it is known what to ignore."""
        return self.watch is None or self.watch.is_decided

    def again(self) -> "ViewMask":
        """The same for a second look at the same frames: what was found counts from the first one on."""
        return ViewMask(self.usable, searches=False)

    def look(self, frame: Frame) -> None:
        """Look for an overlay in a rectified frame."""
        if self.watch and not self.watch.is_decided:
            self.usable = self.watch.add(frame.rgb[..., 1])
            if self.usable is not None:
                self.tell(f"overlay    {1 - self.usable.mean():.0%} of the image never moves and is ignored (--mask "
                          f"none uses it, --mask FILE says better what to ignore)")

    def added(self, frame: Frame) -> Frame:
        """A rectified frame -> the same with what is usable."""
        self.look(frame)
        return self._with_usable(frame)

    def added_to_all(self, frames: Iterable[Frame], is_live: bool) -> Iterator[Frame]:
        """Rectified frames -> the same with what is usable. Those of a recording are held back until that is known, so
        that it is known from the first one on; a camera's cannot wait."""
        frames, held, failure = iter(frames), [], None
        while not (is_live or self.is_decided) and sum(map(_bytes, held)) < MAX_HELD_BYTES:
            try:
                frame = next(frames, None)
            except MonofuseError as error:  # what came before it counts
                failure = error
                break
            if frame is None:
                break
            self.look(frame)
            held.append(frame)
        while held:
            yield self._with_usable(held.pop(0))
        if failure:
            raise failure
        for frame in frames:
            yield self.added(frame)

    def _with_usable(self, frame):
        return frame if self.usable is None else replace(frame, usable=self.usable)


def _bytes(frame: Any) -> int:
    depth = frame.sensor_depth
    return frame.rgb.nbytes + (depth.depth_m.nbytes if depth is not None else 0)
