"""How a network is adapted."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AdaptationConfig:
    """How a network is adapted to a recording."""

    steps: int = 100
    """Number of steps of training; each takes `batch` images."""
    batch: int = 4
    """Images per step."""
    fixed: tuple[str, ...] = ("encoder.",)
    """Beginnings of the names of weights that stay as they are: without the encoder a step takes half the time and
    memory, and the network knows the recording as well. Where all weights begin like that, none is fixed."""
    learning_rate: float = 1e-3
    """Largest step size, reached after `warm_up`."""
    warm_up: float = 0.2
    """Share of the steps in which the step size grows; it then falls to nothing (Smith 2018, one cycle)."""
    trusted_log_std: float = 0.1
    """Log standard deviation up to which targets have full weight; beyond, it falls with the variance."""
    gradient_weight: float = 0.5
    """Weight of keeping the network's own gradients of log depth where geometry is silent, that of targets being 1."""
    error_weight: float = 0.1
    """Weight of the likelihood by which the expected error is trained on the targets."""
    keeps_scale: bool = True
    """Whether the network's metres stay its own: of all targets together one common scale is left out, so that a map's
    scale, which is the network's by a factor, is not learnt on top of it. What geometry teaches is ratios."""
    gain: float = 0.1
    """Largest relative change of brightness of each colour, by which images are varied."""
    max_gradient: float = 1.0
    """Norm beyond which the gradient of a step is shortened."""
    max_targets: int = 512
    """Most images that are kept in memory; of more, evenly spaced ones are taken."""
    seed: int = 0
    """Of the order of the images and of their variations."""
    threads: int = 1
    """Threads that torch may use on a CPU; two gain little beside SLAM's own."""


@dataclass(frozen=True)
class LiveConfig:
    """How a network is adapted while it is in use."""

    adaptation: AdaptationConfig = field(
        default_factory=lambda: AdaptationConfig(batch=2, warm_up=0.1, max_targets=128))
    """The steps, of few images: what counts is to be ready soon. `steps` only says how long the step size grows:
    `warm_up` of it."""
    min_targets: int = 4
    """Images to wait for before the first step."""
    steps_per_target: int = 10
    """Steps for each new image; where none comes, the process sleeps."""
    max_steps_ahead: int = 100
    """Most steps that may be owed: on a slow machine the newest images matter, not the oldest."""
    steps_per_round: int = 20
    """Steps at most before new images are looked at; the network in use is swapped where it does better on these."""
    newest: int = 4
    """One image of each batch is among so many newest ones."""
    niceness: int = 10
    """Priority of the process, from 0 (as SLAM itself) to 19: at 10 it gets a tenth of what a thread of SLAM gets where
    both want the same core, and all that they leave."""
    ema: float = 0.9
    """Decay of the running mean of the weights, which is what is put to use."""
