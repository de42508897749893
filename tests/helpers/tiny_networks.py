"""Networks of a few hundred parameters, registered beside the real ones; as a program, `python -m depth` with them."""

import os
import sys
from collections import namedtuple
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import nn

from depth.networks import registry

SIZE = 32, 32
LogDepth = namedtuple("LogDepth", "log_depth log_error")


class Tiny(nn.Module):
    """(B, 3, h, w) -> depth (B, 1, h/2, w/2), with batch normalisation and dropout."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.dropout = nn.Dropout(0.2)
        self.predict = nn.Conv2d(8, 1, 3, padding=1)
        nn.init.constant_(self.predict.bias, 2.0)

    def forward(self, rgb):
        return self.predict(self.dropout(self.encoder(rgb)))


class TinyPlain(nn.Module):
    """Without batch normalisation and dropout: images of a batch do not know of each other."""

    def __init__(self):
        super().__init__()
        self.first, self.predict = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 1, 1)

    def forward(self, rgb):
        return self.predict(torch.relu(self.first(rgb)))


class TinyError(nn.Module):
    """Log depth and log error."""

    def __init__(self):
        super().__init__()
        self.predict = nn.Conv2d(3, 2, 3, 2, 1)

    def forward(self, rgb):
        return LogDepth(*self.predict(rgb).split(1, dim=1))


class TinyFine(nn.Module):
    """A coarse network that stays as it is, and what refines it."""

    def __init__(self):
        super().__init__()
        self.coarse = Tiny().requires_grad_(False)
        self.fine = nn.Conv2d(4, 1, 3, 2, 1)

    def forward(self, rgb):
        coarse = nn.functional.interpolate(self.coarse(rgb), scale_factor=2)
        return self.fine(torch.cat((coarse, rgb), dim=1))

    def train(self, mode=True):
        super().train(mode)
        self.coarse.eval()
        return self


class TinyNetwork(registry.Network):
    def build(self):
        return MODULES[self.name]()


MODULES = {"tiny": Tiny, "tiny_plain": TinyPlain, "tiny_error": TinyError, "tiny_upright": TinyError,
           "tiny_fine": TinyFine}


def entry(name, loss="berhu", predicts="depth", first_stage=None, side_multiple=2):
    """One that divides by 32 takes images of any shape, as `mobile` does."""
    return TinyNetwork(name, "test", "", SIZE, (16, 16), loss, predicts, side_multiple, first_stage,
                       any_shape=side_multiple == 32, predicts_error=loss == "laplace")


ENTRIES = (entry("tiny"), entry("tiny_plain"), entry("tiny_error", "laplace", "log_depth"),
           entry("tiny_upright", "laplace", "log_depth", side_multiple=32),
           entry("tiny_fine", "l1", first_stage="tiny"))


def install():
    """Add them to the registry of this process."""
    registry.NETWORKS.update({network.name: network for network in ENTRIES})


def lend(monkeypatch):
    """Add them to the registry until the end of a test, so that tests of the real networks never meet them."""
    for network in ENTRIES:
        monkeypatch.setitem(registry.NETWORKS, network.name, network)


def connection_threads():
    """-> names of the threads by which processes that train together stay connected"""
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return [name for name in names if "gloo" in name]


if __name__ == "__main__":
    from depth.__main__ import main
    install()
    torch.set_num_threads(1)
    exit_code = main()
    if "WORLD_SIZE" in os.environ:
        print(f"still connected: {connection_threads()}", file=sys.stderr)
    sys.exit(exit_code)
