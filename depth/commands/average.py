"""`python -m depth average`: one network whose weights are the mean of others'.

Of networks trained further from the same weights, the mean is often better than each, and with the weights that they
started from in it, it forgets less (Wortsman 2022, "Model soups"; Wortsman 2022, "Robust fine-tuning of zero-shot
models").
"""

import argparse
from dataclasses import fields
from pathlib import Path

from calib.base.errors import BadInputError
from depth.commands.output_file import WEIGHTS, check_output
from depth.networks import registry
from depth.runtimes.default_network import weights_of
from depth.runtimes.network_spec import NetworkSpec, spec_text

HELP = "the mean of weights that were trained from the same start, which is often better than each of them"

OF_SIZE = ("size", "multiple")
"""Options that may differ: a network can be trained on at another size."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", nargs="+", metavar="FILE[*SHARE]",
                        help="weights of one network, .safetensors, .pth, or .onnx of mobile; with shares in any unit "
                             "(default: equal)")
    parser.add_argument("--network", metavar="NAME", help="whose weights they are, where a file does not say")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE", help="weights to write, .safetensors")


def run(arguments: argparse.Namespace) -> list[str]:
    """-> lines: what was written. Raises BadInputError, NetworkError."""
    paths, shares = zip(*(_parsed(text) for text in arguments.weights))
    check_output(arguments.output, WEIGHTS, paths)
    registry.load_torch("averaging weights")
    from depth.networks.weights.checkpoint import save_network
    from depth.runtimes.torch_runtime import open_weights
    networks = [open_weights(path, arguments.network) for path in paths]
    names = {network.name for network in networks}
    if len(names) > 1:
        raise BadInputError(f"only weights of one network have a mean, these are of {', '.join(sorted(names))}")
    first = networks[0]
    for path, network in zip(paths, networks):
        _refuse_another_meaning(paths[0], first.spec, path, network.spec)
    first.module.load_state_dict(_mean([network.module.state_dict() for network in networks], shares))
    save_network(arguments.output, first.name, first.module, {"spec": spec_text(first.spec)})
    return [f"{share / sum(shares):5.1%} of {path}" for path, share in zip(paths, shares)] + [str(arguments.output)]


def _refuse_another_meaning(first_path: Path, first: NetworkSpec, path: Path, spec: NetworkSpec) -> None:
    """Raise BadInputError where numbers mean something else to one network than to the other."""
    for name in (field.name for field in fields(NetworkSpec) if field.name not in OF_SIZE):
        if getattr(first, name) != getattr(spec, name):
            raise BadInputError(f"{first_path} and {path} have no mean: one has {name} {getattr(first, name)}, the "
                                f"other {getattr(spec, name)}")


def _mean(states, shares):
    """Counters of batch normalisation, which are whole numbers, stay those of the first."""
    import torch
    mean = dict(states[0])
    for name, tensor in states[0].items():
        if tensor.is_floating_point():
            total = torch.stack([share * state[name].double() for state, share in zip(states, shares)]).sum(0)
            mean[name] = (total / sum(shares)).to(tensor.dtype)
    return mean


def _parsed(text):
    """`a.safetensors*0.4` -> path, share"""
    path, star, share = text.rpartition("*")
    try:
        if not star:
            return weights_of(text), 1.0
        value = float(share)
        if not value > 0:
            raise ValueError
    except ValueError:
        raise BadInputError(f"{text}: a share is a number above 0, as in FILE*0.5") from None
    return weights_of(path), value
