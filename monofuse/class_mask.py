"""What of each image SLAM may use: all but what a segmentation network finds in it, such as people."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calib.base.errors import BadInputError
from monofuse.view_mask import ViewMask
from slam.tracking.mask_flow import MaskFlow

if TYPE_CHECKING:
    from depth.runtimes.segmentation import SegmentationNetwork
    from sequences.frame import Frame

MARGIN = 0.01
"""Share of the image's width that is added around what the network finds."""
LIVE_MS = 15.0
"""Time per frame, on average, that a network may take while a camera runs."""
SPOKEN = re.compile(r"(.+\.onnx)(?::(.*))?", re.IGNORECASE)
CLASSES = re.compile(r"\d+(,\d+)*")
"""FILE.onnx[:CLASS[,CLASS]]"""


class ClassMask(ViewMask):
    """Adds to each frame where it shows the static scene: what a mask leaves of it, without things of some class.

    The network runs on every frame of a recording. While a camera runs, or where the network's options say so, it runs
    as often as there is time for, and its masks move along with the images in between."""

    def __init__(self, network: SegmentationNetwork, view: ViewMask, is_live: bool = False):
        """view: what is never to be used."""
        super().__init__(view.usable, searches=view.watch is not None, tell=view.tell)
        self.network, self.is_live = network, is_live
        self.every = network.options.every or (max(1, math.ceil(network.time_ms / LIVE_MS)) if is_live else 1)
        """Frames from one that is segmented to the next."""
        self.flow = MaskFlow()
        self.age = 0
        """Frames since the mask was begun; 0 before."""

    @property
    def pace(self) -> str:
        """How often the network runs, for the screen."""
        return "every frame" if self.every == 1 else f"every {self.every} frames, in between it moves along"

    def again(self) -> ClassMask:
        """The same for a second look at the same frames."""
        return ClassMask(self.network, super().again(), self.is_live)

    def _with_usable(self, frame: Frame) -> Frame:
        ignored = self._ignored(frame.rgb)
        height, width = frame.rgb.shape[:2]
        ignored = cv2.resize(ignored.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        margin = 2 * math.ceil(MARGIN * width) + 1
        usable = cv2.dilate(ignored, np.ones((margin, margin), np.uint8)) == 0
        return replace(frame, usable=usable if self.usable is None else usable & self.usable)

    def _ignored(self, rgb):
        """(H, W, 3) uint8 of the next frame -> (h, w) bool of any size: what is to be ignored"""
        self.age += 1
        if self.age > 1 and self.age <= self.every:
            return self.flow.follow(rgb)
        self.age = 1
        ignored = self.network.shows(rgb)
        if self.every > 1:
            self.flow.begin(rgb, ignored)
        return ignored


def open_class_mask(name: str, view: ViewMask, is_live: bool = False) -> ClassMask | None:
    """`FILE.onnx[:CLASS[,CLASS]]` -> ClassMask, None where `name` is none. Raises BadInputError, NetworkError."""
    spoken = SPOKEN.fullmatch(name)
    if not spoken:
        return None
    from depth.runtimes.segmentation import SegmentationNetwork
    path, classes = spoken.groups()
    if classes is not None and not CLASSES.fullmatch(classes):
        raise BadInputError(f"--mask {name}: behind the colon come numbers of classes, as in {path}:15 (people)")
    if not Path(path).is_file():
        raise BadInputError(f"--mask {name}: there is no file {path}")
    return ClassMask(SegmentationNetwork(path, tuple(map(int, classes.split(","))) if classes else ()), view, is_live)
