"""ONNX files as graphs that can be changed, for runtimes that need another form than the stored one."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.base.errors import MissingPackageError, NetworkError, one_line

if TYPE_CHECKING:
    import onnx


class Declared(NamedTuple):
    """One input of a file."""

    name: str
    type: str
    """Element type in ONNX's words, as in `tensor(float)`."""
    shape: list
    """Sizes: ints, and anything else where the file leaves a size open."""


def load_onnx(needed_for: str) -> ModuleType:
    """The module onnx. Raises MissingPackageError."""
    try:
        import onnx
    except ImportError:
        raise MissingPackageError("onnx", needed_for) from None
    return onnx


def read_model(source: str | Path | bytes, needed_for: str) -> "onnx.ModelProto":
    """Path, or a file's bytes -> onnx.ModelProto, weights in files next to it included.

    Raises NetworkError, MissingPackageError.
    """
    onnx = load_onnx(needed_for)
    if isinstance(source, bytes):
        return onnx.ModelProto.FromString(source)
    path = source
    require_file(path)
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf and onnx raise their own types
        raise unreadable(path, error) from error
    if not model.graph.input or not model.graph.output:  # to protobuf even an empty file is a message
        raise unreadable(path, "nothing goes in or nothing comes out")
    return model


def declared_inputs(model: "onnx.ModelProto") -> list[Declared]:
    """Inputs of a model, without those that only give a constant its name."""
    onnx = load_onnx("reading ONNX files")
    constants = {tensor.name for tensor in model.graph.initializer}
    return [_declared(value, onnx) for value in model.graph.input if value.name not in constants]


def _declared(value, onnx):
    kind = value.type.tensor_type
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim]
    name = onnx.TensorProto.DataType.Name(kind.elem_type).lower()
    return Declared(value.name, f"tensor({name})", sizes)


def fix_shape(model: "onnx.ModelProto", name: str, shape: Sequence[int]) -> None:
    """Give the input `name` this shape, whatever the file leaves open; what follows from it is left to be inferred."""
    value = next(value for value in model.graph.input if value.name == name)
    for size, wanted in zip(value.type.tensor_type.shape.dim, shape):
        size.dim_value = wanted
    del model.graph.value_info[:]
    for output in model.graph.output:
        for size in output.type.tensor_type.shape.dim:
            if not size.HasField("dim_value"):
                size.Clear()


def open_size(model: "onnx.ModelProto", name: str) -> None:
    """Leave height and width of the input `name`, (1, 3, h, w), and of all outputs open."""
    for value in (*model.graph.input, *model.graph.output):
        ends = ("height", "width") if value.name == name else (f"{value.name}_height", f"{value.name}_width")
        for size, word in zip(list(value.type.tensor_type.shape.dim)[2:], ends):
            size.dim_param = word
    del model.graph.value_info[:]


def unfold_casts(graph: "onnx.GraphProto", onnx: ModuleType) -> None:
    """Constants that are stored as float16 and cast to float32 become float32 constants."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in constants
             and any(each.name == "to" and each.i == onnx.TensorProto.FLOAT for each in node.attribute)]
    for node in casts:
        values = onnx.numpy_helper.to_array(constants[node.input[0]]).astype(np.float32)
        graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    drop_unused(graph)


def drop_unused(graph: "onnx.GraphProto") -> None:
    """Remove constants that nothing takes."""
    used = {name for node in graph.node for name in taken_by(node)} | {value.name for value in graph.output}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)


def taken_by(node: "onnx.NodeProto") -> Iterator[str]:
    """Names of the tensors that a node needs, those of the graphs inside it included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from taken_by(inner)
            yield from (value.name for value in graph.output)


@contextmanager
def quiet(name: str | None) -> Iterator[None]:
    """Silence the warnings of a logger; None is the root logger."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def require_file(path: str | Path) -> None:
    """Raise NetworkError unless there is a file."""
    if not Path(path).is_file():
        raise NetworkError(f"no depth network {path}: give an .onnx file that exists")


def unreadable(path: str | Path, error: Exception | str) -> NetworkError:
    """The NetworkError for a file that a runtime could not read, with the reason that it gave."""
    return NetworkError(f"{path} cannot be loaded as an ONNX network: {one_line(error)}")
