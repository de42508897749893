"""Engines, really built by tensorrt_rtx, which needs no GPU for it; only running them does."""

import os
import signal

import numpy as np
import pytest

from calib.base.errors import UnusableRuntimeError
from depth.__main__ import main
from depth.runtimes.default_network import default_weights
from depth.runtimes.nvidia_gpu import find_gpu
from depth.runtimes.tensorrt import engine as tensorrt_engine
from depth.runtimes.tensorrt.engine import TURING, Tensor, build_engine, messages
from depth.runtimes.tensorrt.network import TensorRtNetwork, weight_names
from depth.runtimes.tensorrt.package import RTX_CAPABILITIES
from tests.helpers.onnx_file import onnx_file

trt = pytest.importorskip("tensorrt_rtx")
pytest.importorskip("onnx")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder that engines go to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "monofuse" / "tensorrt"


@pytest.fixture
def ours(tmp_path):
    return TensorRtNetwork(default_weights(), {}, trt, None, tmp_path)


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """{precision: Built} of the network that ships."""
    network = TensorRtNetwork(default_weights(), {}, trt, None, tmp_path_factory.mktemp("engines"))
    return {precision: network.build(precision) for precision in ("fp32", "fp16")}


def test_what_goes_in_and_comes_out(engines):
    for built in engines.values():
        assert built.inputs == [Tensor("rgb", "FLOAT", (1, 3, 224, 288))] and built.timings == b""
        assert built.outputs == [Tensor("log_depth", "FLOAT", (1, 1, 112, 144)),
                                 Tensor("log_error", "FLOAT", (1, 1, 112, 144))]


def test_half_precision_halves_the_weights(engines):
    """The engine says nothing else of its types before it is loaded."""
    parameters = 2_587_666
    sizes = {precision: len(built.engine) for precision, built in engines.items()}
    assert 2 * parameters < sizes["fp16"] < sizes["fp32"] - 1.8 * parameters


def test_other_layouts_open_sizes_and_generations(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", {"rgb": ("n", "h", "w", 3)}, {"depth": ("n", "h", "w", 1)},
                     [("ReduceMean", ["rgb"], ["depth"], {"axes": [3], "keepdims": 1})])
    network = TensorRtNetwork(path, {"layout": "nhwc", "size": "32,64"}, trt, None, tmp_path)
    built = network.build("fp16")
    assert built.inputs[0].shape == (1, 32, 64, 3) and built.outputs[0].shape == (1, 32, 64, 1)
    assert build_engine(trt, network.form("fp16"), TURING).engine != built.engine


def test_progress_is_told_and_may_end_it(ours, monkeypatch):
    monkeypatch.setattr(tensorrt_engine, "LOOK_EVERY_S", 0.01)
    shares = []
    assert ours.build("fp16", shares.append).engine
    assert len(shares) > 3 and shares == sorted(shares) and 0 <= shares[0] and 0.5 < shares[-1] <= 1

    def impatient(share):
        raise TimeoutError("no longer")
    with pytest.raises(TimeoutError, match="no longer"):
        ours.build("fp16", impatient)
    assert any("BuildCanceled" in text for text in messages(trt).errors), "it did not go on behind our back"


def test_the_share_of_phases_within_phases():
    monitor = tensorrt_engine._monitor(trt)
    assert monitor.share() == 0
    monitor.phase_start("all", None, 4)
    assert monitor.step_complete("all", 0) and monitor.share() == 1 / 4
    monitor.phase_start("part", "all", 2)
    monitor.step_complete("part", 0)
    assert monitor.share() == (1 + 1 / 2) / 4
    monitor.phase_finish("part")
    assert monitor.share() == (1 + 1 / 2) / 4, "it never goes back"
    monitor.step_complete("all", 3)
    assert monitor.share() == 1
    monitor.is_cancelled = True
    assert not monitor.step_complete("all", 3)


def test_ctrl_c_ends_it(cache, monkeypatch, capsys):
    """While TensorRT works, nothing of Python runs in the main thread that could learn of a signal."""
    monkeypatch.setattr(tensorrt_engine, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("depth.runtimes.tensorrt.network.build_engine", lambda *arguments: build_engine(
        *arguments[:-2], lambda share: os.kill(os.getpid(), signal.SIGINT)))
    assert main(["build"]) == 130
    assert capsys.readouterr().err == "depth: interrupted\n" and list(cache.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"no network"])
def test_what_cannot_be_read_or_built(data, capfd):
    with pytest.raises(UnusableRuntimeError, match="TensorRT cannot .* this network: .*(ONNX|output)") as caught:
        build_engine(trt, data)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert capfd.readouterr() == ("", "")


def test_an_operator_that_it_does_not_know(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, 8, 8)}, {"depth": (1, 3, 8, 8)},
                     [("Det", ["rgb"], ["depth"], {})])
    with pytest.raises(UnusableRuntimeError, match="TensorRT cannot read this network: .*Det"):
        TensorRtNetwork(path, {}, trt, None, tmp_path).build("fp32")


def test_the_table_of_gpus_is_the_packages_own():
    known = [name.removeprefix("SM") for name in dir(trt.ComputeCapability) if name.startswith("SM")]
    assert {(int(name[:-1]), int(name[-1])) for name in known} == set(RTX_CAPABILITIES)


def test_weights_that_could_be_given_anew_go_by_the_names_in_the_file(ours):
    """tensorrt_rtx builds such engines on a GPU only."""
    model = ours.form("fp16")
    network = trt.Builder(messages(trt)).create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, messages(trt))
    assert parser.parse(model)
    names = weight_names(model)
    assert {name for name in names if name.endswith("weight/half")}
    assert all(network.mark_weights_refittable(name) for name in names if ".weight" in name or ".bias" in name)
    with pytest.raises(UnusableRuntimeError, match="TensorRT finds no weights in this network: .*no weights named x"):
        build_engine(trt, model, replaceable=["x"])


def test_what_is_called_only_where_there_is_a_gpu_exists():
    """The calls of depth.runtimes.tensorrt.session, as far as can be told without one."""
    for kind, names in {
            "Runtime": ("deserialize_cuda_engine",),
            "ICudaEngine": ("create_runtime_config", "create_execution_context", "num_io_tensors", "get_tensor_name",
                            "get_tensor_mode", "get_tensor_shape", "get_tensor_dtype"),
            "IRuntimeConfig": ("create_runtime_cache", "set_runtime_cache"),
            "IRuntimeCache": ("serialize", "deserialize"),
            "IExecutionContext": ("set_tensor_address", "execute_async_v3", "is_stream_capturable"),
            "Refitter": ("get_missing_weights", "refit_cuda_engine"), "OnnxParserRefitter": ("refit_from_bytes",),
            "DataType": ("FLOAT", "HALF"), "TensorIOMode": ("INPUT", "OUTPUT")}.items():
        assert [name for name in names if not hasattr(getattr(trt, kind), name)] == []
    assert "runtime_config: " in trt.ICudaEngine.create_execution_context.__doc__


@pytest.mark.skipif(find_gpu() is not None, reason="the last lines are others where there is a GPU")
class TestCommand:
    """`python -m depth build` without a GPU."""

    def test_it_says_what_came_of_it_and_what_is_not_known(self, cache, capsys):
        assert main(["build"]) == 0
        lines = capsys.readouterr().out.splitlines()
        engine, = cache.glob("*.engine")
        assert lines[0] == (f"mobile.onnx at 288x224 in fp16 for TensorRT for RTX {trt.__version__}, which builds "
                            f"without a GPU")
        assert "by ONNX Runtime on the CPU: depth within " in lines[1] and "(3 % are allowed)" in lines[1]
        assert lines[2:5] == ["input    rgb FLOAT 1x3x224x288", "output   log_depth FLOAT 1x1x112x144",
                              "output   log_error FLOAT 1x1x112x144"]
        assert lines[5].startswith(f"engine   {engine.stat().st_size / 1e6:.1f} MB in ")
        assert lines[5].endswith("for GPUs: sm80 and later")
        assert lines[6].startswith("NOT checked, for there is no NVIDIA GPU here")
        assert lines[7] == f"file     {engine}" and len(lines) == 8

    def test_the_runtime_will_find_it(self, cache, tmp_path):
        assert main(["build", "--precision", "fp32"]) == 0
        network = TensorRtNetwork(default_weights(), {}, trt, None, cache)
        assert network.cached("fp32").load() and not network.cached("fp16").load()
        assert main(["build", "--precision", "fp32", "--output", str(tmp_path / "elsewhere")]) == 0
        assert {path.name for path in (tmp_path / "elsewhere").iterdir()} == {path.name for path in cache.iterdir()}

    @pytest.mark.parametrize("arguments, says", [
        (["none.onnx"], "no depth network none.onnx"),
        (["--size", "64,100"], "sides are multiples of 32"),
        (["--size", "large"], "network option size cannot be 'large'"), (["--output", "/proc/none"], "/proc/none: "),
        (["--precision", "int8"], "invalid choice: 'int8'")])
    def test_mistakes_are_one_line(self, arguments, says, capsys):
        assert main(["build", *arguments]) == 2
        shown = capsys.readouterr().err
        assert shown.startswith("depth: ") and says in shown and shown.count("\n") == 1


def test_notes_survive_a_difference_that_is_infinite(ours, engines):
    ours.keep(engines["fp16"], ours.cached("fp16"))
    ours.cached("fp16").note_difference("some GPU", np.inf)
    assert ours.cached("fp16").difference_on("some GPU") > 1e6 and ours.cached("fp16").difference_on("another") is None
