"""The networks that ship: they load, predict rooms, and say where they come from."""

from pathlib import Path

import numpy as np
import pytest

from calib.geometry.camera import Camera
from depth.hub.network import open_estimator
from depth.runtimes.default_network import NAME, SHIPPED, default_weights, shipped_weights, weights_of
from depth.runtimes.onnx_runtime import OnnxDepth
from tests.helpers.paths import KITCHEN


def test_a_name_is_our_network_and_all_else_a_path():
    assert weights_of(NAME) == default_weights() and weights_of("other/mobile.onnx") == Path("other/mobile.onnx")
    assert weights_of("mobile-open") != default_weights()


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_small_and_has_a_model_card(name):
    weights = shipped_weights(name)
    card = weights.with_suffix(".md").read_text()
    assert weights.stat().st_size < 10e6 and card.startswith(f"# {name}\n")
    assert all(word in card for word in ("## Data", "## Measured", "## Recipe", "## Licence"))


@pytest.mark.parametrize("name, says", [("mobile", "for any other use: --depth mobile-open"), ("mobile-open", "")])
def test_who_uses_one_hears_of_its_licence(name, says):
    licence = open_estimator(name, runtime="onnx").licence
    assert licence.endswith(says) and bool(licence) == bool(says)


def test_depth_follows_the_focal_length():
    """The same picture through a lens twice as long shows things twice as far away."""
    network, rgb = OnnxDepth(default_weights()), np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    near, far = (network.predict(rgb, Camera(320, 240, f, f, 159.5, 119.5)).depth_m for f in (250.0, 500.0))
    assert np.allclose(far, 2 * near, rtol=1e-4)


def test_it_says_how_wrong_it_expects_to_be():
    rgb = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    prediction = OnnxDepth(default_weights()).predict(rgb, Camera(320, 240, 250.0, 250.0, 159.5, 119.5))
    assert prediction.log_error.shape == prediction.depth_m.shape
    assert 0.01 < np.exp(prediction.log_error).mean() < 1


@pytest.mark.skipif(not KITCHEN.is_dir(), reason="needs the recording kitchen")
def test_it_sees_a_real_room():
    from sequences.datasets.tum import TumSequence
    from sequences.frame import DepthImage
    from sequences.sequence import SourceOptions
    from slam.tracking.pyramid import inverse_depth_on
    network, errors = OnnxDepth(default_weights()), []
    for frame in TumSequence(str(KITCHEN), SourceOptions(depth_every=30, max_frames=121)):
        if frame.sensor_depth is None:
            continue
        ground_truth = frame.sensor_depth
        camera = ground_truth.camera.resized((480, 640))
        predicted = network.predict(frame.rgb, camera).depth_m
        image = DepthImage(predicted, camera.resized(predicted.shape))
        rho = inverse_depth_on(ground_truth.camera, image, is_measured=False)
        known = (ground_truth.depth_m > 0) & (rho > 0)
        errors.append(np.abs(1 / rho[known] / ground_truth.depth_m[known] - 1).mean())
    assert len(errors) == 5 and np.mean(errors) < 0.3
