"""Each architecture of the hub, tiny and with random weights: exported once, run as transformers runs it."""

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.hub.network import open_estimator
from depth.onnx_files.model import load_onnx

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnxscript", reason="torch.onnx needs it")
from depth.hub.torch_model import load_model
from tests.helpers import hub_models as models

ARCHITECTURES = {
    "metric": (lambda: models.depth_anything(depth_estimation_type="metric", max_depth=20), models.IMAGENET, "depth",
               "84,112"),
    "relative": (models.depth_anything, models.IMAGENET, "relative_inverse_depth", "84,112"),
    "prompt": (models.prompt_depth_anything, models.IMAGENET, "relative_depth", "84,112"),
    "dpt": (models.dpt, models.HALVES, "relative_inverse_depth", None),
    "dpt_dinov2": (models.dpt_dinov2, models.IMAGENET, "depth", "84,112"),
    "glpn": (models.glpn, {"do_rescale": True, "size_divisor": 32}, "depth", "96,128"),
    "zoedepth": (models.zoedepth, models.HALVES, "depth", "96,128"),
    "depth_pro": (models.depth_pro, models.HALVES, "inverse_depth", None),
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Exported files go here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architecture(name, tmp_path):
    config, preprocessing, output, size = ARCHITECTURES[name]
    folder = models.write_model(tmp_path / name, config(), preprocessing)
    estimator = open_estimator(str(folder), {"size": size} if size else {}, device="cpu")
    assert estimator.spec.output == output
    height, width = estimator.size
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    found, _ = estimator.raw(rgb)
    mean, std = preprocessing.get("image_mean", 0.0), preprocessing.get("image_std", 1.0)
    pixels = torch.from_numpy(((rgb / 255 - mean) / std).astype(np.float32)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = models.Model.from_pretrained(folder)(pixel_values=pixels).predicted_depth[0].numpy()
    assert expected.std() > 1e-3 * np.abs(expected).mean(), "a flat output shows nothing"
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02 * np.sqrt((expected**2).mean()))
    depth_m = estimator.predict(rgb, Camera(width, height, 100.0, 100.0, (width - 1) / 2, (height - 1) / 2)).depth_m
    assert (depth_m > 0).any()
    if name == "depth_pro":
        near = expected > np.sqrt((expected**2).mean())
        np.testing.assert_allclose(depth_m[near], 100 / width / expected[near], rtol=0.05)
        with torch.inference_mode():
            angle_deg = models.Model.from_pretrained(folder)(pixel_values=pixels).field_of_view.item()
        assert 0 < angle_deg < 180
        np.testing.assert_allclose(estimator.focal_share(rgb), 0.5 / np.tan(np.radians(angle_deg) / 2), rtol=0.02)
        file = next((tmp_path / "cache").rglob("*.onnx"))
        assert [out.name for out in load_onnx("").load(file).graph.output] == ["depth", "field_of_view"]


def test_weights_that_do_not_fit_are_named(tmp_path):
    folder = models.write_model(tmp_path / "model", models.depth_anything(), models.IMAGENET)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"head_hidden_size": 8', '"head_hidden_size": 16'))
    with pytest.raises(NetworkError, match="head.conv2.bias is 8 in the weights and 16 by config.json"):
        load_model(folder, "model")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-100])
    with pytest.raises(NetworkError, match="are damaged or cut off .*: fetch them again"):
        load_model(folder, "model")
