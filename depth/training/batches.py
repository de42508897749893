"""Batches of augmented images. What step k sees depends on the seed and k alone, not on workers, processes, pauses."""

import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from calib.base.errors import MonofuseError
from depth.data.augmentation import Augmentation
from depth.data.sample import DepthDataset
from depth.training.mixture import Mixture
from depth.training.teachers import Teachers

CHANGES = 2
"""Seed that separates the random numbers for augmentation from those for the order of images; see Mixture."""


class Batch(NamedTuple):
    """Images of one step."""

    rgb: Tensor
    """(B, 3, h, w) uint8."""
    depth_m: Tensor
    """(B, 1, h, w) float32 ground truth, 0 where unknown."""
    taught: Tensor | None = None
    """(B, 1, h / 2, w / 2) float32 log depth that teachers predict; None without teachers."""


class AugmentedImages(Dataset):
    """(epoch, index) -> augmented rgb (h, w, 3) uint8, depth (h, w) float32 and what teachers say of it (log depth).

    Without teachers the last is missing. A MonofuseError that came up is returned, since an exception would leave a
    worker as pages of text.
    """

    def __init__(self, datasets: Sequence[DepthDataset], augmentation: Augmentation, size: tuple[int, int],
                 focal_px: float, seed: int, teachers: Teachers | None = None) -> None:
        self.places = [(dataset, index) for dataset in datasets for index in range(len(dataset))]
        self.augmentation, self.size, self.focal_px, self.seed = augmentation, size, focal_px, seed
        self.teachers = teachers

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, key: tuple[int, int]) -> tuple[np.ndarray, ...] | MonofuseError:
        epoch, index = key
        dataset, number = self.places[index]
        rng = np.random.default_rng([self.seed, CHANGES, epoch, index])
        try:
            sample = dataset[number]
            known = sample.depth_m * (sample.depth_m <= dataset.farthest_m)
            rgb, depth_m = self.augmentation(sample._replace(depth_m=known), self.size, self.focal_px, rng,
                                             dataset.border)
            return (rgb, depth_m, self.teachers.log_depth(rgb)) if self.teachers else (rgb, depth_m)
        except MonofuseError as error:
            return error


class Order:
    """Yields the (epoch, index) pairs of this process for each step from `first` to `last`; see Mixture."""

    def __init__(self, mixture: Mixture, batch: int, first: int, last: int, rank: int = 0, processes: int = 1) -> None:
        self.mixture, self.batch, self.first, self.last = mixture, batch, first, last
        self.mine = range(rank * batch // processes, (rank + 1) * batch // processes)

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for step in range(self.first, self.last):
            yield [self.mixture[step * self.batch + k] for k in self.mine]


def batches(images: AugmentedImages, order: Order, workers: int,
            pin: bool = False) -> Iterator[Batch]:
    """AugmentedImages and Order -> iterator of batches. Raises the error of reading an image."""
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
    rgb, *maps = (torch.from_numpy(np.stack(parts)) for parts in zip(*items))
    return Batch(rgb.permute(0, 3, 1, 2), *(part[:, None] for part in maps))  # channels last, as the Learner wants them


def _quiet_worker(_):
    """Leave Ctrl-C to the process that trains, and use one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
