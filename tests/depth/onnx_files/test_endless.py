"""Networks with loops: those that might never end are refused before anything runs them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from calib.base.errors import NetworkError
from depth.onnx_files.endless import MAX_ROUNDS, refuse_endless
from depth.runtimes.onnx_runtime import OnnxDepth


def looping(path, rounds=None, inner_rounds=None):
    """Write a network that adds its image's mean to itself in a Loop: `rounds` times, or for ever; maybe in another."""
    value = helper.make_tensor_value_info
    true = numpy_helper.from_array(np.array(True), "true")
    constants = [true]

    def loop(count, name, node):
        body = helper.make_graph(
            [node, helper.make_node("Identity", ["go"], ["on"])], name,
            [value("round", TensorProto.INT64, []), value("go", TensorProto.BOOL, []),
             value("x", TensorProto.FLOAT, None)],
            [value("on", TensorProto.BOOL, []), value("y", TensorProto.FLOAT, None)])
        if count is not None:
            constants.append(numpy_helper.from_array(np.int64(count), f"{name}_rounds"))
        return helper.make_node("Loop", ["" if count is None else f"{name}_rounds", "true", "m"], ["depth"], body=body)

    inner = helper.make_node("Add", ["x", "x"], ["y"])
    if inner_rounds:
        inner = loop(inner_rounds, "inner", inner)
        inner.input[2], inner.output[0] = "x", "y"
    mean = helper.make_node("ReduceMean", ["rgb"], ["m"], axes=[1], keepdims=1)
    graph = helper.make_graph([mean, loop(rounds, "outer", inner)], "g",
                              [value("rgb", TensorProto.FLOAT, (1, 3, 8, 12))],
                              [value("depth", TensorProto.FLOAT, (1, 1, 8, 12))], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


@pytest.mark.parametrize("rounds", [{}, {"rounds": MAX_ROUNDS + 1}, {"rounds": -1},
                                    {"rounds": 1000, "inner_rounds": 1000}])
def test_a_loop_without_a_small_number_of_rounds_is_refused(tmp_path, rounds):
    path = looping(tmp_path / "loop.onnx", **rounds)
    with pytest.raises(NetworkError, match="loop.onnx holds a loop that may never end"):
        refuse_endless(path)
    with pytest.raises(NetworkError, match="may never end"):
        OnnxDepth(path)


def test_a_loop_of_few_rounds_runs(tmp_path):
    path = looping(tmp_path / "loop.onnx", rounds=3)
    assert OnnxDepth(path).raw(np.full((8, 12, 3), 255, np.uint8))[0].shape == (8, 12)
