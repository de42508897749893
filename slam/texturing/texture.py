"""A texture for a mesh, from photos of known pose: one picture, and where in it each triangle lies (Waechter 2014)."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from slam.texturing.atlas import lay_out, paint, paint_cells, uv_pixels
from slam.texturing.candidates import CandidateConfig, add_photos, no_candidates
from slam.texturing.exposure import gains, sharpness
from slam.texturing.levelling import level_seams
from slam.texturing.patches import node_pixels, patches_of, sample_nodes
from slam.texturing.selection import SelectionConfig, select_photos
from slam.texturing.surface import Photo, Surface, graph_of


@dataclass(frozen=True)
class TextureConfig:
    """Settings of texture_steps."""

    max_size: int = 4096
    """Pixels of the atlas each way, at most; photos are made smaller where they would not fit."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    """Which photos show which triangles."""
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    """Which of them each triangle is painted from."""


class TexturedMesh(NamedTuple):
    """Triangles with a picture."""

    vertices: np.ndarray
    """(V, 3) float32 in the world, metres; those at seams are there several times."""
    triangles: np.ndarray
    """(T, 3) int32, as many and in the same order as those of the mesh it was made of."""
    uv: np.ndarray
    """(V, 2) float32 in 0..1, from the picture's upper left corner to its lower right one."""
    image: np.ndarray
    """(h, w, 3) uint8 RGB."""
    seen: np.ndarray
    """(T,) bool: triangles that a photo shows; the others have the colours of the mesh's vertices."""


def texture_steps(surface: Surface, photos: Sequence[Photo], config: TextureConfig
                  ) -> Generator[float, None, TexturedMesh]:
    """Yields the share of the work that is done, returns the TexturedMesh. Deterministic."""
    stages = 3 * len(photos) + 2
    found = no_candidates(surface, config.candidates)
    for done, _ in enumerate(add_photos(found, surface, photos, config.candidates), 1):
        yield done / stages
    gain = gains(found, len(photos))
    graph = graph_of(surface, np.asarray((found.photo >= 0).any(1)))
    photo = select_photos(found, gain, sharpness(found, len(photos)), graph, config.selection)
    del found  # 288 bytes a triangle
    yield (len(photos) + 1) / stages
    patches = patches_of(surface, photo, graph)
    colour = np.zeros((len(patches.vertex), 3), np.float32)
    pixels = node_pixels(surface, patches, photos, 1.0)
    for row in range(len(photos)):
        sample_nodes(patches, pixels, photos, gain[row], row, colour)
        yield (len(photos) + 2 + row) / stages
    correction = level_seams(patches, colour)
    unseen = np.flatnonzero(photo < 0)
    layout = lay_out(surface, patches, photos, len(unseen), config.max_size)
    atlas = np.zeros((*layout.size, 3), np.uint8)
    for row in range(len(photos)):
        paint(layout, patches, photos, gain[row], correction, atlas, row)
        yield (2 * len(photos) + 3 + row) / stages
    cells = paint_cells(layout, surface.colours[surface.triangles[unseen]], atlas)
    return _joined(surface, patches, unseen, uv_pixels(layout, patches), cells, atlas)


def _joined(surface, patches, unseen, pixels, cells, atlas):
    """One mesh of the patches' triangles and of those that no photo shows, which share no vertices."""
    triangles = np.empty((len(surface.triangles), 3), np.int32)
    triangles[patches.triangles] = patches.nodes
    triangles[unseen] = len(pixels) + np.arange(3 * len(unseen)).reshape(-1, 3)
    vertex = np.concatenate([patches.vertex, surface.triangles[unseen].ravel()])
    uv = (np.concatenate([pixels, cells.reshape(-1, 2)]) + 0.5) / atlas.shape[1::-1]
    seen = np.ones(len(triangles), bool)
    seen[unseen] = False
    return TexturedMesh(surface.vertices[vertex].astype(np.float32), triangles, uv.astype(np.float32), atlas, seen)
