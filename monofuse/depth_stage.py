"""Frames with the depth that SLAM shall use."""

from dataclasses import replace

from calib.base.errors import NetworkError
from sequences.frame import DepthImage


def with_sensor_depth(frames):
    """Use what the source measured."""
    for frame in frames:
        yield replace(frame, depth=frame.sensor_depth)


def with_predicted_depth(frames, estimator, camera, stage_times):
    """Use a network's prediction for the rectified image; its time goes to stage_times.

    A frame for which it predicts nothing that is a depth goes on without any; raises NetworkError where that is the
    first frame, for then the network is used wrongly.
    """
    has_predicted = False
    for frame in frames:
        try:
            prediction = estimator.predict(frame.rgb, camera)
        except NetworkError:
            if not has_predicted:
                raise
            yield replace(frame, depth=None)
            continue
        has_predicted = True
        stage_times.add("network", prediction.ms)
        depth = DepthImage(prediction.depth_m, camera.resized(prediction.depth_m.shape), prediction.log_error)
        yield replace(frame, depth=depth)
