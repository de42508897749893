"""What only a machine with an NVIDIA GPU can tell: that engines and CUDA graphs predict what torch does on the CPU.

Left out where there is none. `pytest -m gpu` on a machine with a GPU, torch with CUDA and TensorRT is the check to make
before trusting either.
"""

import subprocess
import sys

import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.__main__ import main
from depth.runtimes import self_check
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import default_weights
from depth.runtimes.nvidia_gpu import find_gpu
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.tensorrt.runtime import TensorRtDepth
from tests.helpers.paths import ROOT

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(find_gpu() is None or not torch.cuda.is_available(),
                                                  reason="needs an NVIDIA GPU and torch with CUDA")]
CAMERA = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
NOISE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)


@pytest.fixture(scope="module", params=["mobile", "laina_resnet_upproj"])
def network(request, tmp_path_factory):
    """-> (weights, the same as .onnx), random."""
    pytest.importorskip("onnxscript", reason="torch.onnx needs it")
    from depth.networks import registry
    from depth.networks.weights.checkpoint import save_network
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    module = registry.find(request.param).build().eval()
    save_network(folder / "net.safetensors", request.param, module)
    assert main(["export", "--weights", str(folder / "net.safetensors"), "--output", str(folder / "net.onnx")]) == 0
    return folder / "net.safetensors", folder / "net.onnx"


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def trt():
    from calib.base.errors import MissingPackageError
    from depth.runtimes.tensorrt.package import load_tensorrt
    try:
        return load_tensorrt(find_gpu())
    except MissingPackageError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("precision", self_check.BOUNDS)
def test_an_engine_predicts_what_torch_does(network, precision, trt):
    weights, onnx = network
    from depth.runtimes.torch_runtime import open_weights
    estimator, rounding_of_stored_weights = TensorRtDepth(onnx, precision=precision), 2e-3
    assert self_check.difference(estimator, OnnxDepth(onnx, device="cpu")) < self_check.BOUNDS[precision]
    assert self_check.difference(estimator, open_weights(weights)) < \
        self_check.BOUNDS[precision] + rounding_of_stored_weights


def test_the_graph_of_an_engine_gives_what_its_kernels_do(trt, tmp_path):
    from depth.runtimes.tensorrt.network import TensorRtNetwork
    from depth.runtimes.tensorrt.session import EngineSession
    engine = TensorRtNetwork(default_weights(), {}, trt, find_gpu(), tmp_path).build("fp16").engine
    graphed, plain = EngineSession(trt, engine), EngineSession(trt, engine, use_graph=False)
    assert graphed.graph is not None and plain.graph is None
    for image in np.random.default_rng(0).random((3, 1, 3, 224, 288), dtype=np.float32):
        for name, expected in plain.run(image).items():
            assert expected.std() > 1e-3 and np.allclose(graphed.run(image)[name], expected, rtol=1e-4, atol=1e-5)


def test_the_second_start_finds_everything(trt):
    first = open_estimator(default_weights())
    seen = []
    second = open_estimator(default_weights(), progress=seen.append)
    assert type(second) is TensorRtDepth and second.note == first.note and "fp16" in second.note
    assert seen == [], "nothing was built"
    assert np.allclose(first.predict(NOISE, CAMERA).depth_m, second.predict(NOISE, CAMERA).depth_m, rtol=0.01)


def test_an_engine_built_ahead_of_time_is_checked_here(trt, capsys):
    assert main(["build"]) == 0
    checked, file = capsys.readouterr().out.splitlines()[-2:]
    assert checked.startswith("checked  the engine on this GPU (fp16") and file.startswith("file ")


@pytest.mark.parametrize("precision", self_check.BOUNDS)
def test_new_weights_come_into_an_engine(precision, trt):
    from benchmarks.gpu_networks import learnt_rows
    (*_, difference, verdict), = learnt_rows(default_weights(), [precision])
    assert verdict == "right" and float(difference) <= 100 * self_check.BOUNDS[precision]


def test_memory_on_the_gpu_is_what_was_put_there_and_goes_with_its_owner():
    from depth.runtimes.tensorrt.cuda import CudaStream
    stream = CudaStream()
    buffer = stream.buffer((480, 640), np.float32)
    assert not buffer.host.any()
    expected = np.random.default_rng(0).random((480, 640), dtype=np.float32)

    def there_and_back():
        stream.to_gpu(buffer)
        stream.to_host(buffer)
    graph = stream.recorded(there_and_back)
    assert graph is not None
    for work in (there_and_back, lambda: stream.replay(graph)):
        buffer.host[...] = expected
        work()
        stream.synchronize()
        assert np.array_equal(buffer.host, expected)
    before = torch.cuda.mem_get_info()[0]
    large = stream.buffer((256, 1024, 1024), np.uint8)
    assert torch.cuda.mem_get_info()[0] < before - 200e6
    del large
    assert torch.cuda.mem_get_info()[0] > before - 50e6


def test_torch_in_half_precision_and_one_graph_predicts_what_it_does_in_float32(network):
    from depth.runtimes.torch_graph import GraphedDepth
    from depth.runtimes.torch_runtime import open_torch, open_weights
    weights, _ = network
    on_cpu, estimator = open_weights(weights), open_torch(weights)
    assert type(estimator) is GraphedDepth and estimator.details.startswith("fp16, CUDA graph")
    assert self_check.difference(estimator, on_cpu) < self_check.BOUNDS["fp16"]
    first = estimator.predict(NOISE, CAMERA).depth_m
    kept = first.copy()
    estimator.predict(255 - NOISE, CAMERA)
    assert np.array_equal(first, kept), "a prediction outlives the next one"
    plain = GraphedDepth(open_weights(weights, device="cuda"), "fp32")
    assert self_check.difference(plain, on_cpu) < self_check.BOUNDS["fp32"]


def test_the_benchmark_has_rows_for_the_gpu(trt):
    done = subprocess.run([sys.executable, "-m", "benchmarks.runtimes", "mobile"], cwd=ROOT,
                          capture_output=True, text=True, timeout=600)
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| mobile")]
    ran = {(row[2].strip(), row[3].split(",")[0].strip()) for row in rows}
    assert {("TensorRT", "fp16"), ("TensorRT", "fp32"), ("torch", "fp16")} <= ran, done.stdout + done.stderr
    assert all(float(row[4]) > 0 for row in rows)
