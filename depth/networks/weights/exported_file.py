"""Weights of the default network out of an ONNX file that depth.onnx_files.export wrote, such as the shipped one."""

from pathlib import Path

import torch
from torch import Tensor

from calib.base.errors import NetworkError
from depth.networks.weights.folded import unfolded
from depth.onnx_files.model import load_onnx, read_model, unfold_casts

NETWORK = "mobile"
"""Name of the default network in the registry; depth.runtimes.default_network, which says so, stands above."""
ENCODER = "encoder."
"""What many names of its weights begin with."""
ENDINGS = (".weight", ".bias", ".weight_bias")
"""Endings of the names of weights; a file holds other constants besides."""


def read_exported(path: str | Path) -> dict[str, Tensor]:
    """Path -> {name in the module: tensor}, whose batch normalisation adds a bias only.

    Raises NetworkError where the file holds no weights under the names of a registered network, MissingPackageError.
    """
    onnx = load_onnx("reading weights out of an ONNX file")
    model = read_model(path, "reading weights out of an ONNX file")
    unfold_casts(model.graph, onnx)
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
               if tensor.name.endswith(ENDINGS)}
    try:
        if not any(name.startswith(ENCODER) for name in weights):
            raise KeyError(ENCODER)
        return {name: torch.tensor(array) for name, array in unfolded(weights).items()}
    except KeyError:
        raise NetworkError(f"{path} was not exported from the network {NETWORK}, so its weights cannot be taken over"
                           ) from None
