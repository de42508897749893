"""Files in the safetensors format: tensors with names, and texts about them; nothing in them is ever executed."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from calib.base.errors import MissingPackageError, NetworkError, one_line


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Path -> ({name: tensor}, {key: text}). Raises NetworkError unless the file is whole, MissingPackageError."""
    safetensors, torch_part = _package()
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            facts = file.metadata()
        return torch_part.load(path.read_bytes()), dict(facts or {})
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise NetworkError(f"{path} is no safetensors file, or not all of one: {one_line(error)}") from None


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write {name: tensor} and {key: text}. Raises OSError, MissingPackageError."""
    _, torch_part = _package()
    packed = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    path.write_bytes(torch_part.save(packed, dict(facts)))


def _package():
    """The modules safetensors and safetensors.torch."""
    try:
        import safetensors
        import safetensors.torch
    except ModuleNotFoundError:
        raise MissingPackageError("safetensors", "weights in .safetensors files") from None
    return safetensors, safetensors.torch
