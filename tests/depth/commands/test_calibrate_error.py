"""`python -m depth calibrate-error`: images whose truth lies about a network's prediction with noise that is known."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from calib.geometry.nyu_kinect import NYU_CAMERA
from depth.__main__ import main
from depth.commands import calibrate_error
from tests.helpers.depth_datasets import write_nyu_folder

torch = pytest.importorskip("torch")

SIZE, OUT = (96, 128), (48, 64)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """An untrained `mobile` whose expected errors vary from about 5 to 50 % over an image."""
    from depth.networks import registry
    from depth.networks.weights.checkpoint import save_network
    torch.manual_seed(0)
    module = registry.find("mobile").build().train()
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # what it sees first is what it expects
    with torch.no_grad():
        module(torch.nn.functional.interpolate(torch.rand(8, 3, 8, 12), SIZE, mode="bilinear"))
        torch.nn.init.normal_(module.predict.weight, std=0.1)
    path = tmp_path_factory.mktemp("weights") / "net.safetensors"
    save_network(path, "mobile", module.eval(), {"made_by": "a test"})
    path.with_suffix(".yaml").write_text("size: [96, 128]\n")
    return path


@pytest.fixture
def images(weights, tmp_path):
    """Writes images whose measured error is, in the mean, exp(slope * log_error + offset)."""
    def write(slope, offset):
        from depth.runtimes.torch_runtime import open_weights
        estimator, rng = open_weights(weights), np.random.default_rng(1)
        for number in range(4):
            rgb = np.uint8(cv2.resize(rng.integers(0, 256, (8, 12, 3), np.uint8), SIZE[::-1]))
            depth_m, log_error, _ = estimator.predict(rgb, NYU_CAMERA.fitted_to(SIZE))
            error = np.minimum(np.exp(slope * log_error + offset) * np.abs(rng.laplace(size=OUT)), 5)
            cv2.imwrite(str(tmp_path / f"rgb_{number:05d}.png"), rgb[..., ::-1])
            cv2.imwrite(str(tmp_path / f"sync_depth_{number:05d}.png"), np.uint16(1000 * depth_m / (1 + error)))
        return tmp_path
    return write


@pytest.mark.heavy
def test_expected_errors_become_the_measured_ones(weights, images, tmp_path, capsys):
    from depth.networks.weights.checkpoint import read_tensors
    from depth.runtimes.torch_runtime import open_weights
    folder, output = images(1.5, 0.4), tmp_path / "new" / "better.safetensors"
    words = ["--data", str(folder), "--protocol", "all"]
    assert main(["calibrate-error", "--weights", str(weights), "--split", "all", "--output", str(output), *words]) == 0
    assert "after log_error = 1." in capsys.readouterr().out
    off = []
    for path in (weights, output):
        assert main(["evaluate", "--weights", str(path), "--rows", "0", "--json", *words]) == 0
        off.append(json.loads(capsys.readouterr().out.splitlines()[-1])["expected_error"]["off"])
    assert off[0] > 0.15 > 0.1 > off[1]
    rgb = np.random.default_rng(2).integers(0, 256, (*SIZE, 3), np.uint8)
    old, new = (open_weights(path).raw(rgb) for path in (weights, output))
    assert np.array_equal(old[0], new[0])
    slope, offset = np.polyfit(old[1].ravel(), new[1].ravel(), 1)
    assert (slope, offset) == pytest.approx((1.5, 0.4), abs=0.2)
    facts = read_tensors(output)[1]
    assert facts["made_by"] == "a test" and "that of net.safetensors" in facts["log_error"]


@pytest.mark.parametrize("more, says", [(["--weights", "/nowhere.safetensors"], "/nowhere.safetensors"),
                                        (["--data", "/nowhere"], "/nowhere"), (["--split", "val"], "split val"),
                                        (["--output", "/proc/no/net.safetensors"], "cannot write /proc/no")])
def test_bad_input_is_one_line(weights, tmp_path, monkeypatch, capsys, more, says):
    monkeypatch.setattr(calibrate_error, "errors_on", lambda *each: SimpleNamespace(fit=lambda: (1.0, 0.0)))
    data = write_nyu_folder(tmp_path / "data", range(2), size=SIZE)
    words = ["--weights", str(weights), "--data", str(data), "--split", "all"]
    assert main(["calibrate-error", *words, "--output", str(tmp_path / "a.pth"), *more]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_what_cannot_be_calibrated(weights, images, tmp_path, capsys):
    from depth.networks.weights.checkpoint import save_network
    from tests.helpers import tiny_networks
    tiny_networks.install()
    save_network(tmp_path / "tiny.safetensors", "tiny", tiny_networks.Tiny())
    words = ["--data", str(images(-1, -5)), "--split", "all", "--output", str(tmp_path / "a.pth")]
    assert main(["calibrate-error", "--weights", str(tmp_path / "tiny.safetensors"), *words]) == 2
    assert "tiny does not say how wrong it expects to be" in capsys.readouterr().err
    assert main(["calibrate-error", "--weights", str(weights), *words]) == 1
    assert "no scale makes that good" in capsys.readouterr().err and not (tmp_path / "a.pth").exists()
