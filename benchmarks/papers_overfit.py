#!/usr/bin/env python3
"""Whether every network can learn eight images by heart: one that cannot is built wrongly, one that can and still loses
to the mean depth in the table of the papers' networks lacks nothing but training.

    python -m benchmarks.papers_overfit DATA [--network NAME ...] [--output FILE.json]

DATA: NYU's labelled training images, of which eight are taken evenly. Each network learns with its paper's own loss,
all eight in every step and without dropout, until its relative error on them is below 0.05, measured every ten steps as
it would predict them (in eval mode), or until --steps. The coarse part of a network of two stages is trained first.
With --output, finished networks are kept there and not trained again.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.papers import size
from benchmarks.papers_training import LEARNING, precision_for
from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, path_of
from depth.data.augmentation import augmentation_named
from depth.data.catalogue import open_dataset
from depth.data.sample import DepthDataset
from depth.evaluation.evaluate import evenly
from depth.networks import registry
from depth.networks.registry import Network
from depth.training.batches import Batch
from depth.training.config import TrainingConfig
from depth.training.learner import Learner
from depth.training.processes import join
from depth.training.stage import Stage

IMAGES = 8
LEARNT_REL = 0.05
"""Relative error below which images count as learnt."""
MEASURED_EVERY = 10
"""Steps."""
MOMENTUM = 0.1
"""Of the moments of batch normalisation; EfficientNet's 0.01 follows too slowly for so few steps."""


class Outcome(NamedTuple):
    """How far a network came."""

    steps: int
    """Of the network itself, not of its coarse part."""
    rel: float
    coarse_steps: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--network", nargs="+", default=list(registry.NETWORKS), metavar="NAME")
    parser.add_argument("--steps", type=int, default=600, help="give up after so many (default: 600)")
    parser.add_argument("--size", type=size, default=(64, 96), metavar="H,W",
                        help="input of networks that take any size (default: 64,96)")
    parser.add_argument("--output", type=path_of, metavar="FILE.json")
    arguments = parser.parse_args()
    dataset = open_dataset(arguments.data, "train")
    print(f"{machine()}; {dataset.name}, {IMAGES} images, {LEARNING['optimiser']} at {LEARNING['lr']:g}\n")
    table(("network", "loss", "input", "steps of the coarse part", "steps", "rel", "seconds"),
          (row(registry.find(name), dataset, arguments) for name in arguments.network))


def row(entry: Network, dataset: DepthDataset, arguments: argparse.Namespace) -> Sequence[object]:
    """A finished line of the table."""
    path = arguments.output
    kept = json.loads(path.read_text()) if path and path.is_file() else {}
    if entry.name not in kept:
        input_size = arguments.size if entry.side_multiple else entry.input_size
        start = time.perf_counter()
        outcome = overfitted(entry, images_of(dataset, input_size), arguments.steps)
        kept[entry.name] = [entry.loss, "x".join(map(str, input_size[::-1])), outcome.coarse_steps or "", outcome.steps,
                            f"{outcome.rel:.3f}", f"{time.perf_counter() - start:.0f}"]
        if path:
            path.write_text(json.dumps(kept, indent=1))
    return entry.name, *kept[entry.name]


def images_of(dataset: DepthDataset, input_size: tuple[int, int]) -> Batch:
    """Images of a DepthDataset, evenly chosen, as inputs of (height, width)."""
    plain, rng = augmentation_named("none"), np.random.default_rng(0)
    samples = [dataset[index] for index in evenly(len(dataset), IMAGES)]
    pairs = [plain(sample, input_size, sample.camera.fx * input_size[1] / sample.camera.width, rng, dataset.border)
             for sample in samples]
    rgb, depth_m = (torch.from_numpy(np.stack(part)) for part in zip(*pairs))
    return Batch(rgb.permute(0, 3, 1, 2), depth_m[:, None])


def overfitted(entry: Network, images: Batch, max_steps: int) -> Outcome:
    """Train a new network on images, its coarse part first, until it knows them."""
    torch.manual_seed(0)
    module = entry.build()
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = MOMENTUM
    coarse_steps = 0
    if entry.first_stage:
        coarse_steps, _ = learnt(registry.find(entry.first_stage), module.get_submodule("coarse"), images, max_steps)
    return Outcome(*learnt(entry, module, images, max_steps), coarse_steps)


def learnt(entry: Network, module: nn.Module, images: Batch, max_steps: int) -> tuple[int, float]:
    """-> steps that were needed, relative error then."""
    config = TrainingConfig(entry.name, (), steps=max_steps, batch=len(images.rgb), precision=precision_for("cpu"),
                            **{**LEARNING, "schedule": "poly"})
    learner = Learner(Stage(entry, module, 0, max_steps), config, join("cpu"))
    for step in range(max_steps):
        learner.step(step, images)
        if (step + 1) % MEASURED_EVERY == 0 and (error := rel(learner, images)) < LEARNT_REL:
            return step + 1, error
    return max_steps, rel(learner, images)


def rel(learner: Learner, images: Batch) -> float:
    """Mean relative error of a network in eval mode, at the pixels that it predicts."""
    learner.module.eval()
    with torch.inference_mode():
        predicted_m = learner.predict(images.rgb).depth_m
    true_m = functional.interpolate(images.depth_m, predicted_m.shape[-2:], mode="nearest-exact")
    known = true_m > 0
    return float(((predicted_m - true_m).abs() / true_m)[known].mean())


if __name__ == "__main__":
    sys.exit(exit_code("papers_overfit", main))
