"""OpenVINO beside ONNX Runtime: the same depth from the same file, and the same about files that are none."""

import sys

import numpy as np
import pytest

from calib.base.errors import MissingPackageError, NetworkError
from calib.geometry.camera import Camera
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.openvino_runtime import OpenVinoDepth
from sequences.datasets.tum import TumSequence
from sequences.sequence import SourceOptions
from tests.helpers.onnx_file import FLOAT, FLOAT16, UINT8, onnx_file, two_outputs
from tests.helpers.paths import DATA

pytestmark = pytest.mark.openvino

SIZE = 8, 12
CAMERA = Camera(24, 16, 20.0, 20.0, 11.5, 7.5)
NOISE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
MODELS = DATA.parent / "models"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The folder that compiled networks go to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "monofuse" / "openvino"


@pytest.fixture
def network(tmp_path):
    """Writes a network that predicts gain * (mean of the channels) + offset."""
    def write(gain=1.0, offset=1.0, shape=(1, 3, *SIZE), axis=1, names=("rgb", "depth"), element_type=FLOAT):
        one = [size if place != axis else 1 for place, size in enumerate(shape)]
        kind = np.float16 if element_type == FLOAT16 else np.float32
        return onnx_file(tmp_path / "net.onnx", {names[0]: shape}, {names[1]: one},
                         [("ReduceMean", [names[0]], ["mean"], {"axes": [axis], "keepdims": 1}),
                          ("Mul", ["mean", "gain"], ["scaled"], {}), ("Add", ["scaled", "offset"], [names[1]], {})],
                         {"gain": kind([gain]), "offset": kind([offset])}, element_type)
    return write


def agree(path, options=None, rgb=NOISE, camera=CAMERA, tolerance=1e-3):
    """Assert that both runtimes predict the same, and -> OpenVINO's DepthPrediction."""
    expected = OnnxDepth(path, options).predict(rgb, camera).depth_m
    estimator = OpenVinoDepth(path, options, precision="fp32")
    prediction = estimator.predict(rgb, camera)
    assert (estimator.name, estimator.precision) == (path.name, "fp32")
    assert prediction.depth_m.shape == expected.shape and prediction.depth_m.dtype == np.float32
    assert np.allclose(prediction.depth_m, expected, rtol=tolerance) and prediction.ms > 0
    return prediction


def refusal(path, kind=NetworkError, **more):
    with pytest.raises(kind) as caught:
        OpenVinoDepth(path, **more)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("options", [{}, {"channels": "bgr", "mean": "0.5,0.4,0.3", "std": "0.2", "range": "1"},
                                     {"output": "inverse_depth"}, {"output": "log_depth", "scale": "0.1"},
                                     {"focal_px": "5,6"}])
def test_same_depth_as_onnx_runtime(network, options):
    agree(network(gain=0.1, offset=2), options)


def test_layouts_types_names_and_open_sizes(network):
    assert agree(network(shape=(1, *SIZE, 3), axis=3), {"layout": "nhwc"}).depth_m.shape == SIZE
    agree(network(offset=300, names=("rgb_imagenet_norm", "depth_cm")))
    agree(network(element_type=FLOAT16), tolerance=5e-3)
    assert agree(network(shape=("batch", 3, "height", "width"))).depth_m.shape == (224, 288)
    assert agree(network(shape=(1, 3, "height", "width")), {"size": "32,64"}).depth_m.shape == (32, 64)


def test_the_error_that_a_network_expects(tmp_path):
    path = two_outputs(tmp_path / "net.onnx", SIZE)
    expected, found = (kind(path).predict(NOISE, CAMERA).log_error for kind in (OnnxDepth, OpenVinoDepth))
    assert found.std() > 0.01 and np.allclose(found, expected, rtol=0.02)


def test_a_prediction_outlives_the_next_one(tmp_path):
    estimator = OpenVinoDepth(two_outputs(tmp_path / "net.onnx", SIZE))
    first = estimator.predict(NOISE, CAMERA)
    kept = first.depth_m.copy(), first.log_error.copy()
    estimator.predict(255 - NOISE, CAMERA)
    assert np.array_equal(first.depth_m, kept[0]) and np.array_equal(first.log_error, kept[1])


def test_precisions(network):
    import openvino
    path, has_bf16 = network(), "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    assert OpenVinoDepth(path).precision == ("bf16" if has_bf16 else "fp32")
    assert "choose auto, fp32 or bf16" in refusal(path, precision="int4")
    if has_bf16:
        coarse, fine = (OpenVinoDepth(path, precision=name).predict(NOISE, CAMERA).depth_m for name in ("bf16", "fp32"))
        assert np.allclose(coarse, fine, rtol=0.02)
    else:
        assert "does not compute in bfloat16" in refusal(path, precision="bf16")


def test_what_was_compiled_is_kept_and_may_be_spoilt(network, cache, capfd):
    path = network()
    expected = OpenVinoDepth(path).predict(NOISE, CAMERA).depth_m
    blobs = list(cache.iterdir())
    assert blobs
    assert np.array_equal(OpenVinoDepth(path).predict(NOISE, CAMERA).depth_m, expected)
    for blob in blobs:
        blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2])
    assert np.array_equal(OpenVinoDepth(path).predict(NOISE, CAMERA).depth_m, expected)
    assert np.allclose(OpenVinoDepth(network(offset=2)).predict(NOISE, CAMERA).depth_m, expected + 1)
    assert capfd.readouterr() == ("", "")


def test_no_cache_is_no_problem(network, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    agree(network())


def test_networks_of_another_shape_are_refused_on_opening(network, tmp_path):
    two = onnx_file(tmp_path / "two.onnx", {"a": (1, 3, *SIZE), "b": (1, 3, *SIZE)}, {"depth": (1, 3, *SIZE)},
                    [("Add", ["a", "b"], ["depth"], {})])
    assert "its inputs are a tensor(float) [1, 3, 8, 12], b tensor" in refusal(two)
    same = onnx_file(tmp_path / "same.onnx", {"rgb": (1, 3, *SIZE)}, {"depth": (1, 3, *SIZE)},
                     [("Neg", ["rgb"], ["depth"], {})])
    assert "predicts an array of shape (1, 3, 8, 12), not one depth map" in refusal(same)
    bytes_in = onnx_file(tmp_path / "u8.onnx", {"rgb": (1, 3, *SIZE)}, {"depth": (1, 3, *SIZE)},
                         [("Identity", ["rgb"], ["depth"], {})], element_type=UINT8)
    assert "does not take one image" in refusal(bytes_in)
    assert "[1, 4, 8, 12], not three colour channels in nchw" in refusal(network(shape=(1, 4, *SIZE)))
    assert "batches of 2" in refusal(network(shape=(2, 3, *SIZE)))
    assert "8,12 only: drop the option size=32,64" in refusal(network(), options={"size": "32,64"})


def test_a_size_that_the_network_cannot_take(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, "h", "w")}, {"depth": (1, 3, "h", "w")},
                     [("Add", ["rgb", "plane"], ["depth"], {})], {"plane": np.zeros((1, 3, 5, 7), np.float32)})
    assert "net.onnx fails on a 288x224 image: " in refusal(path)


def test_files_that_are_no_network(network, tmp_path, capfd):
    whole = network().read_bytes()
    assert "no depth network" in refusal(tmp_path / "none.onnx")
    for data in (b"", NOISE.tobytes(), whole[: len(whole) // 2], b"<html>404</html>"):
        (tmp_path / "bad.onnx").write_bytes(data)
        text = refusal(tmp_path / "bad.onnx")
        assert "bad.onnx cannot be loaded as an ONNX network: " in text and len(text) < 500
    assert capfd.readouterr() == ("", ""), "OpenVINO's own remarks would come between our lines"


def test_what_this_runtime_cannot_do(network, monkeypatch):
    assert "OpenVINO has no CUDA; use --runtime onnx" in refusal(network(), device="cuda")
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert "--runtime openvino needs the package openvino: pip install openvino" in refusal(
        network(), MissingPackageError)


@pytest.mark.parametrize("name", ["fastdepth_224x224.onnx", "meter_xxs_nyu_192x256.onnx"])
def test_real_networks_on_a_real_kitchen(name):
    if not (MODELS / name).is_file() or not (DATA / "kitchen").is_dir():
        pytest.skip("no real network or recording")
    sequence = TumSequence(DATA / "kitchen", SourceOptions(depth_every=1, max_frames=60))
    rgb = next(iter(sequence)).rgb
    expected = agree(MODELS / name, rgb=rgb, camera=sequence.camera).depth_m
    default = OpenVinoDepth(MODELS / name).predict(rgb, sequence.camera).depth_m
    assert np.median(np.abs(default / expected - 1)) < 0.02
