"""Registered networks run by torch: from files of weights, and while they are being trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from calib.base.errors import NetworkError, UnusableRuntimeError
from depth.networks import registry
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import NetworkSpec, stored_spec

if TYPE_CHECKING:
    from torch import nn

    from depth.runtimes.torch_graph import GraphedDepth


class TorchDepth(ImageNetwork):
    """A DepthEstimator around a torch module that takes RGB in [0, 1]. `spec.size` must be set."""

    module: Any
    """The torch module; what it can do besides predicting differs from network to network."""

    def __init__(self, module: "nn.Module", spec: NetworkSpec, name: str) -> None:
        assert spec.size is not None, "a torch module does not say its size"
        super().__init__(name, spec, spec.size)
        self.module = module

    def infer(self, image: np.ndarray) -> list[np.ndarray]:
        """Run the module once; see ImageNetwork."""
        import torch
        with torch.inference_mode():
            output = self.module(torch.from_numpy(image).to(next(self.module.parameters()).device))
        values = output if isinstance(output, tuple) else (output,)
        return [value.float().cpu().numpy() for value in values]


def open_torch(path: str | Path, options: Mapping[str, str] | None = None, device: str = "auto", threads: int = 1,
               network: str | None = None) -> "TorchDepth | GraphedDepth":
    """Opener for depth.runtimes.catalogue. `threads` holds for all that torch does in this process."""
    torch = registry.load_torch(f"running {path}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UnusableRuntimeError("--device cuda: torch finds no usable GPU (its CUDA build, driver); use --device "
                                   "cpu")
    torch.set_num_threads(threads)
    if device == "cpu" or not torch.cuda.is_available():
        return open_weights(path, network, options)
    torch.backends.cudnn.allow_tf32 = False  # float32 is what was asked for
    from depth.runtimes.torch_graph import fastest
    return fastest(open_weights(path, network, options, "cuda"))


def open_weights(path: str | Path, network: str | None = None, options: Mapping[str, str] | None = None,
                 device: str = "cpu") -> TorchDepth:
    """File of weights -> TorchDepth. `network`: name in the registry, for files that do not say whose they are.

    FILE.yaml next to FILE.safetensors may say `size` and `focal_px` of the training, as for ONNX files; `options` go
    before it. Raises NetworkError.
    """
    torch = registry.load_torch(f"running {path}")
    from depth.networks.weights.checkpoint import fill, read_tensors
    tensors, facts = read_tensors(path)
    name = network or facts.get("network")
    if name is None:
        raise NetworkError(f"{path} does not say which network its weights are for: `python -m depth` takes --network "
                           f"NAME")
    entry = registry.find(name)
    module = entry.build()
    fill(module, tensors, path)
    # Channels last is up to 4 times faster, also on CPUs; torch's types do not have the argument.
    module = module.eval().to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    estimator = TorchDepth(module, stored_spec(path, options or {}, entry, facts), name)
    estimator.try_out()
    return estimator
