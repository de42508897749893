"""Grey images of all tracked frames, compressed: in memory at first, in a temporary file when they become many."""

from tempfile import SpooledTemporaryFile

import cv2
import numpy as np

QUALITY = 95
"""JPEG quality; its noise stays below that of a camera."""
MAX_MEMORY = 64 * 2**20
"""Bytes that are kept in memory, some 3000 images; with more, all go to a file without a name."""


class ImageStore:
    """A list of images that can only be appended to."""

    def __init__(self):
        self.file = SpooledTemporaryFile(MAX_MEMORY)  # noqa: SIM115 - open for as long as the store lives
        self.ends = [0]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def append(self, gray: np.ndarray) -> None:
        """Keep a (h, w) float32 image in [0, 1]."""
        data = cv2.imencode(".jpg", np.round(255 * gray).astype(np.uint8), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1]
        self.file.seek(self.ends[-1])
        self.file.write(data.tobytes())
        self.ends.append(self.ends[-1] + len(data))

    def __getitem__(self, index: int) -> np.ndarray:
        """-> (h, w) float32 in [0, 1], as appended but for the compression."""
        start, end = self.ends[index:index + 2]
        self.file.seek(start)
        gray_u8 = cv2.imdecode(np.frombuffer(self.file.read(end - start), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert gray_u8 is not None, "the store holds what it has encoded itself"
        return gray_u8 * np.float32(1 / 255)
