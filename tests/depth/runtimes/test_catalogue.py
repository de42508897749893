"""Which runtime opens which file, and what is said where none does."""

import sys
from pathlib import Path

import numpy as np
import pytest

from calib.base.errors import BadInputError, NetworkError, UnusableRuntimeError
from calib.geometry.camera import Camera
from depth.runtimes import catalogue as runtimes
from depth.runtimes.catalogue import RUNTIMES, able_runtimes, open_estimator
from tests.helpers.onnx_file import onnx_file

CAMERA = Camera(24, 16, 20.0, 20.0, 11.5, 7.5)
GREY = np.full((16, 24, 3), 51, np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What runtimes keep goes here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def grey(tmp_path):
    """A network that predicts one metre more than the brightness."""
    return onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 8, 12)}, {"depth": (1, 1, 8, 12)},
                     [("ReduceMean", ["rgb"], ["mean"], {"axes": [1], "keepdims": 1}),
                      ("Add", ["mean", "one"], ["depth"], {})], {"one": np.float32([1])})


@pytest.mark.parametrize("name, runtime, first", [
    ("a.onnx", "auto", "onnx"), ("A.ONNX", "auto", "onnx"), ("a.onnx", "openvino", "openvino"),
    ("a.safetensors", "auto", "onnx"), ("a.pth", "auto", "torch"), ("a.pt", "torch", "torch")])
def test_who_runs_what_on_a_cpu(name, runtime, first):
    assert able_runtimes(Path(name), runtime, "cpu")[0] == first


@pytest.mark.parametrize("gpu, device, first", [
    (None, "auto", "onnx"), (None, "cuda", "onnx"), ("any", "auto", "tensorrt"), ("any", "cuda", "tensorrt"),
    ("any", "cpu", "onnx")])
def test_a_gpu_is_used_where_there_is_one(gpu, device, first, monkeypatch):
    monkeypatch.setattr(runtimes, "find_gpu", lambda: gpu)
    assert able_runtimes(Path("a.onnx"), "auto", device)[0] == first
    assert able_runtimes(Path("a.onnx"), "tensorrt", device) == ["tensorrt"]


class Estimator:
    details = "made up"

    def __init__(self, *arguments, **more):
        self.arguments, self.more = arguments, more


def refuses(*arguments, **more):
    raise UnusableRuntimeError("it is too small")


def fails(*arguments, **more):
    raise NetworkError("the file is broken")


@pytest.fixture
def made_up(monkeypatch):
    """Writes the table of runtimes: {name: what opens a .onnx file}."""
    def write(**openers):
        monkeypatch.setattr(runtimes, "RUNTIMES", {
            name: runtimes.Runtime(__name__, opener.__name__, (".onnx",)) for name, opener in openers.items()})
    return write


def test_auto_goes_on_to_the_next_and_says_why(made_up):
    made_up(first=refuses, second=refuses, third=Estimator, fourth=fails)
    estimator = open_estimator("net.onnx", {"scale": "2"}, device="cpu", threads=3)
    assert estimator.note == "run by third (made up); not by first: it is too small; not by second: it is too small"
    assert estimator.arguments == (Path("net.onnx"), {"scale": "2"}, "cpu", 3) and estimator.more == {}


def test_auto_stops_at_a_broken_file(made_up):
    made_up(first=refuses, second=fails, third=Estimator)
    with pytest.raises(NetworkError, match="^the file is broken$"):
        open_estimator("net.onnx")


def test_where_no_runtime_is_left_all_reasons_are_given(made_up):
    made_up(first=refuses, second=refuses)
    with pytest.raises(UnusableRuntimeError, match="^nothing here runs net.onnx: first: it is too small; second: it"):
        open_estimator("net.onnx")
    made_up(first=refuses)
    with pytest.raises(UnusableRuntimeError, match="^it is too small$"):
        open_estimator("net.onnx")


def test_a_gpu_that_is_not_there_is_one_reason_and_not_each_runtime_s(made_up, monkeypatch):
    monkeypatch.setattr(runtimes, "find_gpu", lambda: None)
    made_up(first=refuses, second=refuses)
    with pytest.raises(UnusableRuntimeError, match="^--device cuda: there is no NVIDIA GPU here.*use --device cpu$"):
        open_estimator("net.onnx", device="cuda")


@pytest.mark.parametrize("name, runtime, says", [
    ("a.onnx", "torch", "--runtime torch runs .safetensors, .pth, .pt files, not a.onnx: choose auto or tensorrt or "),
    ("a.pth", "onnx", "--runtime onnx runs .onnx, .safetensors files, not a.pth: choose auto or torch"),
    ("a.pth", "openvino", "--runtime openvino runs .onnx files, not a.pth"),
    ("a.txt", "auto", "no depth network a.txt: give `mobile`, `mobile-open`, a file that ends in .onnx, "
                      ".pt, .pth, .safetensors"),
    ("mobile", "torch", "no depth network mobile: give"),
    ("a.onnx", "magic", "--runtime magic: choose one of auto, tensorrt, onnx, openvino, torch")])
def test_what_nobody_runs(name, runtime, says):
    with pytest.raises(BadInputError) as caught:
        open_estimator(name, runtime=runtime)
    assert str(caught.value).startswith(says) and "\n" not in str(caught.value)


def test_the_name_of_a_network_is_for_weights(grey):
    with pytest.raises(BadInputError, match="--network mobile is for files of weights: net.onnx is"):
        open_estimator(grey, network="mobile")


OPENVINO = pytest.param("openvino", marks=pytest.mark.openvino)


@pytest.mark.parametrize("runtime", ["auto", "onnx", OPENVINO])
def test_options_arrive(grey, runtime):
    estimator = open_estimator(grey, {"scale": "2"}, runtime, "cpu", threads=2)
    assert np.allclose(estimator.predict(GREY, CAMERA).depth_m, 2.4, rtol=0.01)


@pytest.mark.parametrize("runtime", [name for name, found in RUNTIMES.items() if not found.needs_gpu])
def test_a_missing_package_is_named(runtime, grey, monkeypatch):
    package = {"onnx": "onnxruntime"}.get(runtime, runtime)
    monkeypatch.setitem(sys.modules, package, None)
    path = grey if runtime != "torch" else grey.with_suffix(".pth")
    with pytest.raises(BadInputError, match=f"pip install {package}"):
        open_estimator(path, runtime=runtime)


@pytest.mark.parametrize("runtime", ["onnx", OPENVINO, "torch"])
def test_a_missing_file(runtime, tmp_path):
    pytest.importorskip({"onnx": "onnxruntime"}.get(runtime, runtime))
    suffix = RUNTIMES[runtime].suffixes[0]
    with pytest.raises(NetworkError, match=f"no .*nowhere{suffix}"):
        open_estimator(tmp_path / f"nowhere{suffix}", runtime=runtime)


def test_weights_are_run_by_torch(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from tests.helpers import tiny_networks
    tiny_networks.lend(monkeypatch)
    from depth.networks.weights.checkpoint import save_network
    module = tiny_networks.registry.find("tiny").build().eval()
    save_network(tmp_path / "net.safetensors", "tiny", module)
    before = torch.get_num_threads()
    try:
        estimator = runtimes.open_estimator(tmp_path / "net.safetensors", {"size": "32,64"}, device="cpu")
        assert torch.get_num_threads() == 1
        expected = module(torch.full((1, 3, 32, 64), 0.2))[0, 0].detach().numpy()
        assert np.allclose(estimator.predict(GREY, CAMERA).depth_m, expected, rtol=1e-3)
        if not torch.cuda.is_available():
            with pytest.raises(NetworkError, match="--device cuda: there is no NVIDIA GPU here"):
                open_estimator(tmp_path / "net.safetensors", device="cuda")
    finally:
        torch.set_num_threads(before)
