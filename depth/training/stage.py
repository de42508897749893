"""The one or two parts in which a network is trained."""

from dataclasses import dataclass

from torch import nn

from calib.base.errors import BadInputError
from depth.networks import registry
from depth.networks.weights.checkpoint import fill, load_encoder, read_tensors


@dataclass(frozen=True)
class Stage:
    entry: registry.Network
    """What is trained and validated here."""
    module: nn.Module
    first: int
    """Step with which it begins."""
    last: int
    """Step before which it ends."""


def stages(entry, module, config, coarse_is_trained=False):
    """The whole network; or, where the registry names a first stage, its part `coarse` and then the rest while that is
    kept as it is: "we train the coarse network first ..., then train the fine-scale network keeping the coarse-scale
    output fixed" (Eigen 2014, end of section 3.1)."""
    if entry.first_stage is None or coarse_is_trained:
        return [Stage(entry, module, 0, config.steps)]
    change = min(max(round(config.coarse_share * config.steps), 1), config.steps - 1) if config.steps > 1 else 0
    return [Stage(registry.find(entry.first_stage), module.coarse, 0, change),
            Stage(entry, module, change, config.steps)]


def initialise(entry, module, path):
    """Fill a new module from a file: weights of this network, of its first stage, or of its encoder by torchvision's
    names -> whether the first stage is thereby trained."""
    tensors, facts = read_tensors(path)
    if facts.get("network") == entry.name:
        fill(module, tensors, path)
        return True
    if entry.first_stage is not None and facts.get("network") == entry.first_stage:
        fill(module.coarse, tensors, path)
        return True
    if not hasattr(module, "encoder") or "network" in facts:
        raise BadInputError(f"--init {path}: weights of {facts.get('network', 'an unnamed network')} do not start "
                            f"{entry.name}; its own, " + (f"those of {entry.first_stage}" if entry.first_stage
                                                          else "or those of its encoder,") + " do")
    load_encoder(module.encoder, path)
    return False


def prepare(stage, config):
    """Decide which parameters of a stage learn -> list of (parameter, factor on the learning rate)."""
    stage.module.requires_grad_(True)
    if stage.entry.first_stage is not None:
        stage.module.coarse.requires_grad_(False)
    for norm in frozen_norms(stage.module, config):
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


def frozen_norms(module, config):
    """Modules of batch normalisation that stay as they are."""
    if config.freeze_norm is None:
        return []
    return [part for name, part in module.named_modules()
            if isinstance(part, nn.modules.batchnorm._BatchNorm) and name.startswith(config.freeze_norm)]
