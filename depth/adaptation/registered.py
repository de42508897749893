"""An adapted ONNX network as a file of weights of the registered network that it was exported from."""

from pathlib import Path
from typing import TYPE_CHECKING

from calib.base.errors import NetworkError
from depth.networks import registry
from depth.runtimes.default_network import NAME
from depth.runtimes.network_spec import NetworkSpec, spec_text

if TYPE_CHECKING:
    import onnx


def save_registered(path: Path, model: "onnx.ModelProto", weight_names: list[str], spec: NetworkSpec) -> None:
    """Write FILE.safetensors or FILE.pth. Raises NetworkError where it is not the default network, OutputError."""
    import torch
    from onnx import numpy_helper

    from depth.networks.weights.checkpoint import fill, save_network
    from depth.networks.weights.folded import unfolded
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
              if tensor.name in weight_names}
    module = registry.find(NAME).build()
    try:
        fill(module, {name: torch.tensor(array) for name, array in unfolded(arrays).items()}, path)
    except (KeyError, NetworkError):
        raise NetworkError(f"{path}: only the weights of {NAME} can be saved like this; save FILE.onnx instead"
                           ) from None
    save_network(path, NAME, module, {"spec": spec_text(spec)})
