"""RecordedDataset: what the recorded data sets have in common.

It has images on disk, each with its time, and maybe with depth and ground truth. A new data set is a module with
LAYOUT (in words, for people who have something else), `recognises(path)`, and a class that derives from
RecordedDataset, finds the shots, and says how their depth is read; replica.py is a short example.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calib.base.errors import SourceError
from calib.files.association import nearest_in_time
from calib.files.image_file import UnreadableImage, read_rgb
from calib.files.time_order import kept_in_time
from calib.geometry.camera import Camera
from sequences.checks import camera_for, first_readable, first_readable_size, read_frame, refuse_sensor_depth
from sequences.frame import DepthImage, Frame
from sequences.sequence import Sequence, SkipLog, SourceOptions

RATE_HZ = 30
"""Frames a second of recordings that number their images instead of timing them."""


@dataclass(frozen=True)
class Shot:
    """One image of a recording, before it is read."""

    time_s: float
    image: Any
    """What the data set's reader of images takes, mostly a path."""
    depth: Any = None
    """What its reader of depth takes; None where the image has no depth."""
    T_world_cam: np.ndarray | None = None
    """(4, 4) ground truth, camera to world."""


class RecordedDataset(Sequence):
    """A recording of which each image is read when it is its turn. See sequences.sequence.Sequence.

    Unreadable images and depth maps are skipped and counted. Raises SourceError on opening where nothing can be read,
    or where every frame's depth is asked for and there is none.
    """

    def __init__(self, place: str | Path, layout: str, shots: list[Shot], camera: Camera | None, options: SourceOptions,
                 read_depth: Callable[[Any], DepthImage] | None = None,
                 read_image: Callable[[Any], np.ndarray] = read_rgb,
                 ground_truth: tuple[np.ndarray, np.ndarray] | None = None, index: Path | None = None):
        """`layout`: what such a recording consists of, for people who have something else. `camera`: of the images, at
        any size of their aspect ratio; the user's calibration goes before it, and without one it must not be None.

        `read_depth`: takes a shot's depth -> DepthImage, or raises UnreadableImage; None where no shot has depth.
        `ground_truth`: the whole trajectory, where the shots do not say it all. `index`: the file that names the
        images, where there is one.
        """
        if not shots:
            raise SourceError(f"{place} has no images: expected {layout}")
        self.place, self.name, self.options = Path(place), Path(place).resolve().name, options
        self.skipped = SkipLog()
        if index:
            self.count_unnamed(index, [shot.image for shot in shots])
        self.shots = self._in_time(shots)[: options.max_frames]
        self.frame_count = len(self.shots)
        self.has_depth = any(shot.depth is not None for shot in self.shots)
        self.ground_truth = ground_truth or ground_truth_of(self.shots)
        self._read_image, self._read_depth = read_image, read_depth
        size = first_readable_size([shot.image for shot in self.shots], place, read_image)
        self.camera = camera_for(options, camera, size)
        self._check_depth()

    def __iter__(self) -> Iterator[Frame]:
        for index, shot in enumerate(self.shots):
            rgb = read_frame(shot.image, self.camera, self.skipped, self._read_image)
            if rgb is not None:
                yield Frame(index, shot.time_s, rgb, sensor_depth=self._depth_of(index, shot),
                            T_world_cam_true=shot.T_world_cam)

    def _in_time(self, shots):
        """As many as can be kept with their times increasing; those with repeated and stray times are counted."""
        kept = kept_in_time([shot.time_s for shot in shots], [shot.image for shot in shots], self.place,
                            self.skipped.add)
        return [shots[k] for k in kept]

    def count_unnamed(self, index: Path, named: list[Path]) -> None:
        """Count, in one line, the images next to those `named` by the file `index` that it does not name itself."""
        folder, known = named[0].parent, {path.name for path in named}
        others = [path for path in folder.iterdir() if path.suffix == named[0].suffix and path.name not in known] \
            if folder.is_dir() else []
        if others:
            self.skipped.add(f"{index} does not name {len(others)} of the images in {folder}: was it cut off?")

    def _check_depth(self):
        """Raises SourceError where SLAM with the sensor's depth would be hopeless."""
        if self.options.depth_every != 1:
            return
        depths = [shot.depth for shot in self.shots if shot.depth is not None]
        if not depths:
            refuse_sensor_depth(self.options, self.place)
        first_readable(depths, f"{self.place}, depth", self._depth_image)

    def _depth_of(self, index, shot):
        """DepthImage, or None where there is none, it is not asked for, or it is unreadable, which is counted."""
        if shot.depth is None or not self.options.wants_depth(index):
            return None
        try:
            return self._depth_image(shot.depth)
        except UnreadableImage as reason:
            self.skipped.add(str(reason))
            return None

    def _depth_image(self, depth):
        assert self._read_depth is not None, "shots with depth come with what reads it"
        return self._read_depth(depth)


def ground_truth_of(shots: list[Shot]) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (N,) and T_world_cam (N, 4, 4) of the shots that have one; None where none has."""
    known = [(shot.time_s, shot.T_world_cam) for shot in shots if shot.T_world_cam is not None]
    return (np.array([time_s for time_s, _ in known]), np.array([T for _, T in known])) if known else None


def ground_truth_at(ground_truth: tuple[np.ndarray, np.ndarray] | None, wanted_s: list[float],
                    tolerance_s: float) -> list[np.ndarray | None]:
    """For each time the T_world_cam (4, 4) nearest to it, or None where none lies within the tolerance.

    `ground_truth`: times (N,) and T_world_cam (N, 4, 4), or None.
    """
    if ground_truth is None:
        return [None] * len(wanted_s)
    times_s, T_world_cam = ground_truth
    return [None if k is None else T_world_cam[k] for k in nearest_in_time(times_s, wanted_s, tolerance_s)]
