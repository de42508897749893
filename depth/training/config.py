"""Everything that decides what training does, in one record. Loads without torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from calib.base.errors import BadInputError
from depth.evaluation.metrics import METRICS

CHOICES = {"optimiser": ("sgd", "adam", "adamw"), "schedule": ("constant", "poly", "plateau", "one_cycle"),
           "precision": ("auto", "fp32", "bf16", "fp16"), "best_by": tuple(METRICS)}
NOT_THE_RESULT = ("workers", "checkpoint_every")
"""Fields that may differ when a run is resumed."""


@dataclass(frozen=True)
class TrainingConfig:
    """Options of a training run."""

    network: str
    """Name of the network in the registry."""
    data: tuple[str, ...]
    """Datasets to train on, each a path or NAME:PATH."""
    split: str = "train"
    """Images to train on: train, all, or a text file of names."""
    share: tuple[float, ...] = ()
    """Share of each dataset among the images of a step, in any unit; empty: by the number of its images."""
    val_data: tuple[str, ...] = ()
    """Datasets to validate on, all images; without any, the validation images of `data` where split is train."""
    loss: str = ""
    """Loss, as depth.losses.objective takes it; empty: that of the network's paper."""
    size: tuple[int, int] | None = None
    """Size (height, width) of the input; None: that of the network's paper."""
    focal_px: float | None = None
    """Focal length in input pixels for which depth is predicted; None: that of the first dataset, unenlarged."""
    augment: str = "eigen"
    """Name of an augmentation in depth.data.augmentation."""
    init: str | None = None
    """File of weights to start from, of the same network or of its `coarse` part or `encoder`."""
    steps: int = 1000
    """Optimiser steps in all."""
    coarse_share: float = 4 / 7
    """Share of the steps for the first of two stages. Eigen 2014, section 4.1: 2.0 of 3.5 million samples."""
    batch: int = 8
    """Images per step, over all processes."""
    optimiser: str = "adamw"
    """Optimiser: sgd, adam or adamw."""
    lr: float = 1e-3
    """Learning rate at its highest."""
    lr_of: tuple[tuple[str, float], ...] = ()
    """Pairs (beginning of parameter names, factor on lr); the first that fits counts, 0 keeps parameters fixed."""
    momentum: float = 0.9
    """Momentum of sgd; first beta of adam and adamw."""
    weight_decay: float = 0.0
    """Weight decay of weights; biases and normalisation have none."""
    clip: float = 0.0
    """Largest norm of the gradient; 0: any."""
    freeze_norm: str | None = None
    """Beginning of the names of modules whose batch normalisation stays fixed, statistics and parameters, as Hao 2018,
    section 3.4, keeps the encoder's."""
    freeze_statistics: str | None = None
    """Beginning of the names of modules whose batch normalisation keeps its statistics while its parameters learn, as
    fits weights of an exported file, where it is folded into convolutions."""
    teacher: tuple[str, ...] = ()
    """Files of depth networks whose mean opinion about shapes is learnt besides ground truth."""
    teacher_weight: float = 1.0
    """Weight of that in the loss."""
    schedule: str = "poly"
    """Learning rate over time: constant, poly, plateau or one_cycle."""
    warm_up: int = 0
    """Steps in which the learning rate rises from 0."""
    end_lr: float = 0.01
    """Last learning rate of poly, and least of plateau, over the highest."""
    decay_share: float = 1.0
    """Share of the steps over which poly decays (Hao 2018: 16 of 20 epochs)."""
    power: float = 1.0
    """Power of poly."""
    patience: int = 3
    """Validations without a better value before plateau divides the learning rate."""
    plateau_factor: float = 0.1
    """Factor on the learning rate at a plateau."""
    ema: float = 0.0
    """Share of the old in the running mean of the weights, which is what is validated and kept; 0: no mean."""
    precision: str = "auto"
    """Precision of the arithmetic; auto: bf16 or fp16 on a GPU, fp32 on a CPU."""
    validate_every: int = 0
    """Steps between validations; 0: once an epoch."""
    val_images: int | None = None
    """Number of images to validate on, evenly chosen; None: all."""
    best_by: str = "rel"
    """The metric that decides which weights are kept."""
    checkpoint_every: int = 200
    """Steps between checkpoints, from which a killed run resumes."""
    seed: int = 0
    """Seed of all random numbers."""
    deterministic: bool = False
    """Whether to use only operations that give the same bits every time, also on a GPU."""
    workers: int = 1
    """Processes that read and augment images; 0: none besides the one that trains."""

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise BadInputError(f"{option(name)} {getattr(self, name)}: choose one of {', '.join(allowed)}")
        positive = ("steps", "batch", "lr", "power", "patience", "checkpoint_every")
        shares = ("coarse_share", "end_lr", "decay_share", "plateau_factor", "ema", "momentum")
        for name in positive:
            if not getattr(self, name) > 0:
                raise BadInputError(f"{option(name)} must be positive, not {getattr(self, name)}")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise BadInputError(f"{option(name)} must lie between 0 and 1, not {getattr(self, name)}")
        for name in ("teacher_weight", "weight_decay", "clip", "warm_up", "validate_every", "workers", "seed"):
            if not getattr(self, name) >= 0:
                raise BadInputError(f"{option(name)} must not be negative")
        if self.ema == 1:
            raise BadInputError("--ema must be below 1")

    def facts(self) -> dict[str, Any]:
        """Fields as plain lists, numbers and texts, as files hold them."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Names of the options that differ from those of a run to be resumed, given by its facts."""
        return [option(field.name) for field in fields(self) if field.name not in NOT_THE_RESULT
                and self.facts()[field.name] != other.get(field.name)]


def option(name: str) -> str:
    """Option of the command line for a field: `lr_of` -> `--lr-of`."""
    return "--" + name.replace("_", "-")


def _plain(value):
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
