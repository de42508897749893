"""benchmarks/depth_errors.py and benchmarks/keyframe_depth.py: known errors of depth and of its predicted variance."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import keyframe_depth
from benchmarks.depth_errors import PARTS, ComparedDepth, depth_errors, variance_table
from calib.base.errors import SourceError
from slam.config import SlamConfig
from slam.system import SlamSystem
from tests.helpers import scenes

WALK = scenes.walk(30, (0.02, -0.004, 0.014, 0.002, 0.006, -0.001))


def compared(*log_errors):
    return [ComparedDepth(np.full(100, error), np.full(100, 0.1)) for error in log_errors]


def test_one_scale_is_for_the_recording_the_other_for_each_image():
    errors = depth_errors(compared(np.log(2), np.log(2), np.log(2.4)))
    assert errors == {"scale": 0.5, "absrel": 0.0667, "delta1": 1.0, "absrel_per_image": 0.0, "delta1_per_image": 1.0,
                      "keyframes": 3}
    assert depth_errors(compared(0, 0, np.log(1.3)))["delta1"] == pytest.approx(2 / 3, abs=1e-4)


def test_a_true_variance_is_what_was_predicted():
    rng = np.random.default_rng(0)
    log_std = np.exp(rng.uniform(np.log(0.01), np.log(0.3), 50_000))
    error = log_std * rng.normal(size=50_000) + 0.4
    rows = variance_table([ComparedDepth(error, log_std)])
    assert len(rows) == PARTS
    for row in rows:
        assert row["robust"] == pytest.approx(row["predicted"], rel=0.06)
        assert row["rms"] == pytest.approx(row["predicted"], rel=0.06)
    assert rows[0]["predicted"] < 0.02 and rows[-1]["predicted"] > 0.2
    too_sure = variance_table([ComparedDepth(error, log_std / 5)])
    assert all(row["rms"] == pytest.approx(5 * row["predicted"], rel=0.06) for row in too_sure)
    apart = variance_table([ComparedDepth(error + shift, log_std) for shift in (-0.5, 0.5)])
    assert apart[0]["robust"] > 0.4 and apart[0]["robust_per_image"] == pytest.approx(apart[0]["predicted"], rel=0.1)
    assert variance_table([ComparedDepth(error, np.full(len(error), np.nan))]) == []


@pytest.fixture(scope="module")
def frames():
    return list(scenes.bent_frames(WALK))


def finished(frames, **changes):
    slam = SlamSystem(scenes.CAMERA, replace(SlamConfig.for_network(), **changes))
    for frame in frames:
        slam.process(frame)
    slam.finish()
    for _ in slam.estimate_depth():
        pass
    return slam


def test_keyframes_of_a_run_are_compared_with_what_was_measured(frames, monkeypatch, tmp_path):
    exact = [(index, scenes.frame(index, T).depth) for index, T in enumerate(WALK)]
    monkeypatch.setattr(keyframe_depth, "measured_depth", lambda recording: exact)
    slam = finished(frames)
    final, network = keyframe_depth.compared(slam, tmp_path)
    assert len(final) == len(network) == len(slam.keyframes) > 3
    assert len(final[0].log_error) == scenes.CAMERA.width * scenes.CAMERA.height == 4 * len(network[0].log_error)
    better, worse = depth_errors(final), depth_errors(network)
    assert 0.03 < worse["absrel"] < 0.2 and better["absrel"] < worse["absrel"] and variance_table(final)
    slam.depth.finisher.final.depth[1].inverse_depth[:] *= 2
    assert depth_errors(keyframe_depth.compared(slam, tmp_path)[0])["absrel"] > better["absrel"] + 0.03
    monkeypatch.setattr(keyframe_depth, "measured_depth", lambda recording: exact[1:2])
    with pytest.raises(SourceError, match="no keyframe has measured depth"):
        keyframe_depth.compared(slam, tmp_path)


def test_without_final_depth_keyframes_have_the_depth_of_the_live_one(frames, monkeypatch, tmp_path):
    monkeypatch.setattr(keyframe_depth, "measured_depth",
                        lambda recording: [(index, scenes.frame(index, T).depth) for index, T in enumerate(WALK)])
    slam = finished(frames, final_depth=None)
    final, _ = keyframe_depth.compared(slam, tmp_path)
    true = 1 / scenes.cast(WALK[0])[0].astype(np.float32)
    assert np.allclose(final[0].log_error, np.log(true / slam.keyframes.items[0].inverse_depth).ravel(), atol=1e-5)
    assert variance_table(final) == []
    measured = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    with pytest.raises(SourceError, match="--depth"):
        keyframe_depth.compared(measured, tmp_path)
