"""The half-precision form of a network: float16 where it shall be, float32 where it must be, the same depth."""

import numpy as np
import onnxruntime
import pytest

from depth.onnx_files.half import half_precision
from depth.onnx_files.model import declared_inputs, fix_shape, read_model
from depth.runtimes import self_check
from depth.runtimes.default_network import default_weights
from depth.runtimes.onnx_runtime import OnnxDepth
from tests.helpers.onnx_file import FLOAT16, onnx_file
from tests.helpers.paths import DATA

onnx = pytest.importorskip("onnx")
HALF, FLOAT = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
MODELS = DATA.parent / "models"
OTHERS = [MODELS / name for name in ("fastdepth_224x224.onnx", "meter_xxs_nyu_192x256.onnx")]
RANDOM = np.random.default_rng(0)


def computed_in(model):
    """-> {operator: element types of what its nodes make}"""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    types = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)}
    kinds = {}
    for node in graph.node:
        kinds.setdefault(node.op_type, []).extend(types[name] for name in node.output)
    return kinds


def answers(model, image):
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"]).run(
        None, {model.graph.input[0].name: image})


def converted(path):
    model = read_model(path, "a test")
    half_precision(model)
    return model


@pytest.mark.parametrize("path", [default_weights(), *OTHERS], ids=lambda path: path.stem)
def test_real_networks_predict_the_same(path, tmp_path):
    if not path.is_file():
        pytest.skip("no such network here")
    model = converted(path)
    (tmp_path / path.name).write_bytes(model.SerializeToString())
    if path.with_suffix(".yaml").is_file():
        (tmp_path / path.name).with_suffix(".yaml").write_text(path.with_suffix(".yaml").read_text())
    difference = self_check.difference(OnnxDepth(tmp_path / path.name), OnnxDepth(path))
    assert 0 < difference < self_check.BOUNDS["fp16"]
    kinds = computed_in(model)
    assert kinds["Conv"].count(HALF) >= len(kinds["Conv"]) - 2 and kinds.get("Softmax", [FLOAT])[0] == FLOAT
    assert {output.type.tensor_type.elem_type for output in model.graph.output} == {FLOAT}
    assert {each.type for each in declared_inputs(model)} == {"tensor(float)"}


def test_our_network_stays_precise_at_both_ends_and_half_as_large():
    model = converted(default_weights())
    kinds = computed_in(model)
    assert kinds["Sub"] == kinds["Div"] == [FLOAT], "what brings the image into its range"
    assert kinds["ReduceMean"] == [FLOAT] and kinds["Conv"].count(FLOAT) == 1 and set(kinds["Split"]) == {FLOAT}
    assert set(kinds["Clip"]) == set(kinds["Resize"]) == {HALF}
    halves = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer if tensor.data_type == HALF)
    assert halves > 0.99 * sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)


@pytest.fixture
def attention(tmp_path):
    """Convolution, normalisation with an epsilon that float16 does not have, softmax, convolution, exponential."""
    weights = RANDOM.random((4, 3, 1, 1), dtype=np.float32), RANDOM.random((4, 4, 1, 1), dtype=np.float32)
    last = RANDOM.random((1, 4, 1, 1), dtype=np.float32)
    return onnx_file(
        tmp_path / "net.onnx", {"rgb": (1, 3, 8, 8)}, {"depth": (1, 1, 16, 16)},
        [("Conv", ["rgb", "first"], ["a"], {}), ("ReduceMean", ["a"], ["mean"], {"axes": [2, 3], "keepdims": 1}),
         ("Sub", ["a", "mean"], ["centred"], {}), ("Mul", ["centred", "centred"], ["squared"], {}),
         ("ReduceMean", ["squared"], ["variance"], {"axes": [2, 3], "keepdims": 1}),
         ("Add", ["variance", "epsilon"], ["positive"], {}), ("Sqrt", ["positive"], ["deviation"], {}),
         ("Div", ["centred", "deviation"], ["normed"], {}), ("Softmax", ["normed"], ["soft"], {"axis": 1}),
         ("Conv", ["soft", "second"], ["b"], {}), ("Clip", ["b", "least", "most"], ["clipped"], {}),
         ("Resize", ["clipped", "", "scales"], ["large"], {}), ("Conv", ["large", "last"], ["log"], {}),
         ("Exp", ["log"], ["depth"], {})],
        {"first": weights[0], "second": weights[1], "last": last, "epsilon": np.float32([1e-9]), "least": np.float32(0),
         "most": np.float32(3e38), "scales": np.float32([1, 1, 2, 2])})


def test_delicate_steps_stay_in_float32(attention):
    model = converted(attention)
    kinds = computed_in(model)
    assert kinds["Conv"] == [HALF, HALF, FLOAT]
    for operator in ("ReduceMean", "Sub", "Mul", "Add", "Sqrt", "Div", "Softmax", "Exp"):
        assert set(kinds[operator]) == {FLOAT}, operator
    assert kinds["Clip"] == kinds["Resize"] == [HALF]
    for image in (RANDOM.random((1, 3, 8, 8), dtype=np.float32), np.full((1, 3, 8, 8), 0.5, np.float32)):
        assert np.allclose(answers(model, image)[0], answers(read_model(attention, "a test"), image)[0], rtol=0.01)


def test_old_files_name_their_constants_among_the_inputs(attention):
    model = read_model(attention, "a test")
    for tensor in model.graph.initializer:
        value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.append(value)
    model.ir_version = 3
    half_precision(model)
    expected = converted(attention)
    expected.ir_version = 4
    assert model == expected and len(declared_inputs(model)) == 1


def test_no_constant_becomes_infinite(attention):
    model = converted(attention)
    for tensor in model.graph.initializer:
        assert np.isfinite(onnx.numpy_helper.to_array(tensor)).all()


def test_a_large_last_layer_is_worth_it(tmp_path):
    """A full connection has most of the weights of a network."""
    path = onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 16, 16)}, {"depth": (1, 256)},
                     [("Flatten", ["rgb"], ["flat"], {"axis": 1}), ("MatMul", ["flat", "weights"], ["depth"], {})],
                     {"weights": RANDOM.random((768, 256), dtype=np.float32)})
    model = converted(path)
    assert computed_in(model)["MatMul"] == [HALF]
    image = RANDOM.random((1, 3, 16, 16), dtype=np.float32)
    assert np.allclose(answers(model, image)[0], answers(read_model(path, "a test"), image)[0], rtol=0.01)


def test_what_is_float16_already_stays_as_it_is(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 8, 8)}, {"depth": (1, 1, 8, 8)},
                     [("Conv", ["rgb", "w"], ["depth"], {})], {"w": np.ones((1, 3, 1, 1), np.float16)}, FLOAT16)
    assert converted(path) == read_model(path, "a test")


def test_graphs_within_see_what_they_take(tmp_path):
    """The branch of an If takes the convolution's result, which is float16 outside."""
    def branch(name, operator):
        node = onnx.helper.make_node(operator, ["a"], [name])
        return onnx.helper.make_graph([node], name, [], [onnx.helper.make_tensor_value_info(name, FLOAT, None)])
    make = onnx.helper.make_node
    graph = onnx.helper.make_graph(
        [make("Conv", ["rgb", "w"], ["a"]), make("ReduceMean", ["a"], ["m"], keepdims=0),
         make("Greater", ["m", "zero"], ["c"]),
         make("If", ["c"], ["b"], then_branch=branch("yes", "Relu"), else_branch=branch("no", "Neg")),
         make("Conv", ["b", "w"], ["d"]), make("Conv", ["d", "w"], ["depth"])], "net",
        [onnx.helper.make_tensor_value_info("rgb", FLOAT, [1, 3, 8, 8])],
        [onnx.helper.make_tensor_value_info("depth", FLOAT, [1, 3, 8, 8])],
        [onnx.numpy_helper.from_array(RANDOM.random((3, 3, 1, 1), dtype=np.float32), "w"),
         onnx.numpy_helper.from_array(np.float32(0), "zero")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    found = converted(tmp_path / "net.onnx")
    assert computed_in(found)["Conv"] == [HALF, HALF, FLOAT]
    image = RANDOM.random((1, 3, 8, 8), dtype=np.float32)
    assert np.allclose(answers(found, image)[0], answers(model, image)[0], rtol=0.01)


def test_open_sizes_can_be_fixed(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", {"rgb": ("n", 3, "h", "w")}, {"depth": ("n", 1, "h", "w")},
                     [("ReduceMean", ["rgb"], ["depth"], {"axes": [1], "keepdims": 1})])
    model = read_model(path, "a test")
    assert declared_inputs(model)[0].shape == [None, 3, None, None]
    fix_shape(model, "rgb", (1, 3, 32, 64))
    assert declared_inputs(model)[0].shape == [1, 3, 32, 64]
    assert answers(model, np.zeros((1, 3, 32, 64), np.float32))[0].shape == (1, 1, 32, 64)
    shape = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape
    assert [size.dim_value for size in shape.dim] == [1, 1, 32, 64]
