"""Known depth is learnt, nothing else changes, and what was learnt can be kept."""

from dataclasses import replace

import numpy as np
import pytest

from calib.base.errors import BadInputError, NetworkError
from calib.geometry.camera import Camera
from depth.adaptation.adapter import Adapter
from depth.adaptation.config import AdaptationConfig
from depth.adaptation.target import Target
from depth.adaptation.trainable import adaptable
from depth.estimator import DepthPrediction
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import default_weights
from depth.runtimes.onnx_runtime import OnnxDepth
from depth.runtimes.self_check import difference
from depth.runtimes.torch_runtime import TorchDepth
from tests.helpers import tiny_networks
from tests.helpers.tiny_onnx import SIZE, tiny_network

CAMERA = Camera(width=64, height=64, fx=60, fy=60, cx=31.5, cy=31.5)
CONFIG = AdaptationConfig(steps=40, learning_rate=0.02, keeps_scale=False, gradient_weight=0.1)
RANDOM = np.random.default_rng(1)


def images(count):
    return [RANDOM.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(count)]


def flat(rgb, depth_m, log_std=0.02, camera=CAMERA):
    """A wall in front of the camera."""
    size = 48, 48
    return Target(rgb, camera, np.full(size, 1 / depth_m, np.float32), np.full(size, log_std, np.float32))


def trained(estimator, targets, config=CONFIG):
    adapter = Adapter(estimator, config)
    shares = list(adapter.steps(targets))
    assert shares[-1] == 1.0 and len(shares) == config.steps
    return adapter


def error(estimator, targets):
    """Mean |log depth - target|"""
    ratios = [estimator.predict(each.rgb, each.camera).depth_m * each.inverse_depth[0, 0] for each in targets]
    return float(np.mean(np.abs(np.log(ratios))))


@pytest.fixture
def tiny(tmp_path):
    tiny_network(tmp_path / "tiny.onnx")
    return OnnxDepth(tmp_path / "tiny.onnx", {"size": ",".join(map(str, SIZE)), "focal_px": "30"})


@pytest.fixture
def tiny_torch(monkeypatch):
    tiny_networks.lend(monkeypatch)
    from depth.runtimes.network_spec import NetworkSpec
    return TorchDepth(tiny_networks.TinyError().eval(), NetworkSpec(size=SIZE, output="log_depth", error="log_error"),
                      "tiny_error")


@pytest.mark.parametrize("kind", ["tiny", "tiny_torch"])
def test_what_is_known_is_learnt(kind, request):
    """Also for images that were not among the targets, and by the estimator's own runtime."""
    estimator = request.getfixturevalue(kind)
    targets = [flat(rgb, 4.0) for rgb in images(5)]
    before = error(estimator, targets)
    adapted = trained(estimator, targets).estimator()
    assert type(adapted) is type(estimator)
    assert error(adapted, targets) < 0.2 * before
    assert error(adapted, [flat(rgb, 4.0) for rgb in images(3)]) < 0.2 * before
    assert error(estimator, targets) == before


def test_depth_is_learnt_for_the_camera_of_the_target(tiny):
    """The network's focal length is 30 px at its own size, as the camera's: with twice that, a wall is twice as far."""
    targets = [flat(rgb, 4.0) for rgb in images(4)]
    adapted = trained(tiny, targets).estimator()
    tele = replace(CAMERA, fx=120, fy=120)
    near, far = (adapted.predict(targets[0].rgb, camera).depth_m for camera in (CAMERA, tele))
    np.testing.assert_allclose(far, 2 * near, rtol=1e-5)
    again = trained(tiny, [flat(each.rgb, 8.0, camera=tele) for each in targets]).estimator()
    np.testing.assert_allclose(again.predict(targets[0].rgb, CAMERA).depth_m, near, rtol=1e-4)


def test_what_is_not_known_is_not_learnt(tiny):
    """Left half: a wall; right half: no geometry, or one that nobody can rely on."""
    rgbs = images(4)
    targets = [flat(rgb, 4.0) for rgb in rgbs]
    for each in targets:
        each.inverse_depth[:, 24:] = 0
    vague = [flat(rgb, 4.0) for rgb in rgbs]
    for each in vague:
        each.inverse_depth[:, 24:], each.log_std[:, 24:] = 1 / 0.4, 100
    a, b = (trained(tiny, each).estimator().predict(rgbs[0], CAMERA).depth_m for each in (targets, vague))
    np.testing.assert_allclose(a, b, rtol=1e-3)


def test_a_network_that_keeps_its_scale_learns_ratios_only(tiny):
    rgbs = images(4)
    metres, feet = ([flat(rgb, unit * depth) for rgb, depth in zip(rgbs, (2.0, 3.0, 4.0, 5.0))] for unit in (1, 3.28))
    config = replace(CONFIG, keeps_scale=True)
    a, b = (trained(tiny, each, config).estimator().predict(rgbs[0], CAMERA).depth_m for each in (metres, feet))
    np.testing.assert_allclose(a, b, rtol=1e-3)
    learnt = trained(tiny, feet).estimator().predict(rgbs[0], CAMERA).depth_m
    assert np.median(learnt) > 2 * np.median(b)


def test_the_expected_error_follows_the_targets(tiny):
    """Where targets contradict each other, the network says that it will be wrong."""
    rgb = images(1)[0]
    torn = [flat(rgb, depth) for depth in (1.0, 8.0)]
    agreed = [flat(rgb, depth) for depth in (2.8, 2.9)]
    config = replace(CONFIG, error_weight=1.0)
    torn, agreed = (trained(tiny, each, config).estimator().predict(rgb, CAMERA).log_error.mean()
                    for each in (torn, agreed))
    assert torn > agreed + 1


def test_the_same_targets_give_the_same_bytes(tiny):
    targets = [flat(rgb, 4.0) for rgb in images(4)]
    first, second, other = (trained(tiny, targets, config).estimator().stored_model().SerializeToString()
                            for config in (CONFIG, CONFIG, replace(CONFIG, seed=1)))
    assert first == second != other


def test_a_training_that_is_left_changes_nothing(tiny):
    """Until the new estimator is asked for, nobody has it."""
    rgb = images(1)[0]
    before = tiny.predict(rgb, CAMERA).depth_m
    steps = Adapter(tiny, CONFIG).steps([flat(rgb, 4.0)])
    next(steps)
    steps.close()
    assert np.array_equal(tiny.predict(rgb, CAMERA).depth_m, before)


def test_images_of_two_shapes_are_learnt_together():
    """The default network gives an upright image an input of its own shape."""
    mobile = open_estimator(default_weights(), runtime="onnx", device="cpu")
    upright = Target(RANDOM.integers(0, 256, (96, 54, 3), np.uint8), CAMERA.resized((96, 54)),
                     np.full((48, 27), 0.5, np.float32), np.full((48, 27), 0.02, np.float32))
    adapter = trained(mobile, [flat(images(1)[0], 2.0), upright], AdaptationConfig(steps=2, batch=1))
    assert np.isfinite(adapter.estimator().predict(upright.rgb, upright.camera).depth_m).all()


def test_the_default_network_survives_its_files(tmp_path):
    """Saved as weights of the registry and as ONNX, and opened by what the program opens it with."""
    mobile = open_estimator(default_weights(), runtime="onnx", device="cpu")
    adapted = trained(mobile, [flat(rgb, 2.0) for rgb in images(2)], AdaptationConfig(steps=2, learning_rate=1e-3))
    now = adapted.estimator()
    assert difference(now, mobile) > 0.01
    changed = [name for (name, weight), before in zip(adapted.trainable.named_weights().items(),
                                                      Adapter(mobile).trainable.named_weights().values())
               if not weight.equal(before)]
    assert "predict.weight" in changed and not [name for name in changed if name.startswith("encoder.")]
    for name, runtime in (("room.safetensors", "onnx"), ("room.safetensors", "torch"), ("room.onnx", "onnx")):
        adapted.save(tmp_path / name)
        found = open_estimator(tmp_path / name, runtime=runtime, device="cpu")
        assert difference(found, now) < 1e-4
        assert found.spec == mobile.spec and found.size == mobile.size


def test_torch_networks_are_saved_with_their_spec(tiny_torch, tmp_path):
    adapted = trained(tiny_torch, [flat(rgb, 4.0) for rgb in images(3)])
    adapted.save(tmp_path / "room.safetensors")
    found = open_estimator(tmp_path / "room.safetensors", device="cpu")
    assert found.spec == tiny_torch.spec
    assert difference(found, adapted.estimator()) < 1e-5


def test_a_network_is_refitted_exactly(tiny):
    """Weights in single precision: the runtime predicts what torch trained, and training goes on from there."""
    adapted = trained(tiny, [flat(rgb, 4.0) for rgb in images(3)])
    first, again = adapted.estimator(), Adapter(adapted.estimator()).estimator()
    assert difference(first, again) == 0
    assert {tensor.data_type for tensor in first.stored_model().graph.initializer} == {1}


def test_tensorrt_takes_what_was_learnt(tmp_path, monkeypatch):
    """On a made-up GPU."""
    import onnx

    from depth.runtimes.tensorrt.refitted import RefittedDepth
    from depth.runtimes.tensorrt.runtime import TensorRtDepth
    from tests.helpers.fake_gpu import FakeGpu
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    FakeGpu(monkeypatch)
    tiny_network(tmp_path / "tiny.onnx")
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(tmp_path / "tiny.onnx")), tmp_path / "tiny.onnx")
    estimator, targets = TensorRtDepth(tmp_path / "tiny.onnx"), [flat(rgb, 4.0) for rgb in images(3)]
    before = error(estimator, targets)
    adapted = trained(estimator, targets).estimator()
    assert type(adapted) is RefittedDepth and error(adapted, targets) < 0.5 * before
    assert error(estimator, targets) == before


def test_what_cannot_be_adapted_says_why(tmp_path, monkeypatch):
    class Odd:
        name = "odd"

        def predict(self, rgb, camera):
            return DepthPrediction(np.ones((8, 8), np.float32), None, 0.0)
    assert "odd cannot be adapted: it is run by Odd" in adaptable(Odd())
    tiny_network(tmp_path / "new.onnx", "Sign")
    strange = OnnxDepth(tmp_path / "new.onnx", {"size": "32,32"})
    assert adaptable(strange) == ("new.onnx cannot be adapted: its operators Sign are not among those that can be "
                                  "trained")
    with pytest.raises(NetworkError):
        Adapter(strange)
    tiny_network(tmp_path / "tiny.onnx")
    tiny = OnnxDepth(tmp_path / "tiny.onnx", {"size": "32,32"})
    assert adaptable(tiny) is None
    from depth.adaptation import onnx_operators
    monkeypatch.setitem(onnx_operators.OPERATORS, "Relu", lambda a, x: 1.3 * x)
    assert "torch's execution of it differs by" in adaptable(tiny)


def test_nothing_known_is_refused(tiny):
    blank = flat(images(1)[0], 4.0)
    blank.inverse_depth[:] = 0
    for targets in ([], [blank]):
        with pytest.raises(BadInputError, match="nothing to adapt the network to"):
            list(Adapter(tiny).steps(targets))


def test_only_the_default_network_becomes_weights_of_the_registry(tiny, tmp_path):
    with pytest.raises(NetworkError, match=r"save FILE\.onnx instead"):
        Adapter(tiny).save(tmp_path / "room.safetensors")
    assert not list(tmp_path.glob("room*"))
