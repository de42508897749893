"""The network learns a recording: trained on the keyframes' final depth, which is then estimated around what the
network predicts by now, and so on in turns. SLAM may run again with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.adaptation.adapter import Adapter
from depth.adaptation.config import AdaptationConfig
from depth.adaptation.target import Target
from depth.estimator import DepthEstimator
from monofuse.depth_stage import depth_image
from sequences.frame import DepthImage
from slam.keyframe_depth.predicted_depth import PredictedDepth
from slam.system import SlamSystem

CONFIG = AdaptationConfig(steps=20)
"""Of one turn. The decoder alone: all layers take twice the time and up to 0.6 GB more, and meshes are as good on
average (within 5 % after whole runs, decoder and all: kitchen 69 and 67 %, desk 58 and 59 %, office 69 and 62 %)."""
MIN_KEYFRAMES = 4
"""Keyframes that it takes to learn anything from each other."""
ROUNDS = 5
"""Turns of training and estimation. Several short ones: what one estimates better, the next one learns."""
LAST_ROUNDS = 2
"""Turns after SLAM has run again."""
MAX_COST_GROWTH = 1.02
"""Photometric cost after learning over that before it, beyond which learning has failed. The depth before it was chosen
for its low cost alone, so a little more is no harm."""
TRAINING_SHARE = 0.9
"""Share of a turn's time that is training."""


class Kept:
    """Whether what was learnt is to be kept."""

    is_kept = False


class Learning:
    """The network of a run, on its way to knowing the recording."""

    def __init__(self, estimator: DepthEstimator):
        """Raises NetworkError where this network cannot be trained, MissingPackageError."""
        self.adapter = Adapter(estimator, CONFIG)
        self.round_count = 0
        """Turns that are complete."""

    def turns(self, slam: SlamSystem, count: int) -> Iterator[float]:
        """Train on the final depth of all keyframes, and estimate that again, `count` times -> share of the work

        It all is undone where it is not completed, or the images are explained worse by it than at first: such a place
        teaches nothing good."""
        finisher = refined_depth(slam).finisher
        first, first_cost = finisher.final, finisher.photometric_cost()
        try:
            with self.undone_unless_kept() as kept:
                for done in range(count):
                    self.adapter.config = replace(CONFIG, seed=done)
                    for share in self.adapter.steps(targets(slam)):
                        yield (done + TRAINING_SHARE * share) / count
                    for share in predict_again(slam, self.estimator()):
                        yield (done + TRAINING_SHARE + (1 - TRAINING_SHARE) * share) / count
                    self.round_count += 1
                kept.is_kept = finisher.photometric_cost() <= MAX_COST_GROWTH * first_cost
        finally:
            if not kept.is_kept:
                finisher.final = first

    @contextmanager
    def undone_unless_kept(self) -> Iterator[Kept]:
        """A `with` block after which the network is as it was before, unless `is_kept` was set."""
        weights, round_count, kept = self.adapter.weights(), self.round_count, Kept()
        try:
            yield kept
        finally:
            if not kept.is_kept:
                self.adapter.restore(weights)
                self.round_count = round_count

    def estimator(self) -> DepthEstimator:
        """The network as it is now."""
        return self.adapter.estimator()

    def save(self, path: Path) -> None:
        """Write the network as it is now; see Adapter.save."""
        self.adapter.save(path)


def refined_depth(slam: SlamSystem) -> PredictedDepth:
    """The part of a system that refines the depth of keyframes."""
    assert isinstance(slam.depth, PredictedDepth), "only networks learn, and the depth of theirs is refined"
    return slam.depth


def can_teach(slam: SlamSystem) -> bool:
    """Whether a system has keyframes enough to learn from."""
    return len(slam.depth.finisher.views(slam.map.main_submap)) >= MIN_KEYFRAMES


def targets(slam: SlamSystem) -> list[Target]:
    """The keyframes with their final depth, without what others contradict."""
    return [Target(view.rgb, slam.camera, view.inverse_depth, view.log_std)
            for submap in np.unique(slam.keyframes.submap) for view in slam.depth.finisher.views(submap)]


def predict_again(slam: SlamSystem, estimator: DepthEstimator) -> Iterator[float]:
    """Estimate the final depth of all keyframes around new predictions -> share of the work"""
    return refined_depth(slam).finisher.predict_again(lambda rgb: predicted(estimator, rgb, slam.camera))


def predicted(estimator: DepthEstimator, rgb: np.ndarray, camera: Camera) -> DepthImage | None:
    """Depth of an image of `camera`, None where nothing usable is predicted."""
    try:
        return depth_image(estimator.predict(rgb, camera), camera)
    except NetworkError:
        return None
