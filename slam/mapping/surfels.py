"""The one global map: surfels, stored relative to the keyframe that first saw them."""

import copy
from dataclasses import dataclass

import numpy as np

from slam.kernels.fuse import sweep
from slam.kernels.surfel_arrays import CHUNK, SURFELS, USED_CHUNKS, Chunks, SurfelArrays

SPARE_CHUNKS = 1024
"""Room for chunks that are only partly filled."""


@dataclass(frozen=True)
class SurfelConfig:
    max_surfels: int = 1_500_000
    """Cap on the map. When it is reached, unstable surfels go first, the longest unseen before others, then the stable
    ones that are least confident; a twentieth of the map goes at a time."""
    stable_confidence: float = 6.0
    """Observations (at full weight) after which a surfel counts as real."""
    max_unstable_age: int = 45
    """Frames that a surfel may stay unstable and unseen."""
    min_chunk_share: float = 0.6
    """A chunk of rows with fewer live surfels than this share is cleared, and its surfels moved together."""


class Surfels:
    """Rows in arrays of fixed capacity: growing copies nothing, and freed rows are used again."""

    def __init__(self, config: SurfelConfig):
        chunks = int(config.max_surfels / config.min_chunk_share) // CHUNK + SPARE_CHUNKS
        self.config = config
        self.arrays = SurfelArrays.empty(chunks * CHUNK)
        self.chunks = Chunks.empty(chunks)
        self.evicted = 0

    def __len__(self) -> int:
        return int(self.chunks.counts[SURFELS])

    @property
    def used_rows(self) -> int:
        """Rows that may hold surfels, from the first; some of them are unused."""
        return int(self.chunks.counts[USED_CHUNKS]) * CHUNK

    def select(self, min_confidence: float) -> np.ndarray:
        """Rows of the surfels with at least this confidence."""
        return np.flatnonzero(self.arrays.confidence[: self.used_rows] >= max(min_confidence, 1e-9))

    def add_keyframe(self) -> None:
        """Say that there is one more keyframe that surfels may belong to."""
        self.chunks = self.chunks._replace(open_row=np.append(self.chunks.open_row, 0))

    def make_room(self, wanted: int) -> None:
        """See to it that `wanted` surfels can be added, by the policy of SurfelConfig.max_surfels."""
        if len(self) + wanted <= self.config.max_surfels:
            return
        confidence, seen = self.arrays.confidence[: self.used_rows], self.arrays.seen[: self.used_rows]
        unstable = confidence < self.config.stable_confidence
        value = np.where(unstable, seen - (int(seen.max()) + 1.0), confidence)
        value[confidence <= 0] = np.inf
        count = min(max(wanted, self.config.max_surfels // 20), len(self))
        self.remove(np.argpartition(value, count - 1)[:count])
        self.evicted += count

    def remove(self, rows: np.ndarray) -> None:
        """Remove the surfels in these rows; they must exist."""
        self.arrays.confidence[rows] = 0
        self.chunks.live[:] -= np.bincount(rows // CHUNK, minlength=len(self.chunks.live)).astype(np.int32)
        self.chunks.counts[SURFELS] -= len(rows)

    def sweep(self, frame_index: int, period: int) -> int:
        """One part in `period` of looking through the whole map, for unstable surfels and sparse chunks.

        Returns how many surfels were dropped. Rows may move.
        """
        used = int(self.chunks.counts[USED_CHUNKS])
        share = -(-used // period)
        start = frame_index % period * share
        c = self.config
        return sweep(self.arrays, self.chunks, start, min(start + share, used), frame_index, c.max_unstable_age,
                     np.float32(c.stable_confidence), int(c.min_chunk_share * CHUNK))

    def rescale(self, factor: np.ndarray) -> None:
        """(K,) by how much the frame of each keyframe grows, and its surfels with it."""
        used = int(self.chunks.counts[USED_CHUNKS])
        per_row = np.repeat(factor[self.chunks.keyframe[:used]].astype(np.float32), CHUNK)
        self.arrays.position[:, : self.used_rows] *= per_row
        self.arrays.radius[: self.used_rows] *= per_row

    def of_keyframes(self, is_wanted: np.ndarray) -> "Surfels":
        """Only what belongs to the keyframes that are wanted (K,) bool, to be looked at, not to be changed."""
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
        """(n,) rows -> (n,) keyframes that they refer to."""
        return self.chunks.keyframe[rows // CHUNK]

    def world_points(self, rows: np.ndarray, T_world_key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows -> positions (n, 3) in metres and normals (n, 3) in the world, given T_world_key (K, 4, 4)."""
        T = T_world_key[self.keyframe_of(rows)]
        points = np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.position[:, rows].T) + T[:, :3, 3]
        return points, np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.normal[rows])
