"""Input and output of models by their own configuration, as it lies on the hub."""

import json

import pytest

from calib.base.errors import NetworkError
from depth.hub.description import describe
from depth.hub.known_models import KITTI, KNOWN_MODELS
from depth.hub.model_files import ModelFiles

IMAGENET = {"do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
            "do_rescale": True, "rescale_factor": 0.00392156862745098, "ensure_multiple_of": 14}


@pytest.fixture
def described(tmp_path):
    def describe_model(config, preprocessing, known=None):
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(preprocessing))
        return describe(ModelFiles("a model", tmp_path, known))
    return describe_model


@pytest.mark.parametrize("config, output, size, multiple", [
    ({"model_type": "depth_anything", "patch_size": 14, "depth_estimation_type": "metric", "max_depth": 20}, "depth",
     (252, 336), 14),
    ({"model_type": "depth_anything", "patch_size": 14}, "relative_inverse_depth", (252, 336), 14),
    ({"model_type": "prompt_depth_anything"}, "relative_depth", (252, 336), 14),
    ({"model_type": "dpt", "image_size": 384, "patch_size": 16}, "relative_inverse_depth", (384, 384), None),
    ({"model_type": "dpt", "is_hybrid": True, "backbone_config": {"model_type": "bit"}}, "relative_inverse_depth",
     (384, 384), None),
    ({"model_type": "dpt", "backbone_config": {"model_type": "swinv2", "image_size": 256}}, "relative_inverse_depth",
     (256, 256), None),
    ({"model_type": "dpt", "patch_size": 14, "backbone_config": {"model_type": "dinov2"}}, "depth", (252, 336), 14),
    ({"model_type": "glpn"}, "depth", (288, 384), 32),
    ({"model_type": "zoedepth", "backbone_config": {"model_type": "beit"}}, "depth", (288, 384), 32),
    ({"model_type": "depth_pro", "patch_size": 384}, "inverse_depth", (1536, 1536), None)])
def test_kinds_of_models(described, config, output, size, multiple):
    found = described(config, IMAGENET)
    assert (found.spec.output, found.size, found.multiple) == (output, size, multiple)


@pytest.mark.parametrize("preprocessing, mean, std, range_", [
    (IMAGENET, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1.0),
    ({"do_rescale": True, "do_resize": True, "size_divisor": 32}, (0, 0, 0), (1, 1, 1), 1.0),
    ({"do_normalize": True, "size": 384}, (0.5,) * 3, (0.5,) * 3, 1.0),
    ({"do_normalize": False, "image_mean": [0.5] * 3, "do_rescale": False}, (0, 0, 0), (1, 1, 1), 255.0)])
def test_preprocessing(described, preprocessing, mean, std, range_):
    spec = described({"model_type": "glpn"}, preprocessing).spec
    assert (spec.mean, spec.std) == (mean, std) and spec.range == pytest.approx(range_)


def test_focal_lengths(described):
    kitti = described({"model_type": "glpn"}, {}, KNOWN_MODELS["glpn-kitti"])
    assert kitti.spec_at((192, 640)).focal_px == (KITTI * 640, KITTI * 640)
    assert described({"model_type": "glpn"}, {}).spec_at((192, 640)).focal_px is None
    pro = described({"model_type": "depth_pro"}, {}).spec_at((1536, 1536))
    assert pro.focal_px == (1536, 1536) and pro.focal_axes == "x"


@pytest.mark.parametrize("config, says", [
    ({"model_type": "bert"}, "type bert; depth models are of types depth_anything, "), ({}, "of type None"),
    ({"model_type": "depth_anything", "patch_size": "wide"}, "makes no sense"),
    ({"model_type": "dpt", "backbone_config": 3}, "makes no sense")])
def test_what_is_refused(described, config, says):
    with pytest.raises(NetworkError, match=says):
        described(config, {})


@pytest.mark.parametrize("preprocessing, says", [
    ({"image_mean": [0.5, 0.5]}, "mean must be 3 numbers, not 0.5, 0.5"),
    ({"do_normalize": True, "image_std": [0, 1, 1]}, "positive"),
    ({"image_mean": [float("nan")] * 3}, "mean must be 3 numbers"), ({"rescale_factor": -1}, "range must be positive"),
    ({"image_mean": "red"}, "ValueError")])
def test_preprocessing_that_is_refused(described, preprocessing, says):
    with pytest.raises(NetworkError, match=f"a model: .*makes no sense.*{says}"):
        described({"model_type": "glpn"}, preprocessing)
