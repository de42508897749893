"""monofuse.depth_stage: frames with the depth of a network, also where it predicts none."""

import numpy as np
import pytest

from calib.base.errors import NetworkError
from depth.estimator import DepthPrediction
from monofuse.depth_stage import with_predicted_depth
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import SlamSystem
from tests.helpers import scenes

WALK = scenes.walk(8)


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
