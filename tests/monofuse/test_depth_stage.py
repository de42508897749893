"""monofuse.depth_stage: frames with the depth of a network, also where it predicts none, and only of keyframes."""

import threading
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from calib.base.errors import NetworkError
from calib.geometry.sim3 import umeyama
from depth.estimator import DepthPrediction
from depth.runtimes.network_spec import NetworkSpec
from depth.runtimes.preprocessing import to_depth_m
from monofuse.depth_stage import (
    MAX_WAIT_MS,
    InAThread,
    Predictor,
    at_once,
    configured_for,
    with_depth_on_request,
    with_predicted_depth,
)
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import SlamSystem
from tests.helpers import scenes

CONFIG = SlamConfig.for_network()
WALK = scenes.walk(8)
LONG_WALK = scenes.walk(30, (0.025, -0.006, 0.015, 0.002, 0.012, -0.001))


class Network:
    """Exact depth, but none that is usable for some frames."""

    name = "exact"

    def __init__(self, failing):
        self.failing, self.calls = failing, 0

    def predict(self, rgb, camera):
        self.calls += 1
        if self.calls - 1 in self.failing:
            raise NetworkError("no usable depth")
        depth = scenes.frame(0, WALK[self.calls - 1]).depth
        assert depth is not None
        depth_m = depth.depth_m
        return DepthPrediction(depth_m, np.full_like(depth_m, -1.0), 1.0)


def predicted(failing):
    frames = [scenes.frame(i, T) for i, T in enumerate(WALK)]
    return list(with_predicted_depth(frames, Network(failing), scenes.CAMERA, StageTimes()))


def test_a_frame_without_a_prediction_is_tracked_all_the_same():
    frames = predicted(failing=(3, 4))
    assert [frame.depth is None for frame in frames] == [i in (3, 4) for i in range(8)]
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_network())
    results = [slam.process(frame) for frame in frames]
    assert [result.status for result in results] == ["tracked"] * 8
    T_world_cam = results[-1].T_world_cam
    assert T_world_cam is not None
    assert np.allclose(T_world_cam[:3, 3], (np.linalg.inv(WALK[0]) @ WALK[-1])[:3, 3], atol=0.01)


def test_none_for_the_first_frame_is_an_error():
    with pytest.raises(NetworkError):
        predicted(failing=(0,))


class ExactNetwork:
    """The exact depth of each picture of the long walk, after which it says to have taken `ms`."""

    name = "exact"

    def __init__(self, ms=1.0):
        self.ms, self.seen = ms, {scenes.picture(T)[0].tobytes(): scenes.picture(T)[1] for T in LONG_WALK}

    def predict(self, rgb, camera):
        return DepthPrediction(self.seen[rgb.tobytes()], None, self.ms)


class RelativeNetwork(ExactNetwork):
    """What a network says that knows inverse depth up to a factor and a summand, the image's own."""

    spec = NetworkSpec(output="relative_inverse_depth")

    def predict(self, rgb, camera):
        exact = super().predict(rgb, camera)
        return exact._replace(depth_m=to_depth_m(7 / exact.depth_m + 3, self.spec))


def long_walk():
    return [scenes.frame(i, T) for i, T in enumerate(LONG_WALK)]


def processed(frames, config=CONFIG):
    slam = SlamSystem(scenes.CAMERA, config)
    results = [slam.process(frame) for frame in frames]
    slam.finish()
    return slam, results


def frames_on_request(run, stage_times=None, ms=1.0):
    predictor = Predictor(ExactNetwork(ms), scenes.CAMERA, stage_times or StageTimes())
    return with_depth_on_request([replace(frame, depth=None) for frame in long_walk()], predictor, run)


def test_predicting_only_keyframes_gives_the_same_map_as_predicting_all_frames():
    times = StageTimes()
    everywhere = processed(with_predicted_depth(long_walk(), ExactNetwork(), scenes.CAMERA, StageTimes()))
    on_request = processed(frames_on_request(at_once, times))
    assert np.array_equal(everywhere[0].trajectory()[1], on_request[0].trajectory()[1])
    assert np.array_equal(everywhere[0].surfels.arrays.position, on_request[0].surfels.arrays.position)
    count = len(on_request[0].keyframes)
    assert 3 <= count < 15 and len(times.ms["network"]) == count == on_request[0].depth.predictions_used
    assert [r.index for r in on_request[1] if r.inverse_depth is not None] == \
        [r.index for r in on_request[1] if r.is_keyframe] == [k.frame_index for k in on_request[0].keyframes.items]


def test_a_prediction_that_takes_three_frames_makes_a_keyframe_of_the_frame_that_it_is_of():
    waiting = []

    def later(predictor, frame):
        if not frame.index:
            return at_once(predictor, frame)
        future = Future()
        waiting.append((frame.index + 3, future, predictor.depth_of(frame)))
        return future

    def arriving(frames):
        for frame in frames:
            for arrives, future, depth in waiting:
                if arrives == frame.index:
                    future.set_result(depth)
            yield frame
    slam, results = processed(arriving(frames_on_request(later)))
    assert [result.status for result in results] == ["tracked"] * len(LONG_WALK)
    asked = [arrives - 3 for arrives, _, _ in waiting]
    assert len(asked) >= 2 and np.diff(asked).min() >= 3, "one at a time"
    made = [keyframe.frame_index for keyframe in slam.keyframes.items]
    assert made == [0, *(index for index in asked if index + 3 < len(LONG_WALK))]
    T = slam.trajectory()[1]
    assert np.allclose(T[:, :3, 3], np.array(LONG_WALK)[:, :3, 3], atol=0.02)


def test_a_network_that_knows_no_metres_gives_everything_but_these():
    network = RelativeNetwork()
    config = configured_for(network, CONFIG)
    assert config.depth_is_relative and not configured_for(ExactNetwork(), CONFIG).depth_is_relative
    predictor = Predictor(network, scenes.CAMERA, StageTimes())
    slam, results = processed(with_depth_on_request([replace(f, depth=None) for f in long_walk()], predictor, at_once),
                              config)
    assert [result.status for result in results] == ["tracked"] * len(LONG_WALK)
    found, true = slam.trajectory()[1][:, :3, 3], np.array(LONG_WALK)[:, :3, 3]
    growth = float(umeyama(true - true[0], found - found[0], with_scale=True)[0])
    assert np.allclose(found / growth, true - true[0], atol=0.03)
    inverse = [np.median(key.inverse_depth[key.inverse_depth > 0]) for key in slam.keyframes.items]
    exact = [np.median(1 / scenes.picture(LONG_WALK[key.frame_index])[1]) for key in slam.keyframes.items]
    assert np.ptp(np.log(np.array(inverse) / exact)) < 0.15, "all keyframes have one unit"
    report = slam.depth.scale_report()
    assert report["scale_from"] == "nothing" and report["scale_doubtful"] and report["scale_log_std"] is None


def test_a_camera_waits_for_a_fast_network_only():
    frame = next(iter(frames_on_request(at_once)))
    run, predictor = InAThread(), Predictor(ExactNetwork(MAX_WAIT_MS + 1), scenes.CAMERA, StageTimes())
    hold = threading.Event()
    run.thread.submit(hold.wait)
    assert run(predictor, frame).done(), "nothing is known of the network yet"
    late = run(predictor, frame)
    assert not late.done()
    hold.set()
    depth = late.result(timeout=10)
    assert depth is not None and np.array_equal(depth.depth_m, scenes.picture(LONG_WALK[0])[1])
