"""What of the images shows the static scene: all within the masks that they come with, but for what moves by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calib.geometry.camera import Camera
from slam.stages import StageTimes, stage
from slam.tracking.moving_parts import MovingParts, MovingPartsConfig

if TYPE_CHECKING:
    from slam.tracking.image import Image


class StaticScene:
    """Knows from when on images have a mask, and follows what moves, if that is wanted."""

    def __init__(self, camera: Camera, config: MovingPartsConfig | None, stage_times: StageTimes):
        """camera: pinhole at working size; config: None does not look for what moves."""
        self.moving = MovingParts(camera, config) if config else None
        self.stage_times = stage_times
        self._had_mask = False

    def mask_begins(self, usable: np.ndarray | None) -> bool:
        """Whether this image's mask is the first one. Call it once for every image."""
        begins = usable is not None and not self._had_mask
        self._had_mask |= begins
        return begins

    @stage("moving")
    def of(self, image: Image, inverse_depth: np.ndarray | None) -> Image:
        """The next image without what moves by itself in it; see MovingParts.without"""
        return self.moving.without(image, inverse_depth) if self.moving else image

    def is_doubtful(self, T_world_cam: np.ndarray) -> bool:
        """Whether much of the last image moves in another way than its pose (4, 4) says."""
        return self.moving is not None and self.moving.is_doubtful(T_world_cam)

    def forget(self) -> None:
        """Poses before and after this are not to be compared: the camera is lost, or the map has moved."""
        if self.moving:
            self.moving.forget()
