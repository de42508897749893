"""What can be trained: a network as a torch module, and the way back to an estimator that predicts with its weights."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from calib.base.errors import MonofuseError, NetworkError
from calib.files.atomic_file import write_file
from depth.estimator import DepthEstimator
from depth.networks.registry import load_torch
from depth.runtimes import self_check
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import spec_text
from depth.runtimes.onnx_network import OnnxNetwork
from depth.runtimes.torch_runtime import TorchDepth

if TYPE_CHECKING:
    import onnx
    from torch import nn

MAX_DIFFERENCE = 0.03
"""Largest relative difference of depth between torch's execution of a network and its runtime's; see self_check."""


class Trainable(Protocol):
    """An estimator's network in a form that can be trained."""

    @property
    def original(self) -> ImageNetwork:
        """The estimator itself."""
        ...

    @property
    def module(self) -> "nn.Module":
        """Takes what ImageNetwork.infer takes, in batches, and returns tuples of what it returns."""
        ...

    def named_weights(self) -> "dict[str, nn.Parameter]":
        """The weights that can be trained, by the names that the network's file has for them."""
        ...

    def estimator(self) -> ImageNetwork:
        """A new estimator with the weights as they are now, run as the original is."""
        ...

    def save(self, path: Path) -> None:
        """Write the weights as they are now to a file that the program opens. Raises BadInputError and its children."""
        ...


def adaptable(estimator: DepthEstimator) -> str | None:
    """Why this estimator's network cannot be trained here, in one line; None where it can."""
    try:
        trainable(estimator)
    except MonofuseError as error:
        return str(error)
    return None


def trainable(estimator: DepthEstimator) -> Trainable:
    """-> the estimator's network as torch runs it. Raises NetworkError where that is impossible, MissingPackageError.
    """
    load_torch("adapting a network")
    if isinstance(estimator, ImageNetwork) and estimator.spec.is_relative:
        raise NetworkError(f"{estimator.name} cannot be adapted: it knows depth up to a factor and a summand only")
    if isinstance(estimator, TorchDepth):
        return TorchTrainable(estimator)
    if isinstance(estimator, OnnxNetwork):
        return OnnxTrainable(estimator)
    raise NetworkError(f"{estimator.name} cannot be adapted: it is run by {type(estimator).__name__}, not by ONNX "
                       f"Runtime or torch")


class TorchTrainable:
    """A registered network that torch runs."""

    def __init__(self, original: TorchDepth) -> None:
        self.original = original
        self.module = _as_tuple(copy.deepcopy(original.module).float().eval())

    def named_weights(self) -> "dict[str, nn.Parameter]":
        """See Trainable."""
        return dict(self.module.network.named_parameters())

    def estimator(self) -> TorchDepth:
        """See Trainable."""
        adapted = TorchDepth(copy.deepcopy(self.module.network).eval(), self.original.spec, self.original.name)
        adapted.note = self.original.note
        return adapted

    def save(self, path: Path) -> None:
        """See Trainable."""
        from depth.networks.weights.checkpoint import save_network
        save_network(path, self.original.name, self.module.network, {"spec": spec_text(self.original.spec)})


class OnnxTrainable:
    """A network in an ONNX file, executed operator by operator."""

    def __init__(self, original: OnnxNetwork) -> None:
        from depth.adaptation.onnx_graph import OnnxGraph, unknown_operators
        self.original = original
        model = original.stored_model()
        unknown = unknown_operators(model)
        if unknown:
            raise NetworkError(f"{original.name} cannot be adapted: its operators {', '.join(unknown)} are not among "
                               f"those that can be trained")
        self.module = OnnxGraph(model, original.output_names)
        if not self.module.names:
            raise NetworkError(f"{original.name} cannot be adapted: it has no weights in single or half precision")
        difference = self_check.difference(_Executed(original, self.module), original)
        if not difference <= MAX_DIFFERENCE:
            raise NetworkError(f"{original.name} cannot be adapted: torch's execution of it differs by "
                               f"{100 * difference:.1f} % in depth")

    def named_weights(self) -> "dict[str, nn.Parameter]":
        """See Trainable."""
        return dict(zip(self.module.names, self.module.weights))

    def estimator(self) -> OnnxNetwork:
        """See Trainable."""
        adapted = self.original.refitted(self.module.refitted())
        adapted.note = self.original.note
        return adapted

    def save(self, path: Path) -> None:
        """See Trainable: .onnx with FILE.yaml, or .safetensors for networks of the registry."""
        model: onnx.ModelProto = self.module.refitted()
        if path.suffix == ".onnx":
            write_file(path, model.SerializeToString())
            write_file(path.with_suffix(".yaml"), spec_text(self.original.spec).encode())
        else:
            from depth.adaptation.registered import save_registered
            save_registered(path, model, self.module.names, self.original.spec)


class _Executed(ImageNetwork):
    """An ImageNetwork around a module of arrays, to compare it."""

    def __init__(self, original, module):
        super().__init__(original.name, original.spec, original.size)
        self.module = module

    def infer(self, image):
        import torch
        with torch.inference_mode():
            return [output.numpy() for output in self.module(torch.from_numpy(image))]


def _as_tuple(module):
    from torch import nn

    class AsTuple(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = module

        def forward(self, image):
            output = self.network(image)
            return output if isinstance(output, tuple) else (output,)
    return AsTuple()
