"""A running mean of weights, which usually predicts better than the weights of any one step (Polyak 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class Ema:
    """Exponential moving average: mean <- decay * mean + (1 - decay) * weights after each step.

    Early on with less decay, so that the random first weights are soon forgotten. Whole numbers are copied. With decay
    0 no mean is kept, and the weights themselves stand for it.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.mean = _copied(module) if decay else {}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take the weights of one more step into the mean."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        own = module.state_dict()
        for name, mean in self.mean.items():
            if mean.dtype.is_floating_point:
                mean.lerp_(own[name], 1 - decay)
            else:
                mean.copy_(own[name])

    @contextmanager
    def in_place_of(self, module: nn.Module) -> Iterator[None]:
        """A context within which the module has the mean weights."""
        own = _copied(module) if self.decay else {}
        self.copy_to(module)
        try:
            yield
        finally:
            if self.decay:
                module.load_state_dict(own)

    def copy_to(self, module: nn.Module) -> None:
        """Give the module the mean weights."""
        if self.decay:
            module.load_state_dict(self.mean)

    def state(self) -> dict[str, Any]:
        """Contents for a checkpoint."""
        return {"steps": self.steps, "mean": self.mean}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.steps = state["steps"]
        for name, tensor in state["mean"].items():
            self.mean[name].copy_(tensor)


def _copied(module):
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
