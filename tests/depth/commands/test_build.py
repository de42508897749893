"""`python -m depth build` on a made-up GPU: what is built is checked, and nothing that is wrong stays."""

import numpy as np
import pytest

from calib.base.errors import UnusableRuntimeError
from depth.__main__ import main
from depth.runtimes.tensorrt.runtime import TensorRtDepth

pytest.importorskip("onnx")
from tests.helpers.fake_gpu import GPU, FakeGpu
from tests.helpers.onnx_file import FLOAT16, onnx_file

SIZE = 8, 12


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder that engines go to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "monofuse" / "tensorrt"


def network(path, gain=1.0, element_type=1):
    """Two convolutions, of which the first makes numbers of about 4 * `gain`."""
    kind = np.float16 if element_type == FLOAT16 else np.float32
    random = np.random.default_rng(1)
    return onnx_file(path, {"rgb": (1, 3, *SIZE)}, {"depth": (1, 1, *SIZE)},
                     [("Conv", ["rgb", "first"], ["features"], {}), ("Relu", ["features"], ["positive"], {}),
                      ("Conv", ["positive", "second"], ["depth"], {})],
                     {"first": (gain * random.random((6, 3, 1, 1))).astype(kind),
                      "second": (random.random((1, 6, 1, 1)) / gain).astype(kind)}, element_type)


@pytest.mark.parametrize("module", ["tensorrt", "tensorrt_rtx"])
@pytest.mark.parametrize("precision", ["fp16", "fp32"])
@pytest.mark.parametrize("element_type", [1, FLOAT16])
def test_what_is_right_is_kept_and_found(tmp_path, cache, monkeypatch, capsys, module, precision, element_type):
    gpu = FakeGpu(monkeypatch, installed=(module,))
    path = network(tmp_path / "net.onnx", element_type=element_type)
    assert main(["build", str(path), "--precision", precision]) == 0
    lines = capsys.readouterr().out.splitlines()
    engine, = cache.glob("*.engine")
    assert lines[0].startswith(f"net.onnx at 12x8 in {precision} for TensorRT")
    assert lines[1].startswith(f"checked  its {precision} form, run by ONNX Runtime on the CPU: depth within 0")
    assert lines[-2].startswith(f"checked  the engine on this GPU ({precision}, Made-up GPU, TensorRT")
    assert lines[-1] == f"file     {engine}"
    gpu.log.clear()
    TensorRtDepth(path, precision=precision)
    assert "build" not in gpu.log


def test_another_gpu_gets_its_own_engine_from_the_full_package(tmp_path, cache, monkeypatch):
    path = network(tmp_path / "net.onnx")
    for capability, count in (((9, 0), 1), ((8, 7), 2), ((9, 0), 2)):
        gpu = FakeGpu(monkeypatch, gpu=GPU._replace(compute_capability=capability), installed=("tensorrt",))
        TensorRtDepth(path, precision="fp16")
        assert len(list(cache.glob("*.engine"))) == count
    assert "build" not in gpu.log
    TensorRtDepth(path, precision="fp32")
    assert "timings" in gpu.log, "kernels that were timed before"


def test_turing_has_engines_of_its_own(tmp_path, monkeypatch):
    path = network(tmp_path / "net.onnx")
    gpu = FakeGpu(monkeypatch, gpu=GPU._replace(compute_capability=(7, 5)))
    assert main(["build", str(path)]) == 0
    assert "sm75" in gpu.log


def test_a_form_that_is_wrong_is_not_even_built(tmp_path, cache, monkeypatch, capsys):
    """Its numbers do not fit into float16."""
    gpu = FakeGpu(monkeypatch)
    path = network(tmp_path / "net.onnx", gain=1e6)
    assert main(["build", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("depth: net.onnx is another network in fp16: depth differs from the file's own by ")
    assert error.endswith("% (3 % are allowed); nothing was built; try --precision fp32\n") and error.count("\n") == 1
    assert gpu.log == [] and not list(cache.glob("*"))
    assert main(["build", str(path), "--precision", "fp32"]) == 0


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
@pytest.mark.parametrize("wrong", [lambda name, array, is_half: array * np.float16(1.2),
                                   lambda name, array, is_half: array + np.inf,
                                   lambda name, array, is_half: array * np.nan])
def test_an_engine_that_is_wrong_does_not_stay(tmp_path, cache, monkeypatch, capsys, precision, wrong):
    FakeGpu(monkeypatch, wrong)
    path = network(tmp_path / "net.onnx")
    assert main(["build", str(path), "--precision", precision]) == 2
    out, error = capsys.readouterr()
    assert f"depth: its {precision} engine is wrong on this GPU: depth differs" in error and error.count("\n") == 1
    assert "file     " not in out and not list(cache.glob("*.engine")) and not list(cache.glob("*.kernels"))
    gpu = FakeGpu(monkeypatch, wrong)
    with pytest.raises(UnusableRuntimeError, match=f"its {precision} engine is wrong"):
        TensorRtDepth(path, precision=precision)
    assert gpu.log == [], "the verdict is kept"
    FakeGpu(monkeypatch)
    assert main(["build", str(path), "--precision", precision]) == 0, "asked for, it is tried again"


@pytest.mark.heavy
@pytest.mark.parametrize("name", __import__("depth.networks.registry", fromlist=["NETWORKS"]).NETWORKS)
def test_every_network_of_the_registry(name, tmp_path, cache, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript", reason="torch.onnx needs it")
    from depth.networks import registry
    from depth.networks.weights.checkpoint import save_network
    from tests.helpers.settled_network import settled
    torch.manual_seed(0)
    weights, path, network = tmp_path / "net.safetensors", tmp_path / "net.onnx", registry.find(name)
    save_network(weights, name, settled(network.build(), network.input_size))
    assert main(["export", "--weights", str(weights), "--output", str(path)]) == 0
    for precision in ("fp32", "fp16"):
        FakeGpu(monkeypatch)
        assert main(["build", str(path), "--precision", precision]) == 0, capsys.readouterr().err
        assert "checked  the engine on this GPU" in capsys.readouterr().out
    FakeGpu(monkeypatch, lambda name, array, is_half: array * np.float16(1.2))
    assert main(["build", str(path), "--precision", "fp16"]) == 2
    assert "engine is wrong on this GPU" in capsys.readouterr().err
    assert [engine.name.startswith("net-fp32-") for engine in cache.glob("*.engine")] == [True]
