"""The one global map: surfels, stored relative to the keyframe that first saw them."""

from dataclasses import dataclass

import numpy as np

from slam.kernels.surfel_arrays import SurfelArrays


@dataclass(frozen=True)
class SurfelConfig:
    max_surfels: int = 1_500_000
    """Cap on the map. When it is reached, unstable surfels go first, the longest unseen before others, then the stable
    ones that are least confident; a twentieth of the map goes at a time."""
    stable_confidence: float = 6.0
    """Observations (at full weight) after which a surfel counts as real."""


class Surfels:
    """Rows in arrays of fixed capacity: growing copies nothing, and freed rows are used again."""

    def __init__(self, config):
        n = config.max_surfels
        self.config = config
        self.arrays = SurfelArrays.empty(n)
        self.rows = np.zeros(2, np.int64)
        self.free_rows = np.zeros(n, np.int32)
        self.evicted = 0

    def __len__(self):
        return int(self.rows[0] - self.rows[1])

    @property
    def used_rows(self):
        """Rows that kernels need to look at; some of them may be free."""
        return int(self.rows[0])

    def select(self, min_confidence):
        """Rows of the surfels with at least this confidence."""
        return np.flatnonzero(self.arrays.confidence[: self.used_rows] >= max(min_confidence, 1e-9))

    def make_room(self, wanted):
        """See to it that `wanted` surfels can be added, by the policy of SurfelConfig.max_surfels."""
        if self.config.max_surfels - len(self) >= wanted:
            return
        used = self.arrays.confidence[: self.used_rows]
        unstable = used < self.config.stable_confidence
        seen = self.arrays.seen[: self.used_rows]
        value = np.where(unstable, seen - (int(seen.max()) + 1.0), used)
        value[used <= 0] = np.inf
        count = min(max(wanted, self.config.max_surfels // 20), len(self))
        self.free(np.argpartition(value, count - 1)[:count])
        self.evicted += count

    def free(self, rows):
        """Give rows back; they must be in use."""
        self.arrays.confidence[rows] = 0
        self.free_rows[self.rows[1]: self.rows[1] + len(rows)] = np.sort(rows)
        self.rows[1] += len(rows)

    def world_points(self, rows, T_world_key):
        """Rows -> positions (n, 3) in metres and normals (n, 3) in the world, given T_world_key (K, 4, 4)."""
        T = T_world_key[self.arrays.keyframe[rows]]
        points = np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.position[:, rows].T) + T[:, :3, 3]
        return points, np.einsum("nij,nj->ni", T[:, :3, :3], self.arrays.normal[rows])
