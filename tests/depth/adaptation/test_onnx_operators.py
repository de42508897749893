"""Operators against ONNX Runtime's, one by one."""

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper

from depth.adaptation.onnx_graph import OnnxGraph, unknown_operators
from depth.adaptation.onnx_operators import OPERATORS
from depth.onnx_files.model import read_model
from tests.helpers.tiny_onnx import write

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(0, 2, (1, 4, 7, 9)).astype(np.float32)


def floats(*shape):
    return RANDOM.normal(0, 0.5, shape).astype(np.float32)


def whole(*values):
    return np.array(values, np.int64)


CASES = {
    "padded unevenly": ("Conv", [floats(6, 4, 3, 3), floats(6)], {"pads": [0, 1, 2, 1], "strides": [2, 2]}),
    "same": ("Conv", [floats(6, 4, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2], "kernel_shape": [3, 3]}),
    "dilated groups": ("Conv", [floats(4, 2, 3, 3)], {"group": 2, "dilations": [2, 2]}),
    "depthwise": ("Conv", [floats(4, 1, 5, 5), floats(4)], {"group": 4, "pads": [2, 2, 2, 2]}),
    "depthwise stride": ("Conv", [floats(4, 1, 3, 3)], {"group": 4, "strides": [2, 2]}),
    "1x1": ("Conv", [floats(5, 4, 1, 1), floats(5)], {}),
    "1x1 stride": ("Conv", [floats(5, 4, 1, 1)], {"strides": [2, 2]}),
    "transposed": ("ConvTranspose", [floats(4, 3, 3, 3), floats(3)],
                   {"strides": [2, 2], "pads": [1, 1, 0, 0], "output_padding": [1, 1]}),
    "batch norm": ("BatchNormalization", [floats(4), floats(4), floats(4), np.abs(floats(4)) + 1], {"epsilon": 0.1}),
    "max pool": ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
    "average pool": ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "doubled": ("Resize", [None, np.array([1, 1, 2, 2], np.float32)],
                {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}),
    "resized": ("Resize", [None, None, whole(1, 4, 11, 20)], {"mode": "linear"}),
    "corners": ("Resize", [None, None, whole(1, 4, 13, 18)],
                {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    "clipped": ("Clip", [np.float32(-0.5), np.float32(1)], {}),
    "clipped below": ("Clip", [np.float32(-0.5)], {}),
    "mean": ("ReduceMean", [whole(2, 3)], {"keepdims": 0}),
    "reshaped": ("Reshape", [whole(0, 2, -1)], {}),
    "gathered": ("Gather", [whole(2, 0, -1)], {"axis": 1}),
    "sliced": ("Slice", [whole(1), whole(-1), whole(3), whole(2)], {}),
    "turned": ("Transpose", [], {"perm": [0, 2, 3, 1]}),
    "padded": ("Pad", [whole(0, 0, 1, 2, 0, 0, 3, 4), np.float32(0.5)], {}),
    "mirrored": ("Pad", [whole(0, 0, 1, 2, 0, 0, 3, 4)], {"mode": "reflect"}),
    "unsqueezed": ("Unsqueeze", [whole(0, 3)], {}), "squeezed": ("Squeeze", [whole(0)], {}),
    "expanded": ("Expand", [whole(2, 1, 1, 1)], {}), "concatenated": ("Concat", [floats(1, 2, 7, 9)], {"axis": 1}),
    "maximum": ("Max", [floats(1, 4, 1, 1)], {}), "minimum": ("Min", [floats(1, 4, 1, 1)], {}),
    "sloped": ("PRelu", [floats(4, 1, 1)], {}), "depth to space": ("DepthToSpace", [], {"blocksize": 2}),
    "matrix": ("MatMul", [floats(9, 3)], {}), "softmax": ("Softmax", [], {"axis": 1}),
    "hard sigmoid": ("HardSigmoid", [], {"alpha": 0.3, "beta": 0.4}), "leaky": ("LeakyRelu", [], {"alpha": 0.2}),
    **{name: (name, [], {}) for name in ("Relu", "Elu", "Sigmoid", "HardSwish", "Softplus", "Tanh", "Erf", "Exp", "Abs",
                                         "Neg", "Reciprocal", "GlobalAveragePool", "Identity", "Flatten")},
    **{name: (name, [floats(1, 4, 1, 1)], {}) for name in ("Add", "Sub", "Mul", "Div")},
}


@pytest.mark.parametrize("case", CASES)
def test_an_operator_does_what_onnx_runtime_does(case, tmp_path):
    name, constants, attributes = CASES[case]
    inputs = ["" if constant is None else f"c{k}" for k, constant in enumerate(constants)]
    node = helper.make_node(name, ["x", *inputs], ["y"], **attributes)
    tensors = [numpy_helper.from_array(np.asarray(constant), f"c{k}") for k, constant in enumerate(constants)
               if constant is not None]
    write(tmp_path / "one.onnx", [node], {"x": IMAGE.shape}, ["y"], tensors)
    expected, = onnxruntime.InferenceSession(str(tmp_path / "one.onnx")).run(None, {"x": IMAGE})
    with torch.enable_grad():
        found, = OnnxGraph(read_model(tmp_path / "one.onnx", "a test"), ["y"])(torch.tensor(IMAGE))
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_what_is_unknown_is_named(tmp_path):
    write(tmp_path / "one.onnx", [helper.make_node("NonZero", ["x"], ["y"])], {"x": IMAGE.shape}, ["y"])
    assert unknown_operators(read_model(tmp_path / "one.onnx", "a test")) == ["NonZero"]
    assert "Conv" in OPERATORS
