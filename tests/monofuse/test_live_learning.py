"""monofuse.live_learning: who learns what while the camera runs, and what is left afterwards."""

from types import SimpleNamespace

import numpy as np
import pytest

from calib.base.errors import BadInputError
from depth.adaptation.live import SwappedEstimator
from monofuse import live_learning
from monofuse.depth_stage import NetworkDepth, SensorDepth
from slam.config import SlamConfig
from slam.keyframe_depth.stereo import StereoDepth
from slam.system import SlamSystem
from tests.helpers import scenes


class Learner:
    """Stands in for a LiveAdapter: swaps the network for each image that it is told of."""

    def __init__(self, estimator):
        self.estimator, self.targets, self.problem, self.is_closed = SwappedEstimator(estimator), [], None, False

    def add(self, target):
        self.targets.append(target)
        self.estimator.swap(SimpleNamespace(name="better"))

    def close(self):
        self.is_closed = True


def test_the_network_learns_what_becomes_final_and_keeps_it(monkeypatch):
    learners, told = [], []
    monkeypatch.setattr(live_learning, "LiveAdapter", lambda estimator: learners.append(Learner(estimator)) or
                        learners[0])
    depth = NetworkDepth("made up", SimpleNamespace(name="first"))
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_network())
    rgb, stereo = np.zeros((*slam.camera.size, 3), np.uint8), StereoDepth(np.ones(slam.camera.size, np.float32),
                                                                         np.ones(slam.camera.size, np.float32))
    with live_learning.live_learning(depth, slam, SimpleNamespace(print=told.append)):
        assert depth.estimator is learners[0].estimator
        slam.depth.told(rgb, stereo)
    target, = learners[0].targets
    assert target.rgb is rgb and target.camera == slam.camera and target.inverse_depth is stereo.inverse_depth
    assert depth.estimator.name == "better" and slam.depth.told is None and learners[0].is_closed
    assert told == ["adapt      the network was swapped 1 times"]


def test_it_is_for_networks():
    slam = SlamSystem(scenes.CAMERA, SlamConfig.for_sensor())
    with pytest.raises(BadInputError, match="for networks"), \
            live_learning.live_learning(SensorDepth("sensor"), slam, SimpleNamespace(print=print)):
        pass
