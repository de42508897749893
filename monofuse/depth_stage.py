"""Frames with the depth that SLAM shall use: the sensor's or a network's, two collaborators with the same methods."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from calib.base.errors import NetworkError
from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator
from sequences.frame import DepthImage, Frame
from sequences.prefetch import ahead
from sequences.sequence import Sequence
from slam.stages import StageTimes

DEPTH_CHECK_EVERY = 10
"""A network's depth is compared with the sensor's on every n-th frame, where the source has such."""


class SensorDepth:
    """Depth as the source measured it."""

    sensor_depth_every = 1
    """Every n-th frame needs the sensor's depth."""

    def __init__(self, description: str):
        """`description`: a few words for the screen."""
        self.description = description

    def added(self, frames: Iterable[Frame], sequence: Sequence, camera: Camera, stage_times: StageTimes
              ) -> Iterator[Frame]:
        """Rectified frames -> the same with depth."""
        return with_sensor_depth(frames)


class NetworkDepth:
    """Depth as a network predicts it from each image."""

    sensor_depth_every = DEPTH_CHECK_EVERY
    """Every n-th frame needs the sensor's depth, to compare."""

    def __init__(self, description: str, estimator: DepthEstimator):
        """`description`: a few words for the screen."""
        self.description, self.estimator = description, estimator

    def added(self, frames: Iterable[Frame], sequence: Sequence, camera: Camera, stage_times: StageTimes
              ) -> Iterator[Frame]:
        """Rectified frames of `sequence`, read in a thread of their own -> the same with depth.

        `camera` is that of the rectified images.
        """
        return with_predicted_depth(ahead(frames, sequence), self.estimator, camera, stage_times)


def with_sensor_depth(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames whose depth is what the source measured."""
    for frame in frames:
        yield replace(frame, depth=frame.sensor_depth)


class Predictor:
    """Gives frames a network's depth, one at a time."""

    def __init__(self, estimator: DepthEstimator, camera: Camera, stage_times: StageTimes):
        """`camera` is that of the rectified images; the time of predictions goes to `stage_times`."""
        self.estimator, self.camera, self.stage_times = estimator, camera, stage_times
        self.has_predicted = False

    def added(self, frame: Frame) -> Frame:
        """A rectified frame -> the same with predicted depth, or without depth where nothing usable is predicted.

        Raises NetworkError where that is so from the first frame on, for then the network is used wrongly.
        """
        try:
            prediction = self.estimator.predict(frame.rgb, self.camera)
        except NetworkError:
            if not self.has_predicted:
                raise
            return replace(frame, depth=None)
        self.has_predicted = True
        self.stage_times.add("network", prediction.ms)
        camera = self.camera.resized(prediction.depth_m.shape)
        return replace(frame, depth=DepthImage(prediction.depth_m, camera, prediction.log_error))


def with_predicted_depth(frames: Iterable[Frame], estimator: DepthEstimator, camera: Camera, stage_times: StageTimes
                         ) -> Iterator[Frame]:
    """Rectified frames whose depth is a network's prediction; see Predictor."""
    predictor = Predictor(estimator, camera, stage_times)
    for frame in frames:
        yield predictor.added(frame)
