"""One photo for each triangle: sharp, near, facing, of the same colour as others, and the same as its neighbours'."""

from dataclasses import dataclass

import numpy as np

from slam.kernels.texture import Candidates, Graph, choose_photos

UNUSED = np.float32(1e3)
"""Cost of a column of Candidates without a photo."""
BLOCK = 50_000
"""Triangles whose colours are compared at once."""


@dataclass(frozen=True)
class SelectionConfig:
    """Settings of select_photos."""

    sharpness_exponent: float = 1.0
    """Weight of a photo's sharpness against its resolution."""
    seam: float = 0.5
    """Cost of a seam along a mean edge, against that of a photo of no resolution at all."""
    max_difference: float = 30.0
    """Difference from the median colour, of 255, beyond which a photo shows something else, such as a person."""
    outlier: float = 3.0
    """Cost of such a photo."""
    iterations: int = 15
    """Of the minimisation."""


def select_photos(found: Candidates, gains: np.ndarray, sharpness: np.ndarray, graph: Graph, config: SelectionConfig
                 ) -> np.ndarray:
    """-> (T,) int32 number of the photo that each triangle is painted from, -1 where none shows it

    gains (N, 3), sharpness (N,) of the photos; see slam.texturing.exposure."""
    quality = found.quality * (sharpness**config.sharpness_exponent).astype(np.float32)[found.photo]
    used = found.photo >= 0
    quality[~used] = 0
    cost = 1 - quality / np.maximum(quality.max(1, keepdims=True), np.float32(1e-9))
    cost[differs(found, gains, config.max_difference)] += np.float32(config.outlier)
    cost[~used] = UNUSED
    messages, choice = np.zeros((*graph.neighbour.shape, cost.shape[1]), np.float32), cost.argmin(1).astype(np.int32)
    graph = graph._replace(weight=np.float32(config.seam) * graph.weight)
    for _ in range(config.iterations):
        choose_photos(cost, found.photo, graph, messages, choice)
    return np.take_along_axis(found.photo, choice[:, None], 1)[:, 0]


def differs(found: Candidates, gains: np.ndarray, max_difference: float) -> np.ndarray:
    """-> (T, K) bool: candidates whose colour, gains (N, 3) applied, is not that of most; of two nobody knows which"""
    parts = [_differs(Candidates(*(values[start: start + BLOCK] for values in found)), gains, max_difference)
             for start in range(0, len(found.photo), BLOCK)]
    return np.concatenate([np.zeros((0, found.photo.shape[1]), bool), *parts])


def _differs(found, gains, max_difference):
    used = found.photo >= 0
    colour = np.where(used[..., None], found.colour * gains[found.photo], np.nan).astype(np.float32)
    median = np.full((len(colour), 3), np.nan, np.float32)
    several = used.sum(1) >= 3
    median[several] = np.nanmedian(colour[several], axis=1)
    with np.errstate(invalid="ignore"):
        return np.abs(colour - median[:, None]).max(2) > max_difference
