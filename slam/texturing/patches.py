"""Patches: connected triangles that are painted from one photo, and where they lie in it."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from slam.kernels.texture import Graph
from slam.texturing.sampling import sampled
from slam.texturing.surface import Photo, Surface, projected

SMOOTHING_PX = 2.0
"""Standard deviation of the smoothing of colours that are compared across seams."""


class Patches(NamedTuple):
    """P patches of the triangles with a photo, and their N nodes: vertices, at seams one for each patch."""

    triangles: np.ndarray
    """(M,) rows of the triangles, in ascending order."""
    nodes: np.ndarray
    """(M, 3) int32 nodes of their corners."""
    vertex: np.ndarray
    """(N,) vertex of each node."""
    patch: np.ndarray
    """(N,) patch of each node; nodes are sorted by patch."""
    photo: np.ndarray
    """(P,) photo of each patch."""


def patches_of(surface: Surface, photo: np.ndarray, graph: Graph) -> Patches:
    """photo (T,) of each triangle, -1 for none -> Patches"""
    rows = np.flatnonzero(photo >= 0)
    first = np.repeat(np.arange(len(photo)), 3)
    second = graph.neighbour.ravel()
    joined = (second >= 0) & (photo[first] == photo[second]) & (photo[first] >= 0)
    links = coo_array((np.ones(joined.sum(), bool), (first[joined], second[joined])), shape=(len(photo),) * 2)
    label = connected_components(links, directed=False)[1][rows]
    names, label = np.unique(label, return_inverse=True)
    key = label[:, None].astype(np.int64) * len(surface.vertices) + surface.triangles[rows]
    keys, nodes = np.unique(key, return_inverse=True)
    of_patch = np.zeros(len(names), np.int32)
    of_patch[label] = photo[rows]
    return Patches(rows, nodes.reshape(-1, 3).astype(np.int32), keys % len(surface.vertices),
                   keys // len(surface.vertices), of_patch)


def node_pixels(surface: Surface, patches: Patches, photos: Sequence[Photo], scale: float) -> np.ndarray:
    """-> (N, 2) float64 pixel u, v of each node in its photo, resized by `scale`"""
    pixels = np.zeros((len(patches.vertex), 2))
    of_node = patches.photo[patches.patch]
    for row, photo in enumerate(photos):
        here = of_node == row
        camera = photo.camera.resized(scaled_size(photo.camera.size, scale))
        pixels[here] = projected(surface.vertices[patches.vertex[here]], photo.T_world_key, camera)[:, :2]
    return pixels


def sample_nodes(patches: Patches, pixels: np.ndarray, photos: Sequence[Photo], gain: np.ndarray, row: int,
                 colour: np.ndarray) -> None:
    """Write into colour (N, 3) what photo `row`, smoothed and times gain (3,), shows at its nodes' pixels (N, 2)."""
    here = np.flatnonzero(patches.photo[patches.patch] == row)
    if len(here):
        smooth = cv2.GaussianBlur(photos[row].read().astype(np.float32), (0, 0), SMOOTHING_PX)
        colour[here] = sampled(smooth, pixels[here]) * gain


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of a photo resized by `scale`."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
