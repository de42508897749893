"""Evaluation: predictions on the ground truth's pixels, the loop, the picture, and the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.__main__ import main
from depth.data.catalogue import open_dataset
from depth.data.sample import Sample
from depth.estimator import DepthPrediction
from depth.evaluation.contact_sheet import CAPTION_PX, TILE_SIZE, ComparisonSheet, ContactSheet
from depth.evaluation.evaluate import Evaluation, at_pixels_of, evaluated, evenly, predicted_at_ground_truth
from depth.evaluation.metrics import METRICS
from depth.evaluation.protocol import PROTOCOLS
from tests.helpers.depth_datasets import write_nyu_folder
from tests.helpers.onnx_file import onnx_file
from tests.helpers.paths import DATA
from tests.helpers.tiny_recordings import write_tum

NYU, MODELS = DATA / "nyu_labeled" / "train", DATA.parent / "models"
CAMERA = Camera(64, 48, 50.0, 50.0, 31.5, 23.5)


class Estimator:
    """Predicts depth_m = gain * (1 + column / width) at its own size, or what it is given."""

    name = "columns"

    def __init__(self, size=(24, 32), gain=1.0):
        self.size, self.gain = size, gain

    def predict(self, rgb, camera):
        column = (np.arange(self.size[1]) + 0.5) / self.size[1]
        return DepthPrediction(np.float32(self.gain * np.broadcast_to(1 + column, self.size)), None, 1.5)


def columns(camera, image):
    """What Estimator means at the pixels of a camera that looks the same way as the image's."""
    u = (np.arange(camera.width) - camera.cx) * image.fx / camera.fx + image.cx
    return np.broadcast_to(1 + (u + 0.5) / image.width, camera.size)


@pytest.mark.parametrize("truth_camera", [CAMERA, CAMERA.resized((55, 61)), CAMERA.subsampled((24, 32)),
                                          CAMERA.resized((480, 640))])
def test_predictions_come_to_the_pixels_of_the_truth(truth_camera):
    sample = Sample(np.zeros((48, 64, 3), np.uint8), CAMERA, np.zeros(truth_camera.size, np.float32), truth_camera)
    predicted = predicted_at_ground_truth(Estimator(), sample).depth_m
    expected = columns(truth_camera, CAMERA)
    inside = (expected > 1 + 0.5 / 32) & (expected < 2 - 0.5 / 32)
    assert predicted.shape == truth_camera.size and np.abs(predicted - expected)[inside].max() < 1e-3
    assert predicted.min() >= 1 + 0.5 / 32 - 1e-6 and predicted.max() <= 2 - 0.5 / 32 + 1e-6  # edges go on, no zeros


class Ramp:
    """Predicts what is in the red channel of the image, a metre for each 10."""

    name = "ramp"

    def predict(self, rgb, camera):
        self.shown, self.camera = rgb.shape, camera
        return DepthPrediction(rgb[..., 0].astype(np.float32) / 10, None, 1.0)


@pytest.mark.parametrize("protocol, stretch", [("nyu", 1), ("nyu-eigen", 1), ("nyu-laina", 304 / 320)])
def test_what_networks_are_shown(protocol, stretch):
    """The papers show them the middle at scale 1; the authors' own script then lays the prediction over everything."""
    columns = np.arange(640) / 640 * 200
    rgb = np.broadcast_to(np.rint(columns), (480, 640)).astype(np.uint8)[..., None].repeat(3, 2)
    camera = Camera(640, 480, 518.9, 519.5, 325.6, 253.7)
    depth_m = np.broadcast_to((stretch * (columns - 100) + 100) / 10, (480, 640)).astype(np.float32)
    estimator, chosen = Ramp(), PROTOCOLS[protocol]
    predicted = predicted_at_ground_truth(estimator, Sample(rgb, camera, depth_m, camera), chosen).depth_m
    counted = chosen.valid(np.clip(depth_m, 0.1, 9.9))
    assert np.abs(predicted - depth_m)[counted].max() < 0.1
    assert estimator.shown == ((480, 640, 3) if protocol == "nyu" else (456, 608, 3))
    assert protocol == "nyu" or (estimator.camera.cx, estimator.camera.cy) == (325.6 - 16, 253.7 - 12)
    assert counted.sum() == {"nyu": 426 * 560, "nyu-eigen": (468 - 45) * (601 - 41), "nyu-laina": 480 * 640}[protocol]


def test_bilinear_by_hand():
    depth_m = np.float32([[1, 3], [5, 7]])
    camera = Camera(2, 2, 1.0, 1.0, 0.5, 0.5)
    assert np.allclose(at_pixels_of(depth_m, camera, camera.resized((1, 1))), [[4]])
    assert np.allclose(at_pixels_of(depth_m, camera, camera), depth_m)
    assert np.allclose(at_pixels_of(depth_m, camera, camera.resized((2, 4)))[0], [1, 1.5, 2.5, 3])


def test_evaluating(tmp_path):
    write_nyu_folder(tmp_path, [0, 1], size=(48, 64))
    dataset, evaluation = open_dataset(tmp_path), Evaluation()
    for index, sample, prediction in evaluated(Estimator(gain=2), dataset, PROTOCOLS["nyu"], [0, 1], evaluation):
        assert np.all(sample.depth_m == np.float32(1 + index / 1000)) and prediction.ms == 1.5
    valid = PROTOCOLS["nyu"].valid(dataset[0].depth_m)
    predicted = 2 * columns(CAMERA, CAMERA)[valid]
    summary = evaluation.summary()
    assert summary["images"] == 2 and summary["rel"] == pytest.approx(np.mean(predicted - 1), rel=2e-3)
    assert summary["median_scaled"]["rel"] < 0.25 < summary["rel"]
    assert [image.name for image in evaluation.images] == dataset.names
    assert evaluation.images[0].scale == pytest.approx(1 / np.median(predicted), rel=1e-3)


def test_images_without_ground_truth_do_not_count():
    evaluation = Evaluation()
    evaluation.add("empty", np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32), PROTOCOLS["nyu"])
    evaluation.add("full", np.ones((48, 64), np.float32), np.full((48, 64), 2, np.float32), PROTOCOLS["nyu"])
    assert evaluation.without_ground_truth == ["empty"] and evaluation.summary()["images"] == 1
    assert evaluation.summary()["rel"] == 0.5 and evaluation.summary()["median_scaled"]["rel"] == 0


def test_predictions_are_cut_off_at_the_caps():
    evaluation = Evaluation()
    evaluation.add("far", np.full((4, 4), 500, np.float32), np.full((4, 4), 5, np.float32), PROTOCOLS["indoor"])
    evaluation.add("nothing", np.zeros((4, 4), np.float32), np.full((4, 4), 5, np.float32), PROTOCOLS["indoor"])
    assert evaluation.raw.images["rms"] == pytest.approx([5.001, 4.999])


def test_evenly():
    assert evenly(10, 4) == [0, 3, 6, 9] and evenly(3, None) == evenly(3, 8) == [0, 1, 2] and evenly(5, 0) == []


def test_contact_sheet():
    sheet = ContactSheet()
    depth_m = np.tile(np.linspace(1, 5, 64, dtype=np.float32), (48, 1))
    depth_m[:10] = 0
    sheet.add(np.full((48, 64, 3), 200, np.uint8), depth_m, depth_m * np.float32(1.1), depth_m > 0, "one")
    part = depth_m[:, :20]
    sheet.add(np.full((90, 40, 3), 100, np.uint8), part, part, part > 9, "two")
    image = sheet.image()
    assert image.shape == (CAPTION_PX + 2 * (CAPTION_PX + TILE_SIZE[0]), 4 * TILE_SIZE[1], 3)
    assert image.dtype == np.uint8
    first = image[2 * CAPTION_PX: 2 * CAPTION_PX + TILE_SIZE[0]]
    assert np.all(first[:, :TILE_SIZE[1]] == 200)
    left, right = first[100, TILE_SIZE[1] + 5], first[100, 2 * TILE_SIZE[1] - 5]
    assert left[2] > left[0] and right[0] > right[2]  # near is blue, far is red
    assert len(np.unique(first[5, TILE_SIZE[1]: 2 * TILE_SIZE[1]])) == 1  # no ground truth


def test_comparison_sheet():
    ground_truth = np.tile(np.linspace(1, 5, 64, dtype=np.float32), (48, 1))
    sheet = ComparisonSheet([(np.full((48, 64, 3), grey, np.uint8), depth_m)
                             for grey, depth_m in ((200, ground_truth), (0, ground_truth / 2))])
    for factor in (1, 2, 1):
        sheet.add([factor * ground_truth, ground_truth / 2], f"times {factor}")
    image = sheet.image(panels=2)
    row, panel = CAPTION_PX + TILE_SIZE[0], 2 * TILE_SIZE[1]
    assert image.shape == (4 * row, 2 * panel, 3) and np.all(image[CAPTION_PX: row, :TILE_SIZE[1]] == 200)
    ground_truths, right, twice = (image[k * row + CAPTION_PX: (k + 1) * row, :TILE_SIZE[1]] for k in (1, 2, 3))
    assert np.array_equal(ground_truths, right) and not np.array_equal(right, twice)  # the colours mean the same metres
    assert np.array_equal(image[:2 * row, :panel], image[:2 * row, panel:]) and np.all(image[3 * row:, panel:] == 255)


@pytest.fixture
def network(tmp_path):
    """An ONNX network that predicts 4 m times the mean of the channels."""
    return onnx_file(tmp_path / "grey.onnx", {"rgb": (1, 3, 24, 32)}, {"depth": (1, 1, 24, 32)},
                     [("ReduceMean", ["rgb"], ["mean"], {"axes": [1], "keepdims": 1}),
                      ("Mul", ["mean", "four"], ["depth"], {})], {"four": np.float32([4])})


def test_evaluate_on_the_command_line(network, tmp_path, capsys):
    images = write_nyu_folder(tmp_path / "images", range(3), size=(48, 64))
    sheet = tmp_path / "out" / "sheet.png"
    assert main(["evaluate", "--weights", str(network), "--data", str(images), "--sheet", str(sheet), "--rows", "2",
                 "--threads", "1", "--json"]) == 0
    *text, last = capsys.readouterr().out.splitlines()
    values = json.loads(last)
    assert set(METRICS) | {"images", "median_scaled"} <= set(values) and set(METRICS) <= set(values["median_scaled"])
    assert values["images"] == 3 and values["median_scaled"]["rel"] < values["rel"]
    assert any(line.startswith("raw, per image") and f"{values['rel']:.3f}" in line for line in text)
    picture = cv2.imread(str(sheet))
    assert picture.shape == (CAPTION_PX + 2 * (CAPTION_PX + TILE_SIZE[0]), 4 * TILE_SIZE[1], 3)


def test_options_splits_and_recordings(network, tmp_path, capsys, monkeypatch):
    write_tum(tmp_path / "room", count=5)
    monkeypatch.chdir(tmp_path)
    words = ["evaluate", "--weights", str(network), "--data", str(tmp_path / "room"), "--json", "--threads", "1"]
    assert main([*words, "--images", "2", "--protocol", "indoor", "--depth-option", "scale=2", "--scaled"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["images"] == 2
    assert main(words) == 0 and (tmp_path / "results" / "evaluate" / "grey-recording-room.png").is_file()


@pytest.mark.parametrize("more, named", [
    (["--weights", "/nowhere.onnx"], "nowhere"), (["--weights", "/nowhere.safetensors"], "nowhere"),
    (["--weights", __file__], "test_evaluate.py"), (["--data", "/nowhere"], "/nowhere"), (["--split", "exam"], "exam"),
    (["--protocol", "mine"], "mine"), (["--depth-option", "scale"], "NAME=VALUE"), (["--images", "x"], "--images"),
    (["--images", "0"], "--images"), (["--rows", "-1"], "--rows"), (["--threads", "0"], "--threads")])
def test_bad_input_is_one_line(network, tmp_path, capsys, more, named):
    images = write_nyu_folder(tmp_path / "images", range(1), size=(48, 64))
    assert main(["evaluate", "--weights", str(network), "--data", str(images), *more]) == 2
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_a_sheet_that_cannot_be_written(network, tmp_path, capsys):
    images = write_nyu_folder(tmp_path / "images", range(1), size=(48, 64))
    (tmp_path / "file").touch()
    words = ["evaluate", "--weights", str(network), "--data", str(images), "--sheet", str(tmp_path / "file" / "a.png")]
    assert main(words) == 2
    assert "file" in capsys.readouterr().err


def test_images_without_any_ground_truth_fail(network, tmp_path, capsys):
    images = write_nyu_folder(tmp_path / "images", range(1), size=(48, 64))
    (images / "sync_depth_00000.png").write_bytes(cv2.imencode(".png", np.zeros((48, 64), np.uint16))[1].tobytes())
    assert main(["evaluate", "--weights", str(network), "--data", str(images)]) == 1
    assert "was measured: interrupted, or without" in capsys.readouterr().err


class TestTorchWeights:
    """Files of registered networks."""

    @pytest.fixture(autouse=True)
    def tiny(self, monkeypatch):
        self.torch = pytest.importorskip("torch")
        from tests.helpers import tiny_networks
        tiny_networks.lend(monkeypatch)
        self.torch.set_num_threads(1)

    def saved(self, path, name="tiny_error"):
        from depth.networks import registry
        from depth.networks.weights.checkpoint import save_network
        self.torch.manual_seed(0)
        module = registry.find(name).build().eval()
        save_network(path, name, module)
        return module

    def test_what_training_wrote_is_what_evaluation_finds(self, tmp_path, capsys):
        images = write_nyu_folder(tmp_path / "images", [*range(6), *range(168, 172)], size=(48, 64))
        weights = tmp_path / "out" / "tiny_error.safetensors"
        assert main(["train", "--network", "tiny_error", "--data", str(images), "--output", str(weights.parent),
                     "--steps", "3", "--batch", "2", "--workers", "0", "--validate-every", "3", "--ema", "0.5"]) == 0
        assert main(["evaluate", "--weights", str(weights), "--data", str(images), "--split", "val", "--rows", "0",
                     "--threads", "1", "--json"]) == 0
        output = capsys.readouterr().out
        values = json.loads(output.splitlines()[-1])
        assert f"rel {values['rel']:.3f}  rms {values['rms']:.3f}" in output and values["images"] == 4

    def test_prediction_in_metres_of_this_camera(self, tmp_path):
        from depth.runtimes.torch_runtime import open_weights
        module = self.saved(tmp_path / "net.safetensors")
        (tmp_path / "net.yaml").write_text("size: [48, 64]\nfocal_px: 25\n")
        estimator = open_weights(tmp_path / "net.safetensors")
        rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
        log_depth, log_error = module(self.torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255)
        expected = log_depth.exp()[0, 0]
        predicted = estimator.predict(rgb, CAMERA)
        assert predicted.depth_m.shape == (24, 32) and predicted.ms > 0 and estimator.name == "tiny_error"
        assert np.allclose(predicted.depth_m, 2 * expected.detach().numpy(), rtol=1e-5)  # 50 px for 25
        assert np.allclose(predicted.log_error, log_error[0, 0].detach().numpy(), atol=1e-5)

    def test_files_that_do_not_say_whose_they_are(self, tmp_path):
        from depth.runtimes.torch_runtime import open_weights
        module = self.saved(tmp_path / "net.safetensors")
        self.torch.save(module.state_dict(), tmp_path / "bare.pth")
        with pytest.raises(NetworkError, match="--network"):
            open_weights(tmp_path / "bare.pth")
        rgb = np.full((32, 32, 3), 90, np.uint8)
        named, bare = (open_weights(tmp_path / name, network) for name, network in
                       (("net.safetensors", None), ("bare.pth", "tiny_error")))
        assert np.array_equal(named.predict(rgb, CAMERA).depth_m, bare.predict(rgb, CAMERA).depth_m)
        with pytest.raises(NetworkError, match="do not fit"):
            open_weights(tmp_path / "bare.pth", "tiny")
        with pytest.raises(NetworkError, match="no network is called"):
            open_weights(tmp_path / "bare.pth", "large")


@pytest.mark.skipif(not (NYU.is_dir() and Path(MODELS / "fastdepth_224x224.onnx").is_file()), reason="needs real data")
def test_a_real_network_on_real_images(tmp_path, capsys):
    assert main(["evaluate", "--weights", str(MODELS / "fastdepth_224x224.onnx"), "--data", str(NYU), "--split", "val",
                 "--images", "10", "--sheet", str(tmp_path / "a.png"), "--threads", "1", "--json"]) == 0
    values = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert values["rel"] < 0.2 and values["delta1"] > 0.75 and values["median_scaled"]["rel"] < 0.15
