"""Weights in files: .safetensors, .pth or .pt as torch writes them, and for reading .onnx of the default network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from calib.base.errors import NetworkError
from calib.files.atomic_file import replacing
from depth.networks.weights.exported_file import NETWORK, read_exported
from depth.networks.weights.safetensors_file import read_safetensors, write_safetensors

SUFFIXES = (".safetensors", ".pth", ".pt")
NAMED_COUNT = 3
"""Number of tensors of each kind that are named when a file does not fit."""


def save_network(path: str | Path, name: str, module: nn.Module, facts: Mapping[str, str] | None = None) -> None:
    """Write the weights of the network that the registry calls `name`, with {key: text} to remember.

    A file of the same name is replaced only once the new one is whole. Raises OutputError.
    """
    path = _known_kind(path)
    facts = {**(facts or {}), "network": name}
    with replacing(path) as partial:
        if path.suffix == ".safetensors":
            write_safetensors(partial, module.state_dict(), facts)
        else:
            torch.save({"state_dict": module.state_dict(), **facts}, partial)


def load_encoder(encoder: nn.Module, path: str | Path) -> None:
    """Fill an encoder with an ImageNet checkpoint of the same names, whose classifier is left out."""
    tensors, _ = read_tensors(path)
    surplus = cast(tuple[str, ...], encoder.surplus)  # every encoder has it
    fill(encoder, {name: tensor for name, tensor in tensors.items() if not name.startswith(surplus)}, path)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Path -> ({name: tensor}, {key: anything else in the file}), on the CPU. Raises NetworkError."""
    path = Path(path)
    if path.suffix == ".onnx":
        return read_exported(path), {"network": NETWORK}
    path = _known_kind(path)
    if not path.is_file():
        raise NetworkError(f"no weights {path}: give a file that exists")
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # unpickling bytes that are no pickle can raise anything
        raise NetworkError(f"{path} is no file of torch weights, is cut off, or holds more than tensors: save "
                           f"network.state_dict()") from None
    return _state_dict(content, path)


def fill(module: nn.Module, tensors: Mapping[str, Tensor], source: str | Path) -> None:
    """Copy {name: tensor} into a module. Raises NetworkError naming what is missing, surplus or of another shape.

    Counters of batch normalisation may be missing, as in checkpoints older than torch 0.4.1.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors and not name.endswith("num_batches_tracked")]
    surplus = [name for name in tensors if name not in wanted]
    misshapen = [f"{name} is {_size(tensors[name])} and not {_size(wanted[name])}" for name in wanted
                 if name in tensors and tensors[name].shape != wanted[name].shape]
    refuse_misfits(source, missing, surplus, misshapen)
    module.load_state_dict(tensors, strict=False)


def refuse_misfits(source: str | Path, missing: Sequence[str], surplus: Sequence[str],
                   misshapen: Sequence[str] = ()) -> None:
    """Raise NetworkError unless all three lists of names are empty; in one line, with the first few of each."""
    complaints = [f"{kind}: {_some(names)}" for kind, names in
                  (("missing", missing), ("surplus", surplus), ("of the wrong shape", misshapen)) if names]
    if complaints:
        raise NetworkError(f"the weights in {source} do not fit the network; {'; '.join(complaints)}")


def _state_dict(content, path):
    """Content of a torch file -> (tensors, everything else).

    People save the tensors themselves, or these under some key, with `module.` before every name where they trained on
    several GPUs.
    """
    facts = {}
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            facts = {name: value for name, value in content.items() if name != key}
            content = content[key]
    if not isinstance(content, dict) or not content or not all(isinstance(t, Tensor) for t in content.values()):
        raise NetworkError(f"{path} holds no table of named tensors")
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}, facts


def _known_kind(path):
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise NetworkError(f"{path}: weights are in files that end in {', '.join(SUFFIXES)}")
    return path


def _some(names):
    more = len(names) - NAMED_COUNT
    return ", ".join(names[:NAMED_COUNT]) + (f" and {more} more" if more > 0 else "")


def _size(tensor):
    return "x".join(map(str, tensor.shape)) or "one number"
