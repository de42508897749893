"""A trainable ONNX network of a few hundred weights, made with the package onnx."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 32, 32


def tiny_network(path, operator="Relu"):
    """Write FILE.onnx: (1, 3, h, w) -> log depth and log error at half its size; weights are stored as float16."""
    random = np.random.default_rng(0)
    weights = {"first": random.normal(0, 0.3, (8, 3, 3, 3)), "first_bias": np.zeros(8),
               "depthwise": random.normal(0, 0.3, (8, 1, 5, 5)), "last": random.normal(0, 0.3, (2, 8, 1, 1)),
               "last_bias": np.array([0.5, -1.5])}
    stored = [numpy_helper.from_array(array.astype(np.float16), f"{name}_half") for name, array in weights.items()]
    nodes = [helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT) for name in weights]
    nodes += [helper.make_node("Conv", ["rgb", "first", "first_bias"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
              helper.make_node(operator, ["a"], ["b"]),
              helper.make_node("Conv", ["b", "depthwise"], ["c"], pads=[2, 2, 2, 2], group=8),
              helper.make_node("Conv", ["c", "last", "last_bias"], ["d"]),
              helper.make_node("Split", ["d"], ["log_depth", "log_error"], axis=1, num_outputs=2)]
    write(path, nodes, {"rgb": (1, 3, *SIZE)}, ("log_depth", "log_error"), stored)


def write(path, nodes, inputs, outputs, constants=()):
    """Write a graph of these nodes, whose inputs are {name: shape of float32}."""
    graph = helper.make_graph(
        nodes, "tiny", [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in
                        inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, str(path))
