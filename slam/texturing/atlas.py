"""The atlas: where patches lie in one picture, and the picture itself.

A patch's chart is the part of its photo that it covers, so texture keeps the photo's resolution, and what lies around a
chart is what the photo shows there: nothing bleeds in at its edges.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from slam.kernels.rasterise import rasterise
from slam.texturing.patches import Patches, node_pixels, scaled_size
from slam.texturing.surface import Photo, Surface

PADDING = 3
"""Pixels around a chart."""
CELL = 4
"""Pixels each way of a triangle that no photo shows: two by two hold its vertices' colours, the rest is padding."""
SHRINK = 0.93
"""By which charts are made smaller until they fit."""


class Layout(NamedTuple):
    """Where everything is in the atlas."""

    size: tuple[int, int]
    """(height, width) of the atlas."""
    scale: float
    """Of the photos: one, unless they would not fit."""
    pixels: np.ndarray
    """(N, 2) of each node in its photo, resized by `scale`."""
    source: np.ndarray
    """(P, 4) int: left, top, width and height of each chart in its photo."""
    place: np.ndarray
    """(P + C, 2) int: left and top of each chart, then of each cell, in the atlas."""


def lay_out(surface: Surface, patches: Patches, photos: Sequence[Photo], cell_count: int, max_size: int) -> Layout:
    """Charts at the photos' resolution, or smaller where they would not fit into max_size x max_size pixels."""
    scale = 1.0
    while True:
        pixels = node_pixels(surface, patches, photos, scale)
        source = _boxes(pixels, patches)
        sizes = np.concatenate([source[:, 2:], np.full((cell_count, 2), CELL)])
        width = int(np.clip(2 ** np.ceil(np.log2(np.sqrt(1.1 * sizes.prod(1).sum()) + 1)), 64, max_size))
        place, height = _shelves(sizes, max(width, int(sizes[:, 0].max(initial=1))))
        if max(height, width) <= max_size:
            return Layout((-(-height // 4) * 4, width), scale, pixels, source, place)
        scale *= SHRINK


def uv_pixels(layout: Layout, patches: Patches) -> np.ndarray:
    """-> (N, 2) float64 position of each node in the atlas, pixel centres at integers"""
    shift = layout.place[: len(layout.source)] - layout.source[:, :2]
    return layout.pixels + shift[patches.patch]


def paint(layout: Layout, patches: Patches, photos: Sequence[Photo], gains: np.ndarray, correction: np.ndarray,
          atlas: np.ndarray, row: int) -> None:
    """Copy the charts of photo `row` into the atlas (h, w, 3) uint8, gains (3,) and correction (N, 3) applied."""
    photo = photos[row]
    charts = np.flatnonzero(patches.photo == row)
    if not len(charts):
        return
    size = scaled_size(photo.camera.size, layout.scale)
    rgb = cv2.resize(photo.read(), size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    here = patches.photo[patches.patch[patches.nodes[:, 0]]] == row
    rgb = rgb * gains.astype(np.float32) + _spread(layout.pixels, correction, patches.nodes[here], size)
    rgb = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    for chart in charts:
        left, top, width, height = layout.source[chart]
        x, y = layout.place[chart]
        u, v = (np.clip(np.arange(start, start + length), 0, limit - 1)
                for start, length, limit in ((left, width, size[1]), (top, height, size[0])))
        atlas[y: y + height, x: x + width] = rgb[v[:, None], u]


def paint_cells(layout: Layout, colours: np.ndarray, atlas: np.ndarray) -> np.ndarray:
    """Triangles that no photo shows, in the colours of their vertices (C, 3, 3) -> (C, 3, 2) pixels of their corners

    Between the centres of four pixels of which the last is b + c - a, interpolation is that of the triangle abc."""
    a, b, c = np.moveaxis(colours.astype(np.float32), 1, 0)
    block = np.stack([np.stack([a, b], 1), np.stack([c, b + c - a], 1)], 1)
    block = np.clip(np.rint(block), 0, 255).astype(np.uint8)[:, [0, 0, 1, 1]][:, :, [0, 0, 1, 1]]
    place = layout.place[len(layout.source):]
    for k in range(CELL):
        for m in range(CELL):
            atlas[place[:, 1] + k, place[:, 0] + m] = block[:, k, m]
    return place[:, None] + np.array([[1, 1], [2, 1], [1, 2]])


def _boxes(pixels, patches):
    """-> (P, 4) int: left, top, width, height of each patch in its photo, with padding"""
    starts = np.flatnonzero(np.diff(patches.patch, prepend=-1))
    if not len(starts):
        return np.zeros((0, 4), np.int64)
    low = np.floor(np.minimum.reduceat(pixels, starts)).astype(np.int64) - PADDING
    high = np.ceil(np.maximum.reduceat(pixels, starts)).astype(np.int64) + PADDING
    return np.concatenate([low, high - low + 1], 1)


def _shelves(sizes, width):
    """Rectangles (n, 2) width and height, highest first, in rows of `width` -> (n, 2) left and top, total height"""
    place, left, top, shelf = np.zeros_like(sizes), 0, 0, 0
    for k in np.lexsort((-sizes[:, 0], -sizes[:, 1])):
        w, h = sizes[k]
        if left + w > width:
            left, top = 0, top + shelf
        shelf = h if left == 0 else shelf
        place[k] = left, top
        left += w
    return place, int(top + shelf)


def _spread(pixels, correction, nodes, size):
    """(h, w, 3): the correction inside the triangles, beside them that of what is near."""
    corners = np.column_stack([pixels, np.zeros(len(pixels))]).astype(np.float32)
    depth, image = np.full(size, np.inf, np.float32), np.zeros((*size, 3), np.float32)
    rasterise(corners, np.ascontiguousarray(correction, np.float32), nodes, depth, image)
    inside = np.isfinite(depth)
    window = 2 * PADDING + 3
    share = cv2.blur(inside.astype(np.float32), (window, window))
    around = cv2.blur(image, (window, window)) / np.maximum(share, 1e-6)[..., None]
    return np.where(inside[..., None], image, np.where(share[..., None] > 1e-6, around, 0))
