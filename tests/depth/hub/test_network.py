"""A model's folder as an estimator: exported once for each shape of images, and then without torch."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.hub import exported as exporting
from depth.hub.network import HubNetwork, open_estimator
from depth.runtimes.onnx_runtime import OnnxDepth
from tests.helpers.onnx_file import onnx_file
from tests.helpers.paths import ROOT

GREY = np.full((480, 640, 3), 102, np.uint8)
SECOND_USE = """import sys, time
sys.modules |= dict.fromkeys(("torch", "transformers", "huggingface_hub", "onnxscript"))
import numpy as np
from depth.hub.network import open_estimator
start = time.perf_counter()
estimator = open_estimator(sys.argv[1], device="cpu")
print(estimator.raw(np.full((480, 640, 3), 102, np.uint8))[0].mean(), time.perf_counter() - start)"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Exported files go here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def exports(tmp_path, monkeypatch):
    """Sizes of what was exported, in place of what torch does: a network that predicts brightness."""
    sizes = []

    def export(model, spec, size, path):
        sizes.append(size)
        scratch = onnx_file(tmp_path / "scratch.onnx", {"rgb": (1, 3, *size)}, {"depth": (1, 1, *size)},
                            [("ReduceMean", ["rgb"], ["depth"], {"axes": [1], "keepdims": 1})])
        return scratch.read_bytes()
    monkeypatch.setattr(exporting, "_checked_export", export)
    return sizes


@pytest.fixture
def folder(tmp_path):
    """A model that says all but its weights, which nothing here reads."""
    path = tmp_path / "tiny-model"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(
        {"model_type": "depth_anything", "depth_estimation_type": "metric", "patch_size": 14}))
    (path / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.2] * 3, "image_std": [0.1] * 3}))
    (path / "model.safetensors").write_bytes(b"weights")
    (path / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# Tiny\n")
    return path


def test_it_is_exported_once_for_each_shape(folder, exports):
    network = open_estimator(str(folder), device="cpu")
    assert isinstance(network, HubNetwork) and network.size == (252, 336) and network.name == "tiny-model"
    assert np.allclose(network.raw(GREY)[0], (0.4 - 0.2) / 0.1, atol=1e-3)
    camera = Camera(640, 480, 500.0, 500.0, 319.5, 239.5)
    assert np.allclose(network.predict(GREY, camera).depth_m, 2.0, atol=1e-3)
    network.raw(np.zeros((720, 1280, 3), np.uint8))
    assert exports[0] == (252, 336) and exports[1][1] / exports[1][0] == pytest.approx(16 / 9, rel=0.1)
    open_estimator(str(folder), device="cpu").raw(GREY[:360])
    assert len(exports) == 2


def test_other_content_is_exported_anew(folder, exports):
    open_estimator(str(folder), device="cpu")
    (folder / "model.safetensors").write_bytes(b"better weights")
    open_estimator(str(folder), device="cpu")
    (folder / "preprocessor_config.json").write_text("{}")
    assert open_estimator(str(folder), device="cpu").spec.mean == (0, 0, 0)
    assert len(exports) == 3


def test_the_size_that_was_asked_for(folder, exports):
    network = open_estimator(str(folder), {"size": "140,140", "output": "inverse_depth"}, device="cpu")
    assert network.size_for((720, 1280)) == (140, 140) and exports == [(140, 140)]
    assert network.spec.output == "inverse_depth"
    with pytest.raises(NetworkError, match="multiples of 14"):
        open_estimator(str(folder), {"size": "100,140"}, device="cpu")
    (folder / "config.json").write_text('{"model_type": "depth_pro"}')
    with pytest.raises(NetworkError, match="takes images of height and width 1536,1536 only"):
        open_estimator(str(folder), {"size": "140,140"}, device="cpu")


def test_its_licence_is_said(folder, exports):
    assert open_estimator(str(folder)).licence == "these weights are not for commercial use (licence cc-by-nc-4.0)"
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    assert open_estimator(str(folder)).licence == ""
    (folder / "README.md").unlink()
    assert "not stated" in open_estimator(str(folder)).licence


def test_later_uses_load_neither_torch_nor_transformers(folder, exports):
    open_estimator(str(folder), device="cpu")
    done = subprocess.run([sys.executable, "-c", SECOND_USE, str(folder)], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[0]) == pytest.approx(2.0, abs=1e-3)


class Raw:
    """An estimator that predicts one number everywhere."""

    def __init__(self, value):
        self.value = value

    def raw(self, rgb):
        return np.full(rgb.shape[:2], self.value, np.float32), None


@pytest.mark.parametrize("found, expected, difference", [(2.02, 2.0, 0.01), (-3.0, 3.0, 2.0), (np.nan, 1.0, np.inf),
                                                         (1.0, np.nan, np.inf), (0.0, 0.0, 0.0)])
def test_how_far_an_export_is_off(found, expected, difference):
    assert exporting.difference(Raw(found), Raw(expected), (28, 28)) == pytest.approx(difference, rel=1e-4)


def test_files_and_our_own_name_go_their_usual_way(tmp_path):
    assert isinstance(open_estimator("mobile", device="cpu"), OnnxDepth)
    with pytest.raises(NetworkError, match="give an .onnx file that exists"):
        open_estimator("nets/missing.onnx", device="cpu")
    for mistyped, meant in (("mobil", "mobile"), ("da-v2-smal", "da-v2-small")):
        with pytest.raises(NetworkError, match=f"did you mean {meant}[?]"):
            open_estimator(mistyped, device="cpu")


def test_which_differences_are_refused():
    with pytest.raises(NetworkError, match="image_mean, image_std and rescale_factor in its preprocessor_config.json"):
        exporting.refuse_difference(np.inf, "a model")
    with pytest.raises(NetworkError, match="differs from torch by 3.0 %"):
        exporting.refuse_difference(0.03, "a model")
    exporting.refuse_difference(0.01, "a model")
