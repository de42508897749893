"""The interface of datasets: their samples, and facts about themselves."""

from typing import NamedTuple, Protocol

import numpy as np

from calib.geometry.camera import Camera


class Sample(NamedTuple):
    """An image with its depth map."""

    rgb: np.ndarray
    """(H, W, 3) uint8 image."""
    camera: Camera
    """Camera of the image, at its size."""
    depth_m: np.ndarray
    """(h, w) float32, z in metres, 0 where there is no ground truth. Its size need not be the image's."""
    depth_camera: Camera
    """Camera of the depth map, at its size; it shares its centre and axes with `camera`."""


class DepthDataset(Protocol):
    """Images by number. Raises BadInputError on opening where nothing fits, on access where a file is damaged."""

    name: str
    """Name of the dataset, for logs and model cards."""
    names: list[str]
    """Names of the images, as their files are called, in a fixed order."""
    border: float
    """Share of the width at each edge of the images that shows nothing (NYU's white frame); training leaves it out."""
    farthest_m: float
    """Ground truth beyond this depth is not to be trained on."""
    protocol: str
    """Protocol with which papers measure on it: a name from depth.evaluation.protocol.PROTOCOLS."""
    licence: str
    """Terms of its makers, for model cards."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...
