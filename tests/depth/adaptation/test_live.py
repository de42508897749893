"""A network that learns in another process while it is in use."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.adaptation.config import AdaptationConfig, LiveConfig
from depth.adaptation.lessons import Known
from depth.adaptation.live import LiveAdapter
from depth.adaptation.live_process import Memory, does_better
from depth.adaptation.target import Target
from depth.runtimes.onnx_runtime import OnnxDepth
from tests.helpers.tiny_onnx import tiny_network

CAMERA = Camera(width=64, height=64, fx=60, fy=60, cx=31.5, cy=31.5)
PATIENCE_S = 120.0
"""Tests may run beside others."""


def until(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


@pytest.fixture
def tiny(tmp_path):
    tiny_network(tmp_path / "tiny.onnx")
    return OnnxDepth(tmp_path / "tiny.onnx", {"size": "32,32"})


def test_it_learns_while_it_is_in_use(tiny):
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    before = tiny.predict(rgb, CAMERA).depth_m
    live = LiveAdapter(tiny, LiveConfig(AdaptationConfig(steps=10, learning_rate=0.03, keeps_scale=False),
                                        min_targets=2, steps_per_target=30, max_steps_ahead=60, niceness=0))
    try:
        assert np.array_equal(live.estimator.predict(rgb, CAMERA).depth_m, before)
        def is_known_after_one_more():
            live.add(Target(rgb, CAMERA, np.full((32, 32), 0.25, np.float32), np.full((32, 32), 0.02, np.float32)))
            time.sleep(0.2)
            return abs(np.log(live.estimator.predict(rgb, CAMERA).depth_m / 4)).mean() < 0.3
        until(is_known_after_one_more)
        assert live.estimator.swaps > 0 and live.problem is None
        assert np.array_equal(tiny.predict(rgb, CAMERA).depth_m, before)
    finally:
        live.close()
    assert live.process.poll() is not None


def test_a_process_that_fails_says_why_and_leaves_the_network(tiny):
    live = LiveAdapter(tiny)
    live.process.kill()
    live.process.wait()
    live.add(Target(np.zeros((64, 64, 3), np.uint8), CAMERA, np.ones((8, 8), np.float32), np.ones((8, 8), np.float32)))
    until(lambda: live.problem)
    assert "ended" in live.problem and live.estimator.current is tiny
    live.close()


def test_what_is_better_is_told_by_new_images():
    """Weighted: the wrong half of the image says nothing."""
    weight = np.repeat([1.0, 0.0], 8).reshape(4, 4)
    lesson = Known(None, np.where(weight > 0, 0.0, 9.0), weight, np.full((4, 4), 0.1))
    for error, is_better in ((0.05, True), (0.2, False)):
        training = SimpleNamespace(error=lambda lesson, error=error: lesson.error(np.full((4, 4), error)))
        assert does_better(training, [lesson, lesson]) == is_better


def test_networks_without_a_graph_cannot():
    class Odd:
        name = "odd"
    with pytest.raises(NetworkError, match="odd cannot learn during the run"):
        LiveAdapter(Odd())


def test_what_is_remembered_is_spread_over_the_recording():
    """The newest always stays; of the others chance decides, so that old places are not forgotten."""
    memory = Memory(40, np.random.default_rng(0))
    for number in range(400):
        memory.add([Known(number, None, None, None)])
        assert memory.items[-1].image == number
    numbers = [each.image for each in memory.items]
    assert len(numbers) == 40 and numbers == sorted(numbers)
    assert 12 <= sum(number < 200 for number in numbers) <= 28
