"""Learning rates over time, as factors on the highest one."""

import math
from dataclasses import dataclass

from depth.evaluation.metrics import HIGHER_IS_BETTER
from depth.training.config import TrainingConfig

RISE, FIRST, LAST = 0.3, 1 / 25, 1e-4
"""One-cycle's share of steps in which it rises, its first and its last factor (Smith 2018; fast.ai)."""


def factor(config: TrainingConfig, step: int, steps: int) -> float:
    """Learning rate of step `step` of `steps` over the highest one, before plateaus divide it."""
    share = min(step / max(steps, 1), 1.0)
    risen = min((step + 1) / config.warm_up, 1.0) if config.warm_up else 1.0
    if config.schedule == "poly":
        return risen * poly(min(step / max(config.decay_share * steps, 1), 1.0), config.power, config.end_lr)
    if config.schedule == "one_cycle":
        return risen * one_cycle(share)
    return risen


def poly(share: float, power: float, end: float) -> float:
    """Polynomial decay, (1 - end) (1 - share)^power + end. Hao 2018, eq. 4, divided by l_init."""
    return (1 - end) * (1 - share) ** power + end


def one_cycle(share: float) -> float:
    """Half a cosine up, half a cosine down. Smith 2018, "Super-Convergence"."""
    if share < RISE:
        return _between(FIRST, 1.0, share / RISE)
    return _between(1.0, LAST, (share - RISE) / (1 - RISE))


def _between(a, b, share):
    return b + (a - b) * (1 + math.cos(math.pi * share)) / 2


def is_better(metric: str, value: float, than: float | None) -> bool:
    """Whether `value` of a metric is better than another, which may be None."""
    return than is None or (value > than if metric in HIGHER_IS_BETTER else value < than)


@dataclass
class Plateau:
    """Divides the learning rate when validation no longer improves.

    Laina 2016, section 4.2: "gradually reduce every 6-8 epochs, when we observe plateaus".
    """

    factor: float = 1.0
    best: float | None = None
    waited: int = 0

    def observe(self, value: float, config: TrainingConfig) -> None:
        """Take note of the value of a validation."""
        if is_better(config.best_by, value, self.best):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= config.patience:
            self.factor, self.waited = max(self.factor * config.plateau_factor, config.end_lr), 0
