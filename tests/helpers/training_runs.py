"""Runs of tiny networks: their images, configurations, listeners, and the weights that they leave."""

from pathlib import Path

import torch

from depth.networks.weights.checkpoint import read_tensors
from depth.training.config import TrainingConfig
from depth.training.processes import Processes
from depth.training.trainer import Trainer
from depth.training.training_folder import TrainingFolder
from tests.helpers.depth_datasets import write_nyu_folder

ALONE = Processes(0, 1, torch.device("cpu"))
NUMBERS = [*range(6), *range(168, 172)]
"""Of the images: six to train on, four to validate on."""


class Silent:
    """A listener that notes what it is told."""

    def __init__(self, do=None):
        self.steps, self.validations, self.do = [], [], do

    def stepped(self, stage, step, result, images_per_s):
        self.steps.append((stage.entry.name, step, result))
        if self.do:
            self.do(step)

    def validated(self, stage, step, summary, kept):
        self.validations.append((step, summary, kept))


def write_images(folder):
    """Ten small images whose depth follows their brightness -> their folder."""
    return write_nyu_folder(folder, NUMBERS, size=(48, 64))


def config(images, network="tiny", **values):
    values = {"steps": 4, "batch": 2, "workers": 0, "lr": 0.01, "checkpoint_every": 2, "val_images": 2, **values}
    return TrainingConfig(network=network, data=(str(images),), **values)


def trainer(config, folder, listener=None, resume=False, processes=ALONE):
    return Trainer(config, TrainingFolder(folder), processes, listener or Silent(), resume)


def weights(folder, name="tiny-last"):
    return read_tensors(Path(folder) / f"{name}.safetensors")[0]


def assert_same(a, b):
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def settings(**values):
    return TrainingConfig("tiny", ("x",), **values)
