"""The surfel map; each surfel is stored relative to the keyframe that first saw it (Keller 2013, Whelan 2015)."""

import copy
from dataclasses import dataclass

import numpy as np

from slam.kernels.fuse import sweep
from slam.kernels.surfel_arrays import CHUNK, SURFELS, USED_CHUNKS, Chunks, SurfelArrays

SPARE_CHUNKS = 1024
"""Room for chunks that are only partly filled."""
BLOCK = 100_000
"""Surfels that are moved to the world at once: each takes a pose of its own, 128 bytes."""


@dataclass(frozen=True)
class SurfelConfig:
    """Settings of Surfels."""

    max_surfels: int = 1_500_000
    """Surfels in the map at most. Beyond, a twentieth is removed at a time: unstable ones first, the longest unseen
    before others, then the least confident."""
    stable_confidence: float = 6.0
    """Confidence, in observations at full weight, from which a surfel is stable."""
    max_unstable_age: int = 45
    """Frames for which a surfel may stay unstable and unseen."""
    min_chunk_share: float = 0.6
    """Share of live surfels in a chunk of rows below which it is cleared, its surfels being moved to others."""


class Surfels:
    """Rows in arrays of fixed capacity: growing copies nothing, and freed rows are used again."""

    def __init__(self, config: SurfelConfig):
        chunks = int(config.max_surfels / config.min_chunk_share) // CHUNK + SPARE_CHUNKS
        self.config = config
        self.arrays = SurfelArrays.empty(chunks * CHUNK)
        self.chunks = Chunks.empty(chunks)
        self.evicted_count = 0

    def __len__(self) -> int:
        return int(self.chunks.counts[SURFELS])

    @property
    def used_rows(self) -> int:
        """Rows that may hold surfels, from the first; some of them are unused."""
        return int(self.chunks.counts[USED_CHUNKS]) * CHUNK

    def select(self, min_confidence: float) -> np.ndarray:
        """-> rows (n,) of the surfels with at least this confidence"""
        return np.flatnonzero(self.arrays.confidence[: self.used_rows] >= max(min_confidence, 1e-9))

    def add_keyframe(self) -> None:
        """Make room for the surfels of one more keyframe."""
        self.chunks = self.chunks._replace(open_row=np.append(self.chunks.open_row, 0))

    def make_room(self, wanted: int) -> None:
        """Remove surfels until `wanted` more fit, see SurfelConfig.max_surfels."""
        if len(self) + wanted <= self.config.max_surfels:
            return
        confidence, seen = self.arrays.confidence[: self.used_rows], self.arrays.seen[: self.used_rows]
        unstable = confidence < self.config.stable_confidence
        value = np.where(unstable, seen - (int(seen.max()) + 1.0), confidence)
        value[confidence <= 0] = np.inf
        count = min(max(wanted, self.config.max_surfels // 20), len(self))
        self.remove(np.argpartition(value, count - 1)[:count])
        self.evicted_count += count

    def remove(self, rows: np.ndarray) -> None:
        """Remove the surfels in these rows; they must exist."""
        self.arrays.confidence[rows] = 0
        self.chunks.live[:] -= np.bincount(rows // CHUNK, minlength=len(self.chunks.live)).astype(np.int32)
        self.chunks.counts[SURFELS] -= len(rows)

    def sweep(self, frame_index: int, period: int) -> int:
        """One part in `period` of a search of the map for old unstable surfels and sparse chunks -> surfels removed

        Rows may move.
        """
        used = int(self.chunks.counts[USED_CHUNKS])
        share = -(-used // period)
        start = frame_index % period * share
        c = self.config
        return sweep(self.arrays, self.chunks, start, min(start + share, used), frame_index, c.max_unstable_age,
                     np.float32(c.stable_confidence), int(c.min_chunk_share * CHUNK))

    def rescale(self, factor: np.ndarray) -> None:
        """Scale the surfels of each keyframe by its factor (K,)."""
        used = int(self.chunks.counts[USED_CHUNKS])
        per_row = np.repeat(factor[self.chunks.keyframe[:used]].astype(np.float32), CHUNK)
        self.arrays.position[:, : self.used_rows] *= per_row
        self.arrays.radius[: self.used_rows] *= per_row

    def of_keyframes(self, is_wanted: np.ndarray) -> "Surfels":
        """The surfels of the keyframes that are wanted (K,) bool, to read only."""
        used = self.used_rows
        wanted_row = np.repeat(is_wanted[self.chunks.keyframe[: used // CHUNK]], CHUNK)
        confidence = np.zeros_like(self.arrays.confidence)
        confidence[:used] = np.where(wanted_row, self.arrays.confidence[:used], 0)
        part = copy.copy(self)
        part.arrays = self.arrays._replace(confidence=confidence)
        part.chunks = self.chunks._replace(counts=self.chunks.counts.copy())
        part.chunks.counts[SURFELS] = np.count_nonzero(confidence[:used])
        return part

    def keyframe_of(self, rows: np.ndarray) -> np.ndarray:
        """Rows (n,) of surfels -> rows (n,) of the keyframes that they belong to"""
        return self.chunks.keyframe[rows // CHUNK]

    def world_points(self, rows: np.ndarray, T_world_key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows (n,), T_world_key (K, 4, 4) -> positions (n, 3) in metres and normals (n, 3) in the world"""
        points, normals = np.empty((2, len(rows), 3))
        for start in range(0, len(rows), BLOCK):
            here = slice(start, start + BLOCK)
            T = T_world_key[self.keyframe_of(rows[here])]
            points[here] = np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.position[:, rows[here]].T) + T[:, :3, 3]
            normals[here] = np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.normal[rows[here]])
        return points, normals
