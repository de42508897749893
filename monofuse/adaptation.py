"""The network learns the recording: trained on the keyframes' final depth, which is then estimated around what the
network predicts by now, and so on in turns."""

from collections.abc import Iterator

import numpy as np

from calib.base.errors import NetworkError
from depth.adaptation.adapter import Adapter
from depth.adaptation.target import Target
from depth.estimator import DepthEstimator
from sequences.frame import DepthImage
from slam.system import SlamSystem


def learn(slam: SlamSystem, adapter: Adapter, rounds: int) -> Iterator[float]:
    """Train on the final depth of all keyframes, and estimate that again, `rounds` times -> share of the work"""
    for done in range(rounds):
        for share in adapter.steps(targets(slam)):
            yield (done + TRAINING_SHARE * share) / rounds
        for share in predict_again(slam, adapter.estimator()):
            yield (done + TRAINING_SHARE + (1 - TRAINING_SHARE) * share) / rounds


TRAINING_SHARE = 0.9
"""Share of a round's time that is training."""


def targets(slam: SlamSystem) -> list[Target]:
    """The keyframes with their final depth, without what others contradict."""
    return [Target(view.rgb, slam.camera, view.inverse_depth, view.log_std)
            for submap in np.unique(slam.keyframes.submap) for view in slam.depth.final.views(submap)]


def predict_again(slam: SlamSystem, estimator: DepthEstimator) -> Iterator[float]:
    """Estimate the final depth of all keyframes around new predictions -> share of the work"""
    def predict(rgb: np.ndarray) -> DepthImage | None:
        try:
            prediction = estimator.predict(rgb, slam.camera)
        except NetworkError:
            return None
        return DepthImage(prediction.depth_m, slam.camera.resized(prediction.depth_m.shape), prediction.log_error)
    return slam.depth.predict_again(predict)
