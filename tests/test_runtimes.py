"""Which runtime opens which file, and what is said where none does."""

import sys
from pathlib import Path

import numpy as np
import pytest

from calib.camera import Camera
from calib.errors import BadInputError, NetworkError
from depth import runtimes
from depth.runtimes import CHOICES, RUNTIMES, chosen_runtime, open_estimator
from onnx_file import onnx_file

CAMERA = Camera(24, 16, 20.0, 20.0, 11.5, 7.5)
GREY = np.full((16, 24, 3), 51, np.uint8)


@pytest.fixture
def grey(tmp_path):
    """A network that predicts one metre more than the brightness."""
    return onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 8, 12)}, {"depth": (1, 1, 8, 12)},
                     [("ReduceMean", ["rgb"], ["mean"], {"axes": [1], "keepdims": 1}),
                      ("Add", ["mean", "one"], ["depth"], {})], {"one": np.float32([1])})


@pytest.mark.parametrize("name, runtime, chosen", [
    ("a.onnx", "auto", "onnx"), ("A.ONNX", "auto", "onnx"), ("a.onnx", "openvino", "openvino"),
    ("a.safetensors", "auto", "torch"), ("a.pth", "auto", "torch"), ("a.pt", "torch", "torch")])
def test_who_runs_what(name, runtime, chosen):
    assert chosen_runtime(Path(name), runtime) == chosen


@pytest.mark.parametrize("name, runtime, says", [
    ("a.onnx", "torch", "--runtime torch runs .safetensors, .pth, .pt files, not a.onnx: choose auto or onnx or openv"),
    ("a.pth", "onnx", "--runtime onnx runs .onnx files, not a.pth: choose auto or torch"),
    ("a.pth", "openvino", "--runtime openvino runs .onnx files, not a.pth"),
    ("a.txt", "auto", "a.txt: a depth network is a file that ends in .onnx, .pt, .pth, .safetensors"),
    ("mobile", "torch", "mobile: a depth network is a file"),
    ("a.onnx", "magic", "--runtime magic: choose one of auto, onnx, openvino, torch")])
def test_what_nobody_runs(name, runtime, says):
    with pytest.raises(BadInputError) as caught:
        open_estimator(name, runtime=runtime)
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)


def test_the_name_of_a_network_is_for_weights(grey):
    with pytest.raises(BadInputError, match="--network mobile is for files of weights: net.onnx is"):
        open_estimator(grey, network="mobile")


@pytest.mark.parametrize("runtime", [name for name in CHOICES if name != "torch"])
def test_options_arrive(grey, runtime):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    estimator = open_estimator(grey, {"scale": "2"}, runtime, "cpu", threads=2)
    assert np.allclose(estimator.predict(GREY, CAMERA).depth_m, 2.4, rtol=0.01)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_missing_package_is_named(runtime, grey, monkeypatch):
    package = {"onnx": "onnxruntime"}.get(runtime, runtime)
    monkeypatch.setitem(sys.modules, package, None)
    path = grey if runtime != "torch" else grey.with_suffix(".pth")
    with pytest.raises(BadInputError, match=f"pip install {package}"):
        open_estimator(path, runtime=runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_missing_file(runtime, tmp_path):
    pytest.importorskip({"onnx": "onnxruntime"}.get(runtime, runtime))
    suffix = RUNTIMES[runtime].suffixes[0]
    with pytest.raises(NetworkError, match=f"no .*nowhere{suffix}"):
        open_estimator(tmp_path / f"nowhere{suffix}", runtime=runtime)


def test_weights_are_run_by_torch(tmp_path):
    torch = pytest.importorskip("torch")
    import tiny_networks
    tiny_networks.install()
    from depth.networks.checkpoint import save_network
    module = tiny_networks.registry.find("tiny").build().eval()
    save_network(tmp_path / "net.safetensors", "tiny", module)
    before = torch.get_num_threads()
    try:
        estimator = runtimes.open_estimator(tmp_path / "net.safetensors", {"size": "32,64"}, device="cpu")
        assert torch.get_num_threads() == 1
        expected = module(torch.full((1, 3, 32, 64), 0.2))[0, 0].detach().numpy()
        assert np.allclose(estimator.predict(GREY, CAMERA).depth_m, expected, rtol=1e-3)
        if not torch.cuda.is_available():
            with pytest.raises(NetworkError, match="--device cuda: torch finds no usable GPU"):
                open_estimator(tmp_path / "net.safetensors", device="cuda")
    finally:
        torch.set_num_threads(before)
