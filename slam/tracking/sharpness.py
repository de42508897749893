"""Motion blur: how sharp an image is, compared with those just before it.

Sharpness is the energy of an image's gradients at the points of the reference keyframe, over that of the keyframe's
own. Both see the same surfaces, so a plain wall is not taken for blur, and the exposure gain cancels.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slam.kernels.alignment import MIN_DEPTH_M

if TYPE_CHECKING:
    from slam.mapping.keyframes import Keyframe
    from slam.tracking.image import Image
    from slam.tracking.tracker import TrackingResult


@dataclass(frozen=True)
class SharpnessConfig:
    """Settings of Sharpness."""

    recent: int = 12
    """Frames before an image whose median sharpness it is compared with."""
    min_recent: int = 3
    """Frames before an image that are needed to compare it; with fewer it counts as sharp."""
    samples: int = 1500
    """Points of the keyframe that are compared, about."""
    min_share: float = 0.1
    """Share of the keyframe's points that an image must show to be compared; below, it counts as sharp."""
    blurred: float = 0.85
    """Ratio of an image's sharpness to the recent median below which it is blurred and waits to become a keyframe."""
    patience: float = 1.4
    """How many times as far as usual the camera goes before a blurred image becomes a keyframe."""


class Sharpness:
    """Sharpness of each image over that of the recent ones."""

    def __init__(self, config: SharpnessConfig):
        self.config = config
        self.recent = deque(maxlen=config.recent)
        self.reference_row, self.last_frame = None, None

    def __call__(self, image: Image, keyframe: Keyframe, tracked: TrackingResult) -> float:
        """An image aligned to a keyframe -> its sharpness over the median of the recent images, one if there is nothing
        to compare with. Call it once for every image."""
        if keyframe.row != self.reference_row:
            self._change_reference(keyframe)
        self.last_frame = image.index
        sharpness = self._against(image.pyramid.levels[0], keyframe.points[0], tracked)
        usual = np.median(self.recent) if len(self.recent) >= self.config.min_recent else None
        if sharpness is not None:
            self.recent.append(sharpness)
        return float(sharpness / usual) if sharpness and usual else 1.0

    def patience(self, sharpness: float) -> float:
        """How many times as far as usual the camera may go before an image of this sharpness becomes a keyframe."""
        return self.config.patience if sharpness < self.config.blurred else 1.0

    def _change_reference(self, keyframe):
        """Express the recent values relative to a new reference: they are kept where that is the last image, and cannot
        be compared with any other."""
        known = list(self.recent) if keyframe.frame_index == self.last_frame else []
        self.recent.clear()
        self.recent.extend(sharpness / known[-1] for sharpness in known)
        self.reference_row = keyframe.row

    def _against(self, level, points, tracked):
        """Energy of gradients in the live image over that in the keyframe; None where too few points are in view."""
        points = points[:, :: max(1, points.shape[1] // self.config.samples)]
        T = tracked.T_cam_key.astype(np.float32)
        x, y, z = T[:3, :3] @ points[:3] + T[:3, 3:]
        fx, fy, cx, cy = level.camera.pinhole
        z = np.maximum(z, MIN_DEPTH_M)
        u, v = np.round(fx * x / z + cx).astype(np.int32), np.round(fy * y / z + cy).astype(np.int32)
        seen = np.flatnonzero((z > MIN_DEPTH_M) & (u >= 0) & (v >= 0)
                              & (u < level.camera.width) & (v < level.camera.height))
        if len(seen) < self.config.min_share * points.shape[1]:
            return None
        live = level.texture[v[seen], u[seen], 1:]
        own = points[4:6, seen]
        return float((live**2).sum() / ((own**2).sum() * np.exp(2 * tracked.affine[0])))
