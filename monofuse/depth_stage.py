"""Frames with the depth that SLAM shall use: the sensor's or a network's, two collaborators with the same methods."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator, DepthPrediction
from depth.runtimes.image_network import ImageNetwork
from depth.runtimes.network_spec import NetworkSpec
from sequences.frame import DepthImage, Frame
from sequences.prefetch import ahead
from sequences.sequence import Sequence, is_live
from slam.config import SlamConfig
from slam.stages import StageTimes

DEPTH_CHECK_EVERY = 10
"""A network's depth is compared with the sensor's on every n-th frame, where the source has such."""
KEYFRAME_CHECK_EVERY = 2
"""The same where only keyframes' depth is predicted: of these, on those that are every n-th frame."""
MAX_WAIT_MS = 30.0
"""A camera's frames wait for predictions that take up to this long, which is about the time between two of them."""


class SensorDepth:
    """Depth as the source measured it."""

    sensor_depth_every = 1
    """Every n-th frame needs the sensor's depth."""
    focal_share, licence = None, ""
    """See NetworkDepth."""

    def __init__(self, description: str):
        """`description`: a few words for the screen."""
        self.description = description

    def configured(self, config: SlamConfig) -> SlamConfig:
        """The configuration, which is for measured depth already."""
        return config

    def added(self, frames: Iterable[Frame], sequence: Sequence, camera: Camera, stage_times: StageTimes
              ) -> Iterator[Frame]:
        """Rectified frames -> the same with depth."""
        return with_sensor_depth(frames)


class NetworkDepth:
    """Depth as a network predicts it from each image, or from those that become keyframes."""

    def __init__(self, description: str, estimator: DepthEstimator, only_keyframes: bool = False):
        """`description`: a few words for the screen."""
        self.description, self.estimator, self.only_keyframes = description, estimator, only_keyframes

    def configured(self, config: SlamConfig) -> SlamConfig:
        """The configuration for what this network predicts."""
        return configured_for(self.estimator, config)

    @property
    def licence(self) -> str:
        """One line where the licence of the weights does not allow every use, else empty."""
        return self.estimator.licence if isinstance(self.estimator, ImageNetwork) else ""

    def focal_share(self, rgb: np.ndarray) -> float | None:
        """Focal length that the network itself sees in an image (H, W, 3) uint8, in widths of it; None where it tells
        none."""
        return self.estimator.focal_share(rgb) if isinstance(self.estimator, ImageNetwork) else None

    @property
    def sensor_depth_every(self) -> int:
        """Every n-th frame needs the sensor's depth, to compare."""
        return KEYFRAME_CHECK_EVERY if self.only_keyframes else DEPTH_CHECK_EVERY

    def added(self, frames: Iterable[Frame], sequence: Sequence, camera: Camera, stage_times: StageTimes
              ) -> Iterator[Frame]:
        """Rectified frames of `sequence` -> the same with depth, predicted ahead in a thread, or on request.

        `camera` is that of the rectified images.
        """
        if not self.only_keyframes:
            return with_predicted_depth(ahead(frames, sequence), self.estimator, camera, stage_times)
        predictor = Predictor(self.estimator, camera, stage_times)
        return with_depth_on_request(frames, predictor, InAThread() if is_live(sequence) else at_once)


def with_sensor_depth(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames whose depth is what the source measured."""
    for frame in frames:
        yield replace(frame, depth=frame.sensor_depth)


def configured_for(estimator: DepthEstimator, config: SlamConfig) -> SlamConfig:
    """The configuration for what a network predicts; a caller's own, which has no spec, leaves it as it is."""
    spec = getattr(estimator, "spec", None)
    return replace(config, depth_is_relative=spec.is_relative) if isinstance(spec, NetworkSpec) else config


class Predictor:
    """Gives frames a network's depth, one at a time."""

    def __init__(self, estimator: DepthEstimator, camera: Camera, stage_times: StageTimes):
        """`camera` is that of the rectified images; the time of predictions goes to `stage_times`."""
        self.estimator, self.camera, self.stage_times = estimator, camera, stage_times
        self.has_predicted = False
        self.last_ms = 0.0
        """How long the last prediction took."""

    def depth_of(self, frame: Frame) -> DepthImage | None:
        """Predicted depth of a rectified frame, None where nothing usable is predicted.

        Raises NetworkError where that is so from the first frame on, for then the network is used wrongly.
        """
        try:
            prediction = self.estimator.predict(frame.rgb, self.camera)
        except NetworkError:
            if not self.has_predicted:
                raise
            return None
        self.has_predicted, self.last_ms = True, prediction.ms
        self.stage_times.add("network", prediction.ms)
        return depth_image(prediction, self.camera)


def depth_image(prediction: DepthPrediction, camera: Camera) -> DepthImage:
    """What a network predicts for an image of `camera`, as SLAM takes it."""
    return DepthImage(prediction.depth_m, camera.resized(prediction.depth_m.shape), prediction.log_error)


def with_predicted_depth(frames: Iterable[Frame], estimator: DepthEstimator, camera: Camera, stage_times: StageTimes
                         ) -> Iterator[Frame]:
    """Rectified frames whose depth is a network's prediction; see Predictor."""
    predictor = Predictor(estimator, camera, stage_times)
    for frame in frames:
        yield replace(frame, depth=predictor.depth_of(frame))


def with_depth_on_request(frames: Iterable[Frame], predictor: Predictor,
                          run: Callable[[Predictor, Frame], Future[DepthImage | None]]) -> Iterator[Frame]:
    """Rectified frames whose depth is predicted where SLAM asks for it. `run`: `at_once`, or an InAThread."""
    for frame in frames:
        yield replace(frame, depth_on_request=partial(run, predictor, frame))


def at_once(predictor: Predictor, frame: Frame) -> Future[DepthImage | None]:
    """Predict and wait, so that what becomes of a recording does not depend on how long that takes."""
    done: Future[DepthImage | None] = Future()
    done.set_result(predictor.depth_of(frame))
    return done


class InAThread:
    """Predicts a camera's frames in a thread, so that the next ones are tracked meanwhile; at once if that is fast."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(1, "prediction")

    def __call__(self, predictor: Predictor, frame: Frame) -> Future[DepthImage | None]:
        if predictor.last_ms <= MAX_WAIT_MS:
            return at_once(predictor, frame)
        return self.thread.submit(predictor.depth_of, frame)
