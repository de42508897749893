"""Weights of the default network run by ONNX Runtime, in the graph of the file that ships: faster than torch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from calib.base.errors import MissingPackageError, NetworkError, UnusableRuntimeError
from depth.networks import registry
from depth.networks.weights.folded import folded
from depth.onnx_files.model import load_onnx, read_model, unfold_casts
from depth.runtimes.default_network import NAME, default_weights
from depth.runtimes.network_spec import stored_spec
from depth.runtimes.onnx_runtime import OnnxDepth


def open_onnx(path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto", threads: int = 1,
              network: str | None = None) -> OnnxDepth:
    """Opener for depth.runtimes.catalogue: an ONNX file, or weights of the default network in FILE.safetensors.

    Raises UnusableRuntimeError for weights of other networks.
    """
    if Path(path).suffix.lower() == ".onnx":
        return OnnxDepth(path, options, device, threads)
    tensors, facts = _read(Path(path))
    name = network or facts.get("network")
    if name != NAME:
        raise UnusableRuntimeError(f"weights of {NAME} only, not of {name}; export them first")
    spec = stored_spec(path, options or {}, registry.find(NAME), facts)
    return OnnxDepth(path, None, device, threads, _refitted(tensors, path), spec)


def _refitted(tensors, path):
    """Bytes of the shipped file with other weights."""
    onnx = load_onnx("running weights by ONNX Runtime")
    model = read_model(default_weights(), "running weights by ONNX Runtime")
    unfold_casts(model.graph, onnx)
    rows = {tensor.name: tensor for tensor in model.graph.initializer}
    names = [name for name in rows if name.endswith((".weight", ".bias", ".weight_bias"))]
    try:
        weights = folded(tensors, names)
    except KeyError as error:
        raise NetworkError(f"the weights in {path} do not fit the network; missing: {error.args[0]}") from None
    for name, array in weights.items():
        if list(array.shape) != list(rows[name].dims):
            raise NetworkError(f"the weights in {path} do not fit the network; of the wrong shape: {name}")
        rows[name].CopyFrom(onnx.numpy_helper.from_array(array, name))
    return model.SerializeToString()


def _read(path):
    """{name: array}, {key: text}"""
    try:
        import safetensors
        from safetensors.numpy import load_file
    except ModuleNotFoundError:
        raise MissingPackageError("safetensors", "weights in .safetensors files") from None
    if not path.is_file():
        raise NetworkError(f"no weights {path}: give a file that exists")
    try:
        with safetensors.safe_open(path, framework="np") as file:
            facts = file.metadata()
        tensors = load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NetworkError(f"{path} is no safetensors file, or not all of one: {' '.join(str(error).split())}"
                           ) from None
    # AttributeError: of a type of number that NumPy has not got
    return {name: np.asarray(array, np.float32) for name, array in tensors.items()}, dict(facts or {})
