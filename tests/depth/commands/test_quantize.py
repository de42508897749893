"""`python -m depth quantize`: an int8 network predicts what the float one does, or there is none."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
import yaml

from depth.__main__ import main
from depth.onnx_files.int8 import int8_forms
from depth.runtimes.default_network import default_weights
from depth.runtimes.onnx_runtime import OnnxDepth
from tests.helpers.onnx_file import onnx_file
from tests.helpers.paths import DATA

onnx = pytest.importorskip("onnx")

SIZE = 36, 48
NYU = DATA / "nyu_labeled" / "train"
RANDOM = np.random.default_rng(0)


def picture():
    """(h, w, 3) uint8 RGB, smooth, grey."""
    values = cv2.resize(RANDOM.integers(0, 256, (4, 6), np.uint8), SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    return np.repeat(values[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of images for training and of some for validation, in which depth is 1 m in black and 5 m in white."""
    folder = tmp_path_factory.mktemp("images")
    for number in (0, 1, 2, 3, 168, 169, 170):
        rgb = picture()
        cv2.imwrite(str(folder / f"rgb_{number:05d}.png"), rgb)
        cv2.imwrite(str(folder / f"sync_depth_{number:05d}.png"), np.uint16(1000 + 4000 * (rgb[..., 0] / 255.0)))
    return folder


def network(path, gain=1.0, half=False):
    """Write a network that sees that depth by way of eight channels, and an eighth that is `gain` times as large and of
    no use. Its weights lie in the file in half precision where `half` is said."""
    into, last = np.full((8, 3, 1, 1), 1 / 3, np.float32), np.full((1, 8, 1, 1), 4 / 7, np.float32)
    into[7], last[0, 7] = gain / 3, 0
    middle = np.eye(8, dtype=np.float32)[:, :, None, None]
    constants = {"into": into, "last": last, "middle": middle, "one": np.ones(1, np.float32)}
    casts = []
    if half:
        constants["stored"] = constants.pop("middle").astype(np.float16)
        casts = [("Cast", ["stored"], ["middle"], {"to": 1})]
    return onnx_file(path, {"rgb": (1, 3, *SIZE)}, {"depth": (1, 1, *SIZE)}, [
        *casts, ("Conv", ["rgb", "into"], ["a"], {}), ("Relu", ["a"], ["b"], {}),
        ("Conv", ["b", "middle"], ["c"], {}), ("Relu", ["c"], ["d"], {}),
        ("Conv", ["d", "last", "one"], ["depth"], {})], constants)


def quantize(weights, data, output, *more):
    return main(["quantize", "--weights", str(weights), "--data", str(data), "--output", str(output),
                 "--protocol", "all", *more])


def lines(capsys):
    """What was printed, without the bars."""
    return [line for line in capsys.readouterr().out.splitlines() if line.strip()]


def kinds(path):
    return [node.op_type for node in onnx.load(str(path)).graph.node]


@pytest.mark.parametrize("half", [False, True])
def test_int8_predicts_what_float_does(half, images, tmp_path, capsys):
    weights, output = network(tmp_path / "net.onnx", half=half), tmp_path / "new" / "net-int8.onnx"
    (tmp_path / "net.yaml").write_text("focal_px: 40\n")
    assert quantize(weights, images, output, "--depth-option", "focal_px=50,50") == 0
    head, columns, float_row, int8_row, kept = lines(capsys)
    assert "3 images" in head and columns.split() == ["rel", "rms", "delta1"] and "2 of 3 layers" in kept
    assert float_row.split()[0] == "float" and int8_row.split()[:2] == ["int8", "2/3"]
    assert yaml.safe_load(output.with_suffix(".yaml").read_text()) == {
        "output": "depth", "error": "none", "focal_px": [50, 50]}
    rgb = picture()
    found, expected = (OnnxDepth(path).raw(rgb)[0] for path in (output, weights))
    assert 0 < np.abs(found / expected - 1).max() < 0.03
    assert "QuantizeLinear" in kinds(output) and "Cast" not in kinds(output)
    constants = [onnx.numpy_helper.to_array(each) for each in onnx.load(str(output)).graph.initializer]
    assert {np.abs(each).max() for each in constants if each.dtype == np.int8 and each.any()} == {64}, "seven bits"


def test_what_loses_too_much_is_not_kept(images, tmp_path, capsys):
    weights, output = network(tmp_path / "net.onnx", gain=1000), tmp_path / "net-int8.onnx"
    assert quantize(weights, images, output) == 1
    shown = capsys.readouterr().err
    assert "of delta1" in shown and "net-int8.onnx is not written" in shown and shown.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_layers_at_both_ends_stay_in_float(tmp_path):
    """Of 24 layers the first three and the last, and in the form for difficult networks the last four."""
    names = [f"t{k}" for k in range(25)]
    weights = np.eye(3, dtype=np.float32)[:, :, None, None]
    path = onnx_file(tmp_path / "net.onnx", {"t0": (1, 3, *SIZE)}, {"t24": (1, 3, *SIZE)},
                     [("Conv", [a, "w"], [b], {}) for a, b in pairwise(names)], {"w": weights})
    images = (RANDOM.random((1, 3, *SIZE), dtype=np.float32) for _ in range(2))

    class Declared:
        class input:
            name = "t0"
    forms = list(int8_forms(Declared, path, images, tmp_path))
    assert [layers for _, layers, _ in forms] == [20, 17] and {in_all for _, _, in_all in forms} == {24}
    for form, layers, _ in forms:
        graph = onnx.load(str(form)).graph
        makers = {name: node.op_type for node in graph.node for name in node.output}
        takes = [makers.get(node.input[0]) for node in graph.node if node.op_type == "Conv"]
        assert takes == [None, "Conv", "Conv", *["DequantizeLinear"] * (layers + 1), *["Conv"] * (20 - layers)]


@pytest.mark.parametrize("weights, more, says", [
    ("/nowhere.onnx", [], "/nowhere.onnx"), ("net.safetensors", [], "monofuse depth export"),
    (None, ["--data", "/nowhere"], "/nowhere"), (None, ["--images", "0"], "--images"),
    (None, ["--output", "int8.txt"], "int8.txt"), (None, ["--depth-option", "mean=blue"], "mean")])
def test_bad_input_is_one_line(weights, more, says, images, tmp_path, capsys):
    assert quantize(weights or network(tmp_path / "net.onnx"), images, tmp_path / "a.onnx", *more) == 2
    shown = capsys.readouterr().err
    assert says in shown and shown.count("\n") == 1 and not (tmp_path / "a.onnx").exists()


def test_files_that_have_no_int8_form(images, tmp_path, capsys):
    weights, output = network(tmp_path / "net.onnx"), tmp_path / "net-int8.onnx"
    single = onnx_file(tmp_path / "single.onnx", {"rgb": (1, 3, *SIZE)}, {"depth": (1, 1, *SIZE)},
                       [("Conv", ["rgb", "w"], ["depth"], {})], {"w": np.ones((1, 3, 1, 1), np.float32)})
    assert quantize(weights, images, output) == 0
    for path, says in ((output, "int8 network already"), (single, "too few layers"), (weights, "would replace")):
        target = weights if path == weights else tmp_path / "b.onnx"
        assert quantize(path, images, target) == 2
        shown = capsys.readouterr().err
        assert says in shown and shown.count("\n") == 1 and not (tmp_path / "b.onnx").exists()


@pytest.mark.openvino
def test_openvino_predicts_the_same(images, tmp_path, monkeypatch):
    from depth.runtimes.openvino_runtime import OpenVinoDepth
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    output = tmp_path / "net-int8.onnx"
    assert quantize(network(tmp_path / "net.onnx", half=True), images, output) == 0
    rgb = picture()
    found, expected = (runtime(output).raw(rgb)[0] for runtime in (OpenVinoDepth, OnnxDepth))
    assert expected.std() > 0.1 and np.allclose(found, expected, rtol=0.02)


@pytest.mark.skipif(not NYU.is_dir(), reason="needs real data")
def test_the_network_that_ships_on_real_images(tmp_path, capsys):
    output = tmp_path / "mobile-int8.onnx"
    assert main(["quantize", "--data", str(NYU), "--images", "4", "--val-images", "4", "--output", str(output)]) == 0
    rows = [line.split() for line in lines(capsys)]
    assert rows[2][0] == "float" and float(rows[3][-1]) > float(rows[2][-1]) - 0.01
    assert output.stat().st_size < 0.65 * default_weights().stat().st_size
