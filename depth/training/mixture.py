"""Which image comes at which place of a training run, drawn from one or more datasets in given shares."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np

from calib.base.errors import BadInputError

ORDER, CHOICE = 1, 3
"""Seeds that separate the random orders of images from the random choice of datasets."""
BLOCK = 1000
"""Places within which the shares are kept."""


class Mixture:
    """Place k of a run -> (epoch, index): the number of times that the dataset was gone through, and the image.

    `sizes`: images of each dataset, which are numbered through. `shares`: of each dataset among the places, in any
    unit; empty: by size, as if they were one. Every pass over a dataset has a new order and shows every image once,
    so that images of a small dataset come back often where its share is large. What place k holds depends on the seed
    and k alone. Raises BadInputError where shares do not fit.
    """

    def __init__(self, sizes: Sequence[int], shares: Sequence[float], seed: int) -> None:
        if shares and len(shares) != len(sizes):
            raise BadInputError(f"--share: give one for each --data, not {len(shares)} for {len(sizes)}")
        for share in shares:
            if not 0 < share < math.inf:
                raise BadInputError(f"--share {share:g}: a share is a number above 0")
        self.sizes = list(sizes) if shares else [sum(sizes)]
        self.shares = np.cumsum(shares or [1.0]) / sum(shares or [1.0])
        self.firsts = [0, *accumulate(self.sizes)]
        self.seed = seed
        self._picks = lru_cache(maxsize=4)(self._new_picks)
        self._permutation = lru_cache(maxsize=4 + 2 * len(self.sizes))(self._new_permutation)

    def __len__(self) -> int:
        return self.firsts[-1]

    def __getitem__(self, place: int) -> tuple[int, int]:
        block, within = divmod(place, BLOCK)
        datasets, draws = self._picks(block)
        dataset, draw = int(datasets[within]), int(draws[within])
        epoch, position = divmod(draw, self.sizes[dataset])
        return epoch, self.firsts[dataset] + int(self._permutation(dataset, epoch)[position])

    def _new_picks(self, block):
        """Dataset of each place of a block, and how often it was drawn from before."""
        before, after = self._drawn(block), self._drawn(block + 1)
        datasets = np.repeat(np.arange(len(self.sizes)), after - before)
        datasets = np.random.default_rng([self.seed, CHOICE, block]).permutation(datasets)
        draws = np.empty(BLOCK, np.int64)
        for k, first in enumerate(before):
            mine = datasets == k
            draws[mine] = first + np.arange(mine.sum())
        return datasets, draws

    def _drawn(self, blocks):
        """Draws from each dataset in so many blocks. Rounding cumulative shares keeps sums exact."""
        return np.diff(np.floor(self.shares * blocks * BLOCK + 0.5).astype(np.int64), prepend=0)

    def _new_permutation(self, dataset, epoch):
        return np.random.default_rng([self.seed, ORDER, epoch, dataset]).permutation(self.sizes[dataset])
