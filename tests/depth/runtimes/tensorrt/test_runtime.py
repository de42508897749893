"""What goes on around TensorRT, on a made-up GPU: engines are kept, found again, checked, and refused where wrong."""

import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from calib.base.errors import NetworkError, UnusableRuntimeError
from calib.geometry.camera import Camera
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.runtime import TensorRtDepth
from tests.helpers.onnx_file import FLOAT16, onnx_file

pytest.importorskip("onnx")
from tests.helpers.fake_gpu import GPU, FakeGpu

SIZE = 8, 12
CAMERA = Camera(24, 16, 20.0, 20.0, 11.5, 7.5)
NOISE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder that engines go to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "monofuse" / "tensorrt"


@pytest.fixture
def network(tmp_path):
    return write_network(tmp_path / "net.onnx")


def write_network(path, shape=(1, 3, *SIZE), element_type=1, axis=1):
    """Two convolutions and a logarithm: depth, and the error that it expects."""
    kind = np.float16 if element_type == FLOAT16 else np.float32
    random = np.random.default_rng(1)
    one = (shape[0], 1, *shape[2:])
    return onnx_file(path, {"rgb": shape}, {"log_depth": one, "log_error": one},
                     [("Conv", ["rgb", "first"], ["features"], {}), ("Relu", ["features"], ["positive"], {}),
                      ("Conv", ["positive", "second"], ["log_depth"], {}), ("Neg", ["log_depth"], ["log_error"], {})],
                     {"first": random.random((6, 3, 1, 1)).astype(kind),
                      "second": random.random((1, 6, 1, 1)).astype(kind) / kind(6)}, element_type)


def half_is_wrong(name, array, is_half):
    return array * 1.2 if is_half else array


def all_is_wrong(name, array, is_half):
    return array + np.float32(0.1)


def test_it_predicts_what_onnx_runtime_does(network, monkeypatch):
    FakeGpu(monkeypatch)
    estimator = TensorRtDepth(network)
    found, expected = estimator.predict(NOISE, CAMERA), OnnxDepth(network).predict(NOISE, CAMERA)
    assert np.allclose(found.depth_m, expected.depth_m, rtol=0.01) and expected.depth_m.std() > 0.05
    assert np.allclose(found.log_error, expected.log_error, atol=0.01)
    assert (estimator.precision, estimator.details, estimator.name) == (
        "fp16",         "fp16, Made-up GPU, TensorRT for RTX 1.7.0, the one for compute capability 8.9", "net.onnx")
    assert estimator.session.graph and 0 < estimator.difference < 0.01
    kept = found.depth_m.copy()
    estimator.predict(255 - NOISE, CAMERA)
    assert np.array_equal(found.depth_m, kept), "a prediction outlives the next one"


def test_engines_that_no_graph_can_hold(network, monkeypatch):
    FakeGpu(monkeypatch, capturable=False)
    estimator = TensorRtDepth(network, precision="fp32")
    assert estimator.session.graph is None
    assert np.allclose(estimator.predict(NOISE, CAMERA).depth_m, OnnxDepth(network).predict(NOISE, CAMERA).depth_m)


def test_other_types_layouts_and_open_sizes(tmp_path, monkeypatch):
    FakeGpu(monkeypatch)
    half = write_network(tmp_path / "half.onnx", element_type=FLOAT16)
    assert np.allclose(TensorRtDepth(half).predict(NOISE, CAMERA).depth_m,
                       OnnxDepth(half).predict(NOISE, CAMERA).depth_m, rtol=0.01)
    open_sizes = write_network(tmp_path / "open.onnx", ("n", 3, "h", "w"))
    assert TensorRtDepth(open_sizes, {"size": "6,10"}).predict(NOISE, CAMERA).depth_m.shape == (6, 10)
    nhwc = onnx_file(tmp_path / "nhwc.onnx", {"rgb": (1, *SIZE, 3)}, {"depth": (1, *SIZE, 1)},
                     [("ReduceMean", ["rgb"], ["depth"], {"axes": [3], "keepdims": 1})])
    options = {"layout": "nhwc"}
    assert np.allclose(TensorRtDepth(nhwc, options).predict(NOISE, CAMERA).depth_m,
                       OnnxDepth(nhwc, options).predict(NOISE, CAMERA).depth_m)


def test_what_was_built_and_checked_is_kept(network, cache, monkeypatch):
    gpu = FakeGpu(monkeypatch)
    checks = []
    monkeypatch.setattr(TensorRtDepth, "reference", lambda self, threads: checks.append(1) or OnnxDepth(network))
    for start in (["build", "load"], ["load", "kernels"], ["load", "kernels"]):
        gpu.log.clear()
        TensorRtDepth(network, precision="fp16")
        assert gpu.log == start
    assert checks == [1]
    notes = json.loads(next(cache.glob("*.json")).read_text())
    assert notes["facts"]["precision"] == "fp16" and 0 < notes["differences"][GPU.key] < 0.01
    TensorRtDepth(network, precision="fp32")
    write_network(network, ("n", 3, *SIZE))
    gpu.log.clear()
    TensorRtDepth(network, precision="fp16")
    assert gpu.log == ["build", "load"], "the file has changed"
    assert len(list(cache.glob("*.engine"))) == 3


def test_engines_that_are_spoilt_are_built_again(network, cache, monkeypatch):
    gpu = FakeGpu(monkeypatch)
    expected = TensorRtDepth(network).predict(NOISE, CAMERA).depth_m
    engine = next(cache.glob("*.engine"))
    engine.write_bytes(engine.read_bytes()[:-10])
    gpu.log.clear()
    assert np.array_equal(TensorRtDepth(network).predict(NOISE, CAMERA).depth_m, expected)
    assert gpu.log == ["build", "load", "kernels"]
    next(cache.glob("*.json")).write_text("[1, 2")
    assert np.array_equal(TensorRtDepth(network).predict(NOISE, CAMERA).depth_m, expected)


def test_no_cache_is_no_problem(network, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    gpu = FakeGpu(monkeypatch)
    assert TensorRtDepth(network).difference < 0.01 and TensorRtDepth(network) and gpu.log.count("build") == 2


def test_where_half_precision_is_wrong_it_is_not_used(network, monkeypatch):
    gpu = FakeGpu(monkeypatch, half_is_wrong)
    estimator = TensorRtDepth(network)
    assert estimator.precision == "fp32" and estimator.difference < 1e-6
    assert estimator.details.startswith("fp32, Made-up GPU, ")
    assert "; its fp16 engine is wrong on this GPU: depth differs from ONNX Runtime's by 12.2 %" in estimator.details
    gpu.log.clear()
    assert TensorRtDepth(network).precision == "fp32"
    assert gpu.log == ["load", "kernels"], "the verdict on the other is kept"


@pytest.mark.parametrize("wrong", [all_is_wrong, lambda name, array, is_half: array * np.nan,
                                   lambda name, array, is_half: array if name == "log_depth" else array + 0.1])
def test_an_engine_that_is_wrong_is_refused(network, monkeypatch, wrong):
    FakeGpu(monkeypatch, wrong)
    for _ in range(2):
        with pytest.raises(UnusableRuntimeError, match="its fp16 engine is wrong .*; its fp32 engine is") as caught:
            TensorRtDepth(network)
        assert "\n" not in str(caught.value)
    estimator = open_estimator(network)
    assert type(estimator) is OnnxDepth
    assert estimator.note.startswith("run by onnx; not by tensorrt: its fp16 engine is wrong")


def test_auto_takes_it_and_says_so(network, monkeypatch):
    gpu, told = FakeGpu(monkeypatch), Event()
    gpu.building = lambda: told.wait(60)
    estimator = open_estimator(network, progress=lambda share: told.set())
    assert type(estimator) is TensorRtDepth and told.is_set()
    assert estimator.note.startswith("run by tensorrt (fp16, Made-up GPU, TensorRT for RTX 1.7.0, the one for")
    assert type(open_estimator(network, device="cpu")) is OnnxDepth


def test_what_is_missing_is_said(network, monkeypatch):
    with pytest.raises(UnusableRuntimeError, match="--device cpu: TensorRT needs an NVIDIA GPU"):
        TensorRtDepth(network, device="cpu")
    monkeypatch.setattr("depth.runtimes.tensorrt.runtime.find_gpu", lambda: None)
    with pytest.raises(UnusableRuntimeError, match="TensorRT needs an NVIDIA GPU, and there is none here"):
        TensorRtDepth(network)
    gpu = FakeGpu(monkeypatch, installed=())
    with pytest.raises(NetworkError, match="precision int8: choose auto, fp16 or fp32"):
        TensorRtDepth(network, precision="int8")
    assert "not by tensorrt: TensorRT on compute capability 8.9 needs the package tensorrt-rtx-cu13: pip install" in \
        open_estimator(network).note
    assert gpu.log == []


@pytest.mark.parametrize("step, says", [
    ("build", "TensorRT cannot build this network: it does not say why"), ("load", "TensorRT cannot load this engine"),
    ("context", "TensorRT cannot prepare this engine"), ("address", "TensorRT does not take the memory for rgb"),
    ("launch", "TensorRT cannot run this engine")])
def test_a_step_that_fails_is_noticed(network, monkeypatch, step, says):
    FakeGpu(monkeypatch).fails.add(step)
    with pytest.raises(UnusableRuntimeError, match=says):
        TensorRtDepth(network, precision="fp32")
    assert f"not by tensorrt: {says}" in open_estimator(network).note


def test_a_gpu_without_memory_is_left(network, monkeypatch):
    gpu = FakeGpu(monkeypatch)
    gpu.cuda.codes["cuMemAlloc_v2"] = 2
    with pytest.raises(UnusableRuntimeError, match=r"CUDA: out of memory \(cuMemAlloc_v2, error 2\)"):
        TensorRtDepth(network, precision="fp32")


def test_an_error_in_mid_run_is_one(network, monkeypatch):
    gpu = FakeGpu(monkeypatch)
    estimator = TensorRtDepth(network)
    gpu.cuda.codes["cuGraphLaunch"] = 700
    with pytest.raises(NetworkError, match="net.onnx fails on a 12x8 image: CUDA: unknown error .cuGraphLaunch, error"):
        estimator.predict(NOISE, CAMERA)


@pytest.mark.parametrize("module", ["tensorrt", "tensorrt_rtx"])
def test_neither_package_needs_torch_nor_leaves_memory_behind(network, monkeypatch, module):
    gpu = FakeGpu(monkeypatch, installed=(module,))
    monkeypatch.setitem(sys.modules, "torch", None)
    estimator = TensorRtDepth(network)
    before = estimator.predict(NOISE, CAMERA).depth_m
    with ThreadPoolExecutor(1) as pool:
        assert np.array_equal(pool.submit(estimator.predict, NOISE, CAMERA).result().depth_m, before), "in any thread"
    assert len(gpu.cuda.alive) == 1 + 3 * 2 + 1, "a stream, three buffers in two places, a graph"
    del estimator
    gc.collect()
    assert gpu.cuda.alive == {}


def test_files_that_are_no_network(network, tmp_path, monkeypatch):
    FakeGpu(monkeypatch)
    for data in (b"", b"<html>404</html>", network.read_bytes()[:100]):
        (tmp_path / "bad.onnx").write_bytes(data)
        with pytest.raises(NetworkError, match="bad.onnx cannot be loaded as an ONNX network: ") as caught:
            open_estimator(tmp_path / "bad.onnx", runtime="tensorrt")
        assert "\n" not in str(caught.value) and not isinstance(caught.value, UnusableRuntimeError)
    with pytest.raises(NetworkError, match="no depth network"):
        open_estimator(tmp_path / "none.onnx")
    with pytest.raises(NetworkError, match="height and width 8,12 only"):
        open_estimator(network, {"size": "16,24"})
