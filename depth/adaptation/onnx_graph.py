"""The graph of an ONNX file as a torch module whose weights can be trained, and put back into the file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from depth.adaptation.onnx_operators import OPERATORS
from depth.onnx_files.model import declared_inputs, load_onnx, unfold_casts

if TYPE_CHECKING:
    import onnx

TRAINED = {"Conv": (1, 2), "ConvTranspose": (1, 2), "Gemm": (1, 2), "MatMul": (0, 1), "BatchNormalization": (1, 2)}
"""Inputs of operators that are weights, where they are constants; means and variances of batches stay as they are."""


def unknown_operators(model: "onnx.ModelProto") -> list[str]:
    """Names of the operators that OnnxGraph has not got."""
    return sorted({node.op_type for node in model.graph.node
                   if node.op_type not in (*OPERATORS, "Constant") or node.domain not in ("", "ai.onnx")})


class OnnxGraph(nn.Module):
    """The input as a tensor -> tuple of the outputs that are asked for. Every operator must be known.

    Weights are kept in single precision, whatever the file stores.
    """

    def __init__(self, model: "onnx.ModelProto", output_names: Sequence[str]) -> None:
        super().__init__()
        onnx = load_onnx("training an ONNX network")
        self.model = onnx.ModelProto.FromString(model.SerializeToString())
        unfold_casts(self.model.graph, onnx)
        graph = self.model.graph
        self.input_name, self.output_names = declared_inputs(self.model)[0].name, tuple(output_names)
        values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        trained = {name for node in graph.node for k, name in enumerate(node.input)
                   if k in TRAINED.get(node.op_type, ()) and name in values and values[name].dtype.kind == "f"}
        self.names = sorted(trained)
        self.weights = nn.ParameterList(nn.Parameter(torch.tensor(values[name].astype(np.float32)))
                                        for name in self.names)
        self.constants = {name: _tensor(value) for name, value in values.items() if name not in trained}
        self.steps = []
        for node in graph.node:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            if node.op_type == "Constant":
                self.constants[node.output[0]] = _constant(attributes, onnx)
            else:
                step = OPERATORS[node.op_type], {**attributes, "outputs": len(node.output)}
                self.steps.append((*step, list(node.input), list(node.output)))
        self.last_use = {name: k for k, (_, _, inputs, _) in enumerate(self.steps) for name in inputs}

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        device = image.device
        values = {name: value.to(device) if value.is_floating_point() else value
                  for name, value in self.constants.items()}
        values.update(zip(self.names, self.weights))
        values[self.input_name] = image.contiguous(memory_format=torch.channels_last)
        for k, (operator, attributes, inputs, outputs) in enumerate(self.steps):
            result = operator(attributes, *(values[name] if name else None for name in inputs))
            values.update(zip(outputs, result if isinstance(result, tuple) else (result,)))
            for name in inputs:  # what nobody needs any more goes, as it would in code
                if self.last_use[name] == k and name not in self.output_names:
                    values.pop(name, None)
        return tuple(values[name] for name in self.output_names)

    def refitted(self) -> "onnx.ModelProto":
        """The file's graph with the weights as they are now, in single precision."""
        onnx = load_onnx("training an ONNX network")
        model = onnx.ModelProto.FromString(self.model.SerializeToString())
        rows = {tensor.name: tensor for tensor in model.graph.initializer}
        for name, weight in zip(self.names, self.weights):
            rows[name].CopyFrom(onnx.numpy_helper.from_array(weight.detach().cpu().numpy(), name))
        return model


def _tensor(array):
    return torch.tensor(array.astype(np.float32) if array.dtype == np.float16 else array)


def _constant(attributes, onnx):
    (name, value), = attributes.items()
    if name == "value":
        return _tensor(onnx.numpy_helper.to_array(value))
    return torch.tensor(value)
