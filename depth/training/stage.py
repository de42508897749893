"""The one or two parts in which a network is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from calib.base.errors import BadInputError
from depth.networks import registry
from depth.networks.weights.checkpoint import fill, load_encoder, read_tensors
from depth.runtimes.default_network import weights_of
from depth.training.config import TrainingConfig, option


@dataclass(frozen=True)
class Stage:
    """A part of the training, from one step to another."""

    entry: registry.Network
    """Network that is trained and validated."""
    module: nn.Module
    first: int
    """First step."""
    last: int
    """Step before which the stage ends."""


def stages(entry: registry.Network, module: nn.Module, config: TrainingConfig,
           coarse_is_trained: bool = False) -> list[Stage]:
    """Stages of training a network: one, or two where the registry names a first stage.

    Then its part `coarse` comes first, and the rest while that is fixed: "we train the coarse network first ..., then
    train the fine-scale network keeping the coarse-scale output fixed" (Eigen 2014, end of section 3.1).
    """
    if entry.first_stage is None or coarse_is_trained:
        return [Stage(entry, module, 0, config.steps)]
    change = min(max(round(config.coarse_share * config.steps), 1), config.steps - 1) if config.steps > 1 else 0
    return [Stage(registry.find(entry.first_stage), module.get_submodule("coarse"), 0, change),
            Stage(entry, module, change, config.steps)]


def initialise(entry: registry.Network, module: nn.Module, path: str | Path) -> bool:
    """Fill a new module from a file; returns whether its first stage is thereby trained.

    The file has weights of this network, of its first stage, or of its encoder by torchvision's names. Raises
    BadInputError, NetworkError.
    """
    tensors, facts = read_tensors(weights_of(path))
    if facts.get("network") == entry.name:
        fill(module, tensors, path)
        return True
    if entry.first_stage is not None and facts.get("network") == entry.first_stage:
        fill(module.get_submodule("coarse"), tensors, path)
        return True
    if not hasattr(module, "encoder") or "network" in facts:
        raise BadInputError(f"--init {path}: weights of {facts.get('network', 'an unnamed network')} do not start "
                            f"{entry.name}; its own, " + (f"those of {entry.first_stage}" if entry.first_stage
                                                          else "or those of its encoder,") + " do")
    load_encoder(module.get_submodule("encoder"), path)
    return False


def prepare(stage: Stage, config: TrainingConfig) -> list[tuple[nn.Parameter, float]]:
    """Set which parameters of a stage learn; returns them with their factors on the learning rate."""
    stage.module.requires_grad_(True)
    if stage.entry.first_stage is not None:
        stage.module.get_submodule("coarse").requires_grad_(False)
    for norm in norms(stage.module, config.freeze_norm):
        norm.requires_grad_(False)
    learning = []
    for name, parameter in stage.module.named_parameters():
        factor = next((factor for start, factor in config.lr_of if name.startswith(start)), 1.0)
        if factor == 0:
            parameter.requires_grad_(False)
        elif parameter.requires_grad:
            learning.append((parameter, factor))
    if not learning:
        raise BadInputError("--lr-of and --freeze-norm leave nothing to learn")
    return learning


def without_effect(modules: Sequence[nn.Module], config: TrainingConfig) -> list[str]:
    """Options that choose parts of a network by the beginning of their names, and choose none in any of its stages."""
    parameters = [name for module in modules for name, _ in module.named_parameters()]
    found = [f"--lr-of {start}={factor:g}" for start, factor in config.lr_of
             if not any(name.startswith(start) for name in parameters)]
    for name in ("freeze_norm", "freeze_statistics"):
        start = getattr(config, name)
        if start and not any(norms(module, start) for module in modules):
            found.append(f"{option(name)} {start}")
    return found


def norms(module: nn.Module, start: str | None) -> list[nn.Module]:
    """Modules of batch normalisation whose names begin with `start`; none for None."""
    if start is None:
        return []
    return [part for name, part in module.named_modules()
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and name.startswith(start)]
