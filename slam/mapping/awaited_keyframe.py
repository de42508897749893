"""Keyframes whose depth is still being predicted, while tracking goes on against the reference."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import se3
from slam.tracking.image import Image

if TYPE_CHECKING:
    from sequences.frame import DepthImage, Frame
    from slam.mapping.keyframes import Keyframes
    from slam.tracking.tracker import TrackingResult


class AwaitedKeyframe:
    """A tracked image that shall become a keyframe once its prediction has arrived."""

    def __init__(self, image: Image, frame: Frame, tracked: TrackingResult, keyframes: Keyframes,
                 depth: Future[DepthImage | None]):
        """frame: what the image was made of; tracked: against the reference keyframe."""
        self.frame, self.tracked = frame, tracked
        self._image, self._depth = image, depth
        self._row, self._scale = keyframes.reference.row, keyframes.scale[keyframes.reference.row]

    @property
    def has_arrived(self) -> bool:
        """Whether its depth is there."""
        return self._depth.done()

    def image(self) -> Image:
        """The image with its depth; waits for it. Raises what went wrong while it was predicted."""
        return self._image.with_predicted(self._depth.result())

    def is_wanted(self, keyframes: Keyframes) -> bool:
        """Whether the reference is still the one it was tracked against: if not, the camera is elsewhere."""
        return keyframes.reference.row == self._row

    def T_world_cam(self, keyframes: Keyframes) -> np.ndarray:
        """(4, 4) by the reference keyframe's present pose and scale."""
        T_key_cam = se3.inverse(self.tracked.T_cam_key)
        T_key_cam[:3, 3] *= keyframes.scale[self._row] / self._scale
        return keyframes.T_world_key[self._row] @ T_key_cam


class DepthRequests:
    """Asks for the depth of images that shall become keyframes, one at a time."""

    def __init__(self):
        self._awaited: AwaitedKeyframe | None = None

    def ask(self, frame: Frame, image: Image, tracked: TrackingResult, keyframes: Keyframes) -> bool:
        """Have the depth of a tracked frame predicted, to make it a keyframe. False where there is nobody to ask, or
        another is awaited. Raises what goes wrong there."""
        if frame.depth_on_request is None or self._awaited is not None:
            return False
        self._awaited = AwaitedKeyframe(image, frame, tracked, keyframes, frame.depth_on_request())
        return True

    def arrived(self, keyframes: Keyframes) -> AwaitedKeyframe | None:
        """The awaited keyframe, once, if its depth has arrived and it is still wanted."""
        awaited = self._awaited
        if awaited is None or not awaited.has_arrived:
            return None
        self._awaited = None
        return awaited if awaited.is_wanted(keyframes) else None

    def forget(self) -> None:
        """No longer wait for any."""
        self._awaited = None
