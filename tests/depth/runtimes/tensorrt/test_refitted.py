"""A network that learns while TensorRT runs it, on a made-up GPU."""

from enum import Enum

import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.refitted import RefittedDepth
from depth.runtimes.tensorrt.runtime import TensorRtDepth

onnx = pytest.importorskip("onnx")
from tests.helpers.fake_gpu import FakeGpu
from tests.helpers.tiny_onnx import tiny_network

CAMERA = Camera(width=64, height=64, fx=60, fy=60, cx=31.5, cy=31.5)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "monofuse" / "tensorrt"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tiny.onnx"
    tiny_network(path)
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(path)), path)  # its outputs have no shapes
    return path


def learnt(estimator, factor):
    """The estimator's graph in single precision with other weights, as adaptation hands it over."""
    from depth.onnx_files.model import unfold_casts
    model = estimator.stored_model()
    unfold_casts(model.graph, onnx)
    for tensor in model.graph.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        if tensor.name in ("first", "last", "last_bias"):
            tensor.CopyFrom(onnx.numpy_helper.from_array(factor * weights, tensor.name))
    return model


def on_cpu(estimator, model):
    return OnnxDepth("tiny.onnx", None, "cpu", 1, model.SerializeToString(), estimator.spec).predict(NOISE, CAMERA)


@pytest.mark.parametrize("module", ["tensorrt", "tensorrt_rtx"])
@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_new_weights_into_one_engine(path, cache, monkeypatch, module, precision):
    gpu = FakeGpu(monkeypatch, installed=(module,))
    estimator = TensorRtDepth(path, precision=precision)
    before = estimator.predict(NOISE, CAMERA).depth_m
    for factor, steps in ((1.1, ["build", "load", "refit"]), (0.8, ["load", "refit"])):
        gpu.log.clear()
        model = learnt(estimator, factor)
        adapted = estimator.refitted(model)
        assert type(adapted) is RefittedDepth and adapted.details == estimator.details
        assert [step for step in gpu.log if step in ("build", "load", "refit")] == steps
        found, expected = adapted.predict(NOISE, CAMERA), on_cpu(estimator, model)
        assert np.allclose(found.depth_m, expected.depth_m, rtol=0.02)
        assert np.allclose(found.log_error, expected.log_error, atol=0.02)
        assert np.abs(np.log(found.depth_m / before)).mean() > 0.02, "it is not the old one"
        assert adapted.stored_model() == model
    assert np.array_equal(estimator.predict(NOISE, CAMERA).depth_m, before)
    assert type(adapted.refitted(model)) is RefittedDepth
    assert len(list(cache.glob("*.engine"))) == 2


@pytest.mark.parametrize("step", ["build", "refit"])
def test_where_no_engine_takes_them_onnx_runtime_does(path, monkeypatch, step):
    gpu = FakeGpu(monkeypatch)
    estimator = TensorRtDepth(path)
    gpu.fails.add(step)
    model = learnt(estimator, 1.1)
    adapted = estimator.refitted(model)
    assert type(adapted) is OnnxDepth and adapted.details.startswith("TensorRT cannot ")
    assert np.array_equal(adapted.predict(NOISE, CAMERA).depth_m, on_cpu(estimator, model).depth_m)


def test_an_engine_that_ignores_them_is_refused(path, monkeypatch):
    gpu = FakeGpu(monkeypatch)
    estimator = TensorRtDepth(path)
    estimator.refitted(learnt(estimator, 1.1))
    gpu.log.clear()
    monkeypatch.setattr("tests.helpers.fake_tensorrt.Refitter.refit_cuda_engine", lambda self: True)
    adapted = estimator.refitted(learnt(estimator, 0.8))
    assert type(adapted) is OnnxDepth and "its fp16 engine is wrong on this GPU" in adapted.details
    assert gpu.log == ["load", "kernels"]


def test_a_version_that_cannot(path, monkeypatch):
    FakeGpu(monkeypatch)
    estimator = TensorRtDepth(path)
    monkeypatch.setattr(estimator.trt, "BuilderFlag", Enum("BuilderFlag", "TF32 REFIT REQUIRE_USER_ALLOCATION"))
    assert estimator.refitted(learnt(estimator, 1.1)).details == "TensorRT 1.7.0 cannot give single weights anew"
