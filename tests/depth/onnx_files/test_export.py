"""`python -m depth export`: a file predicts what weights do, says how it wants its images, and is half as large."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from calib.geometry.camera import Camera
from depth.__main__ import main
from depth.onnx_files.export import smallest
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.torch_runtime import open_weights

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript", reason="torch.onnx needs it")

from tests.helpers import tiny_networks

ONLY_REAL = pytest.mark.parametrize("exported", [pytest.param("mobile", marks=pytest.mark.heavy)], indirect=True)

PLAIN_OPERATORS = {"Add", "Cast", "Clip", "Conv", "Div", "Gather", "ReduceMean", "Relu", "Reshape", "Resize", "Split",
                   "Sub"}
"""What every runtime knows."""


@pytest.fixture(scope="module", params=["tiny_upright", pytest.param("mobile", marks=pytest.mark.heavy)])
def exported(request, tmp_path_factory):
    """-> (folder with net.safetensors and out.onnx, the network)"""
    from depth.networks import registry
    from depth.networks.weights.checkpoint import save_network
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        tiny_networks.lend(patch)
        module = registry.find(request.param).build().eval()
        torch.nn.init.normal_(module.predict.weight, std=0.2)
        save_network(folder / "net.safetensors", request.param, module)
        (folder / "net.yaml").write_text("size: [128, 160]\nfocal_px: [80.0, 80.0]\n")
        assert main(["export", "--weights", str(folder / "net.safetensors"), "--output", str(folder / "out.onnx")]) == 0
        yield folder, module


def test_the_file_predicts_what_the_weights_do(exported):
    folder, module = exported
    rgb = np.random.default_rng(1).integers(0, 256, (128, 160, 3), dtype=np.uint8)
    with torch.inference_mode():
        output = module(torch.from_numpy(rgb).permute(2, 0, 1)[None] / 255)
    log_depth, log_error = (each[0, 0].numpy() for each in output)
    found = OnnxDepth(folder / "out.onnx").predict(rgb, Camera(160, 128, 80.0, 80.0, 79.5, 63.5))
    assert log_depth.std() > 0.01 and np.allclose(found.depth_m, np.exp(log_depth), rtol=0.01)
    assert log_error.std() > 0.01 and np.allclose(found.log_error, log_error, atol=0.01)


def test_every_runtime_knows_its_operators(exported):
    onnx = pytest.importorskip("onnx")
    folder, _ = exported
    assert {node.op_type for node in onnx.load(folder / "out.onnx").graph.node} <= PLAIN_OPERATORS


def test_what_a_runtime_must_know_is_beside_it(exported):
    folder, _ = exported
    assert yaml.safe_load((folder / "out.yaml").read_text()) == {
        "output": "log_depth", "error": "log_error", "size": [128, 160], "multiple": 32, "focal_px": [80.0, 80.0]}


def test_images_of_another_shape_keep_it(exported):
    """An upright image becomes an upright input, of the file as of the weights, and depth follows its focal length."""
    folder, _ = exported
    weights, file = open_weights(folder / "net.safetensors"), OnnxDepth(folder / "out.onnx")
    rgb = np.random.default_rng(1).integers(0, 256, (320, 256, 3), dtype=np.uint8)
    upright, longer = (file.predict(rgb, Camera(256, 320, f, f, 127.5, 159.5)).depth_m for f in (160.0, 320.0))
    expected = weights.predict(rgb, Camera(256, 320, 160.0, 160.0, 127.5, 159.5)).depth_m
    assert upright.shape == (80, 64) and np.allclose(upright, expected, rtol=0.01)
    assert np.allclose(longer, 2 * upright, rtol=1e-4)


@ONLY_REAL
def test_weights_take_half_the_space(exported):
    folder, _ = exported
    assert Path(folder / "out.onnx").stat().st_size < 0.56 * Path(folder / "net.safetensors").stat().st_size


def test_the_file_keeps_no_paths_of_the_machine_that_made_it(exported):
    """torch's exporter notes a stack trace for every node."""
    folder, _ = exported
    assert b".py\"" not in (folder / "out.onnx").read_bytes()


def test_what_cannot_be_written_is_one_line(exported, capsys):
    folder, _ = exported
    assert main(["export", "--weights", str(folder / "net.safetensors"), "--output", "/proc/no/out.onnx"]) == 2
    assert "cannot write /proc/no/out.onnx" in capsys.readouterr().err


@pytest.mark.parametrize("half, kept", [(0.01, (b"half", 0.01, None)), (0.3, (b"single", 0.001, 0.3)),
                                        (float("nan"), (b"single", 0.001, pytest.approx(float("nan"), nan_ok=True)))])
def test_weights_stay_in_single_precision_where_half_is_too_coarse(half, kept):
    difference = {b"half": half, b"single": 0.001}
    assert smallest(lambda half_weights: b"half" if half_weights else b"single", difference.__getitem__, 0.02) == kept
