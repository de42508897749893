"""The full-size images of keyframes, compressed: what the mesh is painted from."""

from dataclasses import dataclass

import numpy as np

from calib.files.image_file import decode_rgb, encode_jpeg


@dataclass(frozen=True)
class KeyframeImageConfig:
    """Settings of KeyframeImages."""

    max_mb: float = 200.0
    """Memory for all images, of which one of 640x480 takes about 80 kB; beyond, every second one is forgotten, and of
    new keyframes every second one kept."""


class KeyframeImages:
    """Images of keyframes by row; of very many keyframes only every second, fourth ... one's."""

    def __init__(self, config: KeyframeImageConfig):
        self.config = config
        self.step = 1
        """Rows divisible by it are kept."""
        self.keeps_for_writer = False
        """Whether every image waits for `take`, also those that are forgotten here."""
        self._jpeg: dict[int, bytes] = {}
        self._waiting: dict[int, bytes] = {}

    def add(self, row: int, rgb: np.ndarray) -> None:
        """Keep the rectified image (H, W, 3) uint8 of keyframe `row`."""
        if self.keeps_for_writer or row % self.step == 0:
            self.add_jpeg(row, encode_jpeg(rgb))

    def add_jpeg(self, row: int, jpeg: bytes) -> None:
        """Keep the image of keyframe `row`, compressed already."""
        if self.keeps_for_writer:
            self._waiting[row] = jpeg
        if row % self.step:
            return
        self._jpeg[row] = jpeg
        while self.size_mb > self.config.max_mb and len(self._jpeg) > 1:
            self.step *= 2
            self._jpeg = {row: jpeg for row, jpeg in self._jpeg.items() if row % self.step == 0}

    def take(self, row: int) -> bytes:
        """The JPEG of keyframe `row`, once, where `keeps_for_writer` was set before it came."""
        return self._waiting.pop(row)

    @property
    def rows(self) -> list[int]:
        """Rows of the keyframes whose images are there, in ascending order."""
        return list(self._jpeg)

    @property
    def size_mb(self) -> float:
        """Memory that the images take, in 10^6 bytes."""
        return sum(map(len, self._jpeg.values())) / 1e6

    def rgb(self, row: int) -> np.ndarray:
        """-> (H, W, 3) uint8 image of keyframe `row`"""
        return decode_rgb(self._jpeg[row], f"image of keyframe {row}")
