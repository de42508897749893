"""What every dataset yields, and what it says about itself."""

from typing import NamedTuple, Protocol

import numpy as np

from calib.geometry.camera import Camera


class Sample(NamedTuple):
    rgb: np.ndarray
    """(H, W, 3) uint8."""
    camera: Camera
    """Of the image, at its size."""
    depth_m: np.ndarray
    """(h, w) float32, z in metres, 0 where there is no truth. Its size need not be the image's."""
    depth_camera: Camera
    """Of the depth map; it shares its centre and axes with `camera`."""


class DepthDataset(Protocol):
    """Images by number. Raises BadInputError on opening where nothing fits, on access where a file is damaged."""

    name: str
    names: list[str]
    """One per image, as its files are called, in a fixed order."""
    border: float
    """Share of the width at each edge of the images that shows nothing (NYU's white frame); training leaves it out."""
    farthest_m: float
    """Truth beyond this is not to be trained on."""
    protocol: str
    """How papers measure on it; a name from depth.evaluation.protocol.PROTOCOLS."""
    licence: str
    """What its makers allow, for model cards."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...
