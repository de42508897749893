"""Depth networks in ONNX files: tiny ones made here, real ones where there are any, and files that are none."""

import sys

import numpy as np
import onnxruntime
import pytest

from calib.base.errors import MissingPackageError, NetworkError
from calib.geometry.camera import Camera
from depth.runtimes.network_spec import IMAGENET_MEAN, IMAGENET_STD
from depth.runtimes.onnx_network import DEFAULT_SIZE
from depth.runtimes.onnx_runtime import OnnxDepth
from sequences.datasets.tum import TumSequence
from sequences.sequence import SourceOptions
from tests.helpers.onnx_file import FLOAT, FLOAT16, UINT8, onnx_file, two_outputs
from tests.helpers.paths import DATA

SIZE = 8, 12
CAMERA = Camera(24, 16, 20.0, 20.0, 11.5, 7.5)
GREY = np.full((16, 24, 3), 51, np.uint8)
RED = GREY * np.uint8([2, 1, 0])
MODELS = DATA.parent / "models"


@pytest.fixture
def network(tmp_path):
    """Writes a network that predicts gain * (mean of the channels) + offset."""
    def write(gain=1.0, offset=0.0, shape=(1, 3, *SIZE), axis=1, names=("rgb", "depth"), element_type=FLOAT):
        one = [size if place != axis else 1 for place, size in enumerate(shape)]
        kind = np.float16 if element_type == FLOAT16 else np.float32
        return onnx_file(tmp_path / "net.onnx", {names[0]: shape}, {names[1]: one},
                         [("ReduceMean", [names[0]], ["mean"], {"axes": [axis], "keepdims": 1}),
                          ("Mul", ["mean", "gain"], ["scaled"], {}), ("Add", ["scaled", "offset"], [names[1]], {})],
                         {"gain": kind([gain]), "offset": kind([offset])}, element_type)
    return write


@pytest.fixture
def one_node(tmp_path):
    """Writes a network of one operator."""
    def write(operator, shape=(1, 3, *SIZE), output=(1, 1, *SIZE), inputs=("rgb",), constants=None, element_type=FLOAT,
              **attributes):
        return onnx_file(tmp_path / "net.onnx", dict.fromkeys(inputs, shape), {"depth": output},
                         [(operator, [*inputs, *(constants or {})], ["depth"], attributes)], constants, element_type)
    return write


def refusal(path, kind=NetworkError, **options):
    with pytest.raises(kind) as caught:
        OnnxDepth(path, options)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)


def test_metric_depth(network):
    estimator = OnnxDepth(network(gain=2, offset=0.5))
    prediction = estimator.predict(GREY, CAMERA)
    assert (estimator.name, estimator.size) == ("net.onnx", SIZE)
    assert prediction.depth_m.shape == SIZE and prediction.depth_m.dtype == np.float32
    assert np.allclose(prediction.depth_m, 2 * 51 / 255 + 0.5) and prediction.ms > 0


def test_the_prediction_covers_the_image(network):
    """Bright in the lower right quarter of the image, far in the lower right quarter of the map."""
    rgb = GREY.copy()
    rgb[8:, 12:] = 204
    depth_m = OnnxDepth(network()).predict(rgb, CAMERA).depth_m
    assert np.allclose(depth_m[4:, 6:], 0.8) and np.allclose(depth_m[:4], 0.2) and np.allclose(depth_m[:, :6], 0.2)


@pytest.mark.parametrize("output, offset, expected", [("inverse_depth", 0.5, 2.0), ("log_depth", 1.0, np.e)])
def test_inverse_and_logarithmic_depth(network, output, offset, expected):
    path = network(gain=0, offset=offset)
    assert np.allclose(OnnxDepth(path, {"output": output}).predict(GREY, CAMERA).depth_m, expected)
    path.with_suffix(".yaml").write_text(f"output: {output}\nscale: 0.1")
    assert np.allclose(OnnxDepth(path).predict(GREY, CAMERA).depth_m, 0.1 * expected)


def test_the_error_that_a_network_expects(tmp_path):
    prediction = OnnxDepth(two_outputs(tmp_path / "net.onnx", SIZE)).predict(GREY, CAMERA)
    assert np.allclose(prediction.depth_m, np.exp(0.2)) and np.allclose(prediction.log_error, -0.2)
    assert prediction.log_error.shape == SIZE and prediction.log_error.dtype == np.float32
    assert OnnxDepth(tmp_path / "net.onnx", {"error": "none"}).predict(GREY, CAMERA).log_error is None
    named = two_outputs(tmp_path / "named.onnx", SIZE, names=("depth", "b"))
    assert OnnxDepth(named).predict(GREY, CAMERA).log_error is None
    assert np.allclose(OnnxDepth(named, {"error": "log_error"}).predict(GREY, CAMERA).log_error, -0.2)


def test_the_focal_length_that_a_network_sees(tmp_path, network):
    assert OnnxDepth(network()).focal_share(GREY) is None
    one_degree = two_outputs(tmp_path / "two.onnx", SIZE, (1, 1), names=("depth", "field_of_view"))
    assert OnnxDepth(one_degree).focal_share(GREY) == pytest.approx(0.5 / np.tan(np.pi / 360), rel=1e-5)
    assert OnnxDepth(one_degree).predict(GREY, CAMERA).log_error is None


def test_errors_that_do_not_belong_to_the_depth(tmp_path, network):
    assert "has no second output to take for its error: drop the option error" in refusal(network(), error="log_error")
    small = two_outputs(tmp_path / "small.onnx", SIZE, (4, 6))
    assert "predicts depth of shape (8, 12) and errors of (4, 6)" in refusal(small)
    assert "of shape (1, 1, 1, 1), not one map of errors" in refusal(two_outputs(tmp_path / "one.onnx", SIZE, (1, 1)))


def test_names_of_tensors_are_heeded(network):
    estimator = OnnxDepth(network(offset=300, names=("rgb_imagenet_norm", "depth_cm")))
    normed = np.mean((0.2 - np.array(IMAGENET_MEAN)) / IMAGENET_STD)
    assert np.allclose(estimator.predict(GREY, CAMERA).depth_m, (300 + normed) / 100)


def test_nhwc(network):
    path = network(shape=(1, *SIZE, 3), axis=3)
    estimator = OnnxDepth(path, {"layout": "nhwc"})
    assert estimator.size == SIZE and np.allclose(estimator.predict(GREY, CAMERA).depth_m, 0.2)
    assert "give --depth-option layout=nhwc" in refusal(path)


@pytest.mark.parametrize("channels, expected", [("rgb", 0.4), ("bgr", 0.0)])
def test_order_of_channels(one_node, channels, expected):
    path = one_node("Gather", constants={"first": np.int64([0])}, axis=1)
    depth_m = OnnxDepth(path, {"channels": channels, "mean": "-1"}).predict(RED, CAMERA).depth_m
    assert np.allclose(depth_m, 1 + expected)


def test_half_precision(network):
    assert np.allclose(OnnxDepth(network(element_type=FLOAT16)).predict(GREY, CAMERA).depth_m, 0.2, atol=1e-3)


def test_open_sizes_follow_the_option(network):
    path = network(shape=("batch", 3, "height", "width"))
    assert OnnxDepth(path).predict(GREY, CAMERA).depth_m.shape == OnnxDepth(path).size == DEFAULT_SIZE
    assert OnnxDepth(path, {"size": "32,64"}).predict(GREY, CAMERA).depth_m.shape == (32, 64)
    half_open = network(shape=(1, 3, 40, "width"))
    assert OnnxDepth(half_open, {"size": "40,64"}).size == (40, 64)
    assert "height and width 40,64 only: drop the option size=32,64" in refusal(half_open, size="32,64")


def test_open_sizes_follow_the_image_where_a_multiple_is_known(network):
    path = network(shape=(1, 3, "height", "width"))
    estimator = OnnxDepth(path, {"size": "64,80", "multiple": "16"})
    for size, expected in (((480, 640), (64, 80)), ((640, 480), (80, 64)), ((64, 80), (64, 80))):
        grey, camera = np.full((*size, 3), 51, np.uint8), Camera(size[1], size[0], 50.0, 50.0, 0.0, 0.0)
        assert estimator.predict(grey, camera).depth_m.shape == expected
    assert OnnxDepth(network(shape=(1, 3, 64, 80)), {"multiple": "16"}).size_for((640, 480)) == (64, 80)


def test_other_cameras_than_that_of_training(network):
    path = network(offset=1.8)
    seen = CAMERA.resized(SIZE)
    same, half = (OnnxDepth(path, {"focal_px": f"{k * seen.fx},{k * seen.fy}"}).predict(GREY, CAMERA).depth_m[0, 0]
                  for k in (1, 0.5))
    assert (same, half) == pytest.approx((2.0, 4.0))


@pytest.mark.parametrize("gain, says", [(np.nan, "every value is NaN"), (0.0, "every value is zero"),
                                        (-1.0, "negative"), (1e9, "beyond any room")])
def test_predictions_of_nothing(network, gain, says):
    estimator = OnnxDepth(network(gain=gain))
    with pytest.raises(NetworkError, match=f"net.onnx predicts no usable depth .*{says}") as caught:
        estimator.predict(GREY, CAMERA)
    assert "\n" not in str(caught.value)


def test_networks_of_another_shape_are_refused_on_opening(one_node, network):
    assert "its inputs are a tensor(float) [1, 3, 8, 12], b tensor" in refusal(one_node("Add", inputs=("a", "b")))
    assert "does not take one image" in refusal(one_node("Identity", shape=(3, *SIZE), output=(3, *SIZE)))
    assert "rgb tensor(uint8)" in refusal(one_node("Identity", output=(1, 3, *SIZE), element_type=UINT8))
    assert "[1, 4, 8, 12], not three colour channels in nchw" in refusal(network(shape=(1, 4, *SIZE)))
    assert "give --depth-option layout=nchw" in refusal(network(), layout="nhwc")
    assert "batches of 2" in refusal(network(shape=(2, 3, *SIZE)))
    says = "predicts an array of shape (1, 3, 8, 12), not one depth map"
    assert says in refusal(one_node("Identity", output=(1, 3, *SIZE)))
    assert "of shape (1, 1, 1, 1), not one depth map" in refusal(
        one_node("ReduceMean", output=(1, 1, 1, 1), axes=[1, 2, 3], keepdims=1))
    assert "of shape (1, 12), not one depth map" in refusal(
        one_node("ReduceMean", output=(1, 12), axes=[1, 2], keepdims=0))


def test_a_size_that_the_network_cannot_take(tmp_path):
    """Declared open, but a constant inside fits one size only."""
    path = onnx_file(tmp_path / "net.onnx", {"rgb": (1, 3, "h", "w")}, {"depth": (1, 3, "h", "w")},
                     [("Add", ["rgb", "plane"], ["depth"], {})], {"plane": np.zeros((1, 3, 5, 7), np.float32)})
    assert "net.onnx fails on a 288x224 image: " in refusal(path)


def test_files_that_are_no_network(network, tmp_path, capfd):
    whole = network().read_bytes()
    assert "no depth network" in refusal(tmp_path / "none.onnx")
    assert "no depth network" in refusal(tmp_path)
    for data in (b"", np.random.default_rng(0).bytes(4000), whole[: len(whole) // 2], b"<html>404</html>"):
        (tmp_path / "bad.onnx").write_bytes(data)
        text = refusal(tmp_path / "bad.onnx")
        assert "bad.onnx cannot be loaded as an ONNX network: " in text and len(text) < 500
    assert capfd.readouterr() == ("", ""), "ONNX Runtime's own remarks would come between our lines"


def test_wrong_options_are_told_on_opening(network):
    assert "network option scale" in refusal(network(), scale="far")
    assert "unknown network option colour" in refusal(network(), colour="rgb")


def test_a_missing_runtime_names_its_package(network, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install onnxruntime" in refusal(network(), MissingPackageError)


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this one has CUDA")
def test_cuda_without_cuda(network):
    with pytest.raises(NetworkError, match="--device cuda: this ONNX Runtime has no CUDA"):
        OnnxDepth(network(), device="cuda")
    assert OnnxDepth(network(), device="cpu").predict(GREY, CAMERA).depth_m.shape == SIZE


@pytest.mark.parametrize("name", ["fastdepth_224x224.onnx", "meter_xxs_nyu_192x256.onnx"])
def test_real_networks_on_a_real_kitchen(name):
    if not (MODELS / name).is_file() or not (DATA / "kitchen").is_dir():
        pytest.skip("no real network or recording")
    sequence = TumSequence(DATA / "kitchen", SourceOptions(depth_every=1, max_frames=120))
    estimator = OnnxDepth(MODELS / name)
    for frame in list(sequence)[::60]:
        depth_m = estimator.predict(frame.rgb, sequence.camera).depth_m
        true_m = frame.sensor_depth.depth_m
        rows, columns = (np.arange(n) * m // n for n, m in zip(true_m.shape, depth_m.shape))
        seen_m, known = depth_m[rows][:, columns], true_m > 0
        ratio = true_m[known] / seen_m[known]
        assert 0.5 < np.median(ratio) < 2
        assert np.mean(np.abs(seen_m[known] * np.median(ratio) / true_m[known] - 1)) < 0.5
