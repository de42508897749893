"""Networks of torch as ONNX files that any runtime can take, with weights stored in half precision where that does."""

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.base.errors import MissingPackageError
from depth.onnx_files.model import open_size, quiet

if TYPE_CHECKING:
    from torch import nn

OPSET = 18
MIN_HALVED_SIZE = 1024
"""Least size of tensors that are stored as float16: smaller ones save nothing, and rounding hurts biases most."""


class Exported(NamedTuple):
    """An ONNX file."""

    data: bytes
    difference: float
    """To what torch predicts."""
    half_difference: float | None
    """What it would be with weights in half precision, where these are in single precision for that reason."""


def smallest(export: Callable[[bool], bytes], difference: Callable[[bytes], float], tolerance: float) -> Exported:
    """The file with weights in half precision, or in single precision where those make `tolerance` of difference.

    export: makes a file; whether its weights shall be in half precision -> its bytes. Networks that magnify small
    differences, as those do that have learned little, need single precision; it takes a second export, since both
    files of a large network at once are more than a machine may hold."""
    half = export(True)
    half_difference = difference(half)
    if half_difference < tolerance:
        return Exported(half, half_difference, None)
    del half
    exact = export(False)
    return Exported(exact, difference(exact), half_difference)


def export_onnx(module: "nn.Module", size: tuple[int, int], names: Sequence[str], any_size: bool = False,
                half_weights: bool = True) -> bytes:
    """torch module in evaluation mode -> bytes of an ONNX file.

    Takes RGB in [0, 1] as `rgb` (1, 3, *size); outputs are called `names`. With `any_size` the file takes images of
    every size that the module takes; it must have no step that depends on it. half_weights: weights are kept as float16
    and made float32 when the file is loaded, so the file takes half the space and the arithmetic loses nothing but that
    rounding. Raises MissingPackageError.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch.onnx needs it
    except ImportError as error:
        raise MissingPackageError(error.name or "onnx", "exporting to ONNX") from None
    import torch
    with warnings.catch_warnings(), quiet("torch.onnx"):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(module, (torch.zeros(1, 3, *size),), input_names=["rgb"], output_names=list(names),
                                    opset_version=OPSET, dynamo=True, verbose=False)
    assert program is not None, "dynamo=True gives a program"
    model = program.model_proto
    if half_weights:
        _halve_weights(model.graph, onnx)
    if any_size:
        open_size(model, "rgb")
    _forget_sources(model)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _forget_sources(model):
    """Leave out what the exporter notes about every node: stack traces, with paths of the machine that exported."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""


def _halve_weights(graph, onnx):
    """Store large float32 initialisers as float16, each followed by a cast back."""
    casts = []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_HALVED_SIZE:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
