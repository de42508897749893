"""The full-size images of keyframes, compressed: what the mesh is painted from."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class KeyframeImageConfig:
    """Settings of KeyframeImages."""

    quality: int = 95
    """JPEG quality, 1 to 100; a 640x480 image takes about 80 kB at 95, a 1920x1080 one about 400 kB."""
    max_mb: float = 200.0
    """Memory for all images; beyond, every second one is forgotten, and of new keyframes every second one kept."""


class KeyframeImages:
    """Images of keyframes by row; of very many keyframes only every second, fourth ... one's."""

    def __init__(self, config: KeyframeImageConfig):
        self.config = config
        self.step = 1
        """Rows divisible by it are kept."""
        self._jpeg: dict[int, np.ndarray] = {}
        self._size = 0

    def add(self, row: int, rgb: np.ndarray) -> None:
        """Keep the rectified image (H, W, 3) uint8 of keyframe `row`."""
        if row % self.step:
            return
        options = [cv2.IMWRITE_JPEG_QUALITY, self.config.quality]
        self._jpeg[row] = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)[1]
        self._size += len(self._jpeg[row])
        while self._size > 1e6 * self.config.max_mb and len(self._jpeg) > 1:
            self._forget_every_second()

    @property
    def rows(self) -> list[int]:
        """Rows of the keyframes whose images are there, in ascending order."""
        return list(self._jpeg)

    def rgb(self, row: int) -> np.ndarray:
        """-> (H, W, 3) uint8 image of keyframe `row`"""
        return cv2.cvtColor(cv2.imdecode(self._jpeg[row], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def _forget_every_second(self):
        self.step *= 2
        self._jpeg = {row: jpeg for row, jpeg in self._jpeg.items() if row % self.step == 0}
        self._size = sum(map(len, self._jpeg.values()))
