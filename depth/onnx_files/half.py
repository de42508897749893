"""A float32 ONNX network as one that computes in float16, where that is safe, and still takes and gives float32.

For runtimes that take each number's type from the file, as TensorRT 11 does. The rule of mixed precision (Micikevicius
2018, section 3): sums of products and what lies between them in float16; exponentials, divisions, means over whole maps
and everything unknown in float32. So are the steps before the first convolution, which bring the image into the
network's range, and the last convolution and what follows it, which cost nothing and would round the depth itself.
"""

from typing import TYPE_CHECKING

import numpy as np

from depth.onnx_files.model import drop_unused, load_onnx, taken_by, unfold_casts

if TYPE_CHECKING:
    import onnx

HEAVY = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
LIGHT = {"Relu", "LeakyRelu", "PRelu", "Clip", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh", "Add", "Sub", "Mul",
         "Max", "Min", "Neg", "Identity", "Concat", "Split", "Slice", "Gather", "Reshape", "Flatten", "Transpose",
         "Squeeze", "Unsqueeze", "Expand", "Tile", "Pad", "Resize", "DepthToSpace", "SpaceToDepth", "MaxPool",
         "AveragePool"}
FORM = 1
"""Version of the result: engines are cached by it, so it must be raised when the rules below change."""
ALWAYS_FLOAT = {"Resize": (1, 2)}
"""Inputs of operators that keep a type of their own."""
MAX_FLOAT_WEIGHTS = 1 << 16
"""Most weights that a last convolution in float32 may have; a larger one is worth computing in float16."""
HALF = "/half"
"""Ending of the name of the float16 twin of a float32 tensor."""
FLOAT = 1
"""onnx.TensorProto.FLOAT"""
MAX_HALF = float(np.finfo(np.float16).max)


def half_precision(model: "onnx.ModelProto") -> None:
    """Change an onnx.ModelProto, to the same inputs and outputs. Raises what onnx does for graphs that are wrong."""
    onnx = load_onnx("half precision")
    _drop_named_constants(model)
    unfold_casts(model.graph, onnx)
    types = _types(model, onnx)
    _rewrite(model.graph, types, _half_nodes(model.graph, types), onnx)
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)


def _drop_named_constants(model):
    """Before ONNX 1.3 constants were inputs as well."""
    constants = {tensor.name for tensor in model.graph.initializer}
    for value in [value for value in model.graph.input if value.name in constants]:
        model.graph.input.remove(value)
    model.ir_version = max(model.ir_version, 4)


def _types(model, onnx):
    """{name of a tensor: its element type} for those that are known."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = (*graph.input, *graph.value_info, *graph.output)
    return {**{value.name: value.type.tensor_type.elem_type for value in values},
            **{tensor.name: tensor.data_type for tensor in graph.initializer}}


def _half_nodes(graph, types):
    """Indices of the nodes that shall compute in float16.

    All heavy ones; of the light ones those that take nothing but float16 and constants: what is in float32 stays so up
    to the next heavy one, as from an exponential to the division by its sum.
    """
    computed, made_half, half = {value.name for value in graph.input}, set(), set()
    for index, node in enumerate(graph.node):
        inputs = {name for name in node.input if types.get(name) == FLOAT and name in computed}
        if inputs and (node.op_type in HEAVY or (node.op_type in LIGHT and inputs <= made_half)) and not node.domain:
            half.add(index)
            made_half.update(node.output)
        if computed.intersection(taken_by(node)):
            computed.update(node.output)
    return half - _last_nodes(graph)


def _last_nodes(graph):
    """Indices of those after the last heavy nodes, and of these themselves where they are small."""
    weights = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer}
    leads_on, last = set(), set()
    for index, node in reversed(list(enumerate(graph.node))):
        is_last = not leads_on.intersection(node.output)
        is_heavy = node.op_type in HEAVY
        if not is_last or is_heavy:
            leads_on.update(node.input)
        size = sum(weights.get(name, MAX_FLOAT_WEIGHTS) for name in node.input[1:])
        if is_last and not (is_heavy and size > MAX_FLOAT_WEIGHTS):
            last.add(index)
    return last


def _rewrite(graph, types, half, onnx):
    """Every float32 tensor t may get a twin t/half: nodes make the one, and take the one, that they compute in."""
    made_half, taken = set(), {value.name for value in graph.output}
    for index, node in enumerate(graph.node):
        if index in half:
            made_half.update(name for name in node.output if types.get(name, FLOAT) == FLOAT)
            for k, name in enumerate(node.input):
                if k not in ALWAYS_FLOAT.get(node.op_type, ()) and (types.get(name) == FLOAT or name in made_half):
                    node.input[k] = name + HALF
            for k, name in enumerate(node.output):
                node.output[k] = name + HALF if name in made_half else name
        taken.update(taken_by(node))
    for tensor in [tensor for tensor in graph.initializer if tensor.name + HALF in taken]:
        values = onnx.numpy_helper.to_array(tensor).clip(-MAX_HALF, MAX_HALF).astype(np.float16)
        graph.initializer.append(onnx.numpy_helper.from_array(values, tensor.name + HALF))
    nodes = list(_casts((value.name for value in graph.input), taken, onnx))
    for node in graph.node:
        nodes += [node, *_casts(node.output, taken, onnx)]
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]  # they go with the graph's list
    del graph.node[:]
    graph.node.extend(nodes)
    drop_unused(graph)


def _casts(made, taken, onnx):
    """Nodes that make the twins of the tensors `made`, where some node takes them."""
    for name in made:
        twin = name.removesuffix(HALF) if name.endswith(HALF) else name + HALF
        if twin in taken:
            to = onnx.TensorProto.FLOAT16 if twin.endswith(HALF) else onnx.TensorProto.FLOAT
            yield onnx.helper.make_node("Cast", [name], [twin], f"cast to {twin}", to=to)
