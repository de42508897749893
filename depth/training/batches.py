"""Batches of augmented images. What step k sees depends on the seed and k alone, not on workers, processes, pauses."""

import signal
from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from calib.base.errors import MonofuseError
from depth.data.augmentation import Augmentation
from depth.data.sample import DepthDataset

ORDER, CHANGES = 1, 2
"""Seeds that separate the random numbers for the order of images from those for their augmentation."""


class AugmentedImages(Dataset):
    """(epoch, index) -> augmented rgb (h, w, 3) uint8 and depth (h, w) float32, or the MonofuseError that came up.

    Errors are returned, since an exception would leave a worker as pages of text.
    """

    def __init__(self, datasets: Sequence[DepthDataset], augmentation: Augmentation, size: tuple[int, int],
                 focal_px: float, seed: int) -> None:
        self.places = [(dataset, index) for dataset in datasets for index in range(len(dataset))]
        self.augmentation, self.size, self.focal_px, self.seed = augmentation, size, focal_px, seed

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, key: tuple[int, int]) -> tuple[np.ndarray, np.ndarray] | MonofuseError:
        epoch, index = key
        dataset, number = self.places[index]
        rng = np.random.default_rng([self.seed, CHANGES, epoch, index])
        try:
            sample = dataset[number]
            known = sample.depth_m * (sample.depth_m <= dataset.farthest_m)
            return self.augmentation(sample._replace(depth_m=known), self.size, self.focal_px, rng, dataset.border)
        except MonofuseError as error:
            return error


class Order:
    """Yields the (epoch, index) pairs of this process for each step from `first` to `last`.

    Each epoch has a new order, and batches run on over its end.
    """

    def __init__(self, count: int, batch: int, seed: int, first: int, last: int, rank: int = 0,
                 processes: int = 1) -> None:
        self.count, self.batch, self.seed, self.first, self.last = count, batch, seed, first, last
        self.mine = range(rank * batch // processes, (rank + 1) * batch // processes)

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        permutation = lru_cache(maxsize=4)(self._permutation)
        for step in range(self.first, self.last):
            places = (divmod(step * self.batch + k, self.count) for k in self.mine)
            yield [(epoch, int(permutation(epoch)[place])) for epoch, place in places]

    def _permutation(self, epoch):
        return np.random.default_rng([self.seed, ORDER, epoch]).permutation(self.count)


def batches(images: AugmentedImages, order: Order, workers: int,
            pin: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
    """AugmentedImages and Order -> iterator of rgb (B, 3, h, w) uint8 and depth (B, 1, h, w) float32 in metres.

    Raises the error of reading an image.
    """
    loader = DataLoader(images, batch_sampler=order, num_workers=workers, collate_fn=_collated, pin_memory=pin,
                        worker_init_fn=_quiet_worker if workers else None)
    for batch in loader:
        if isinstance(batch, MonofuseError):
            raise batch
        yield batch


def _collated(items):
    for item in items:
        if isinstance(item, MonofuseError):
            return item
    rgb, depth_m = (torch.from_numpy(np.stack(parts)) for parts in zip(*items))
    return rgb.permute(0, 3, 1, 2), depth_m[:, None]  # channels last in memory, as the Learner wants them


def _quiet_worker(_):
    """Leave Ctrl-C to the process that trains, and use one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
