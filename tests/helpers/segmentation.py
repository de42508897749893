"""Tiny ONNX networks that take what is red for a class."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RED = 15
CLASSES = 21
SIZE = 24, 32


def by_colour(path: Path, form: str = "logits", layout: str = "nchw", red: int = RED) -> Path:
    """Write a network for images of SIZE that finds class `red` where red prevails, class 1 elsewhere.

    form: `logits` of all classes, `map` of class numbers, `share` of one class, or a `vector`, which is no map at all.
    """
    count = 1 if form == "share" else CLASSES
    weights, bias = np.zeros((count, 3, 1, 1), np.float32), np.zeros(count, np.float32)
    weights[0 if form == "share" else red] = np.array([10, -10, -10], np.float32).reshape(3, 1, 1)
    bias[0 if form == "share" else 1] = 0.0 if form == "share" else 1.0
    to_nchw = [helper.make_node("Transpose", ["rgb"], ["image"], perm=[0, 3, 1, 2])] if layout == "nhwc" else \
        [helper.make_node("Identity", ["rgb"], ["image"])]
    nodes = [*to_nchw, helper.make_node("Conv", ["image", "weights", "bias"], ["logits"])]
    kind = TensorProto.FLOAT
    if form == "map":
        nodes.append(helper.make_node("ArgMax", ["logits"], ["out"], axis=1, keepdims=0))
        kind = TensorProto.INT64
    elif form == "vector":
        nodes.append(helper.make_node("GlobalAveragePool", ["logits"], ["pooled"]))
        nodes.append(helper.make_node("Flatten", ["pooled"], ["out"]))
    else:
        nodes.append(helper.make_node("Transpose", ["logits"], ["out"],
                                      perm=[0, 2, 3, 1] if layout == "nhwc" else [0, 1, 2, 3]))
    shape = [1, *SIZE, 3] if layout == "nhwc" else [1, 3, *SIZE]
    graph = helper.make_graph(nodes, "colour", [helper.make_tensor_value_info("rgb", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("out", kind, None)],
                              [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
