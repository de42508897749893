"""Frames with the depth that SLAM shall use."""

from dataclasses import replace

from sequences.frame import DepthImage


def with_sensor_depth(frames):
    """Use what the source measured."""
    for frame in frames:
        yield replace(frame, depth=frame.sensor_depth)


def with_predicted_depth(frames, estimator, camera, stage_times):
    """Use a network's prediction for the rectified image; its time goes to stage_times."""
    for frame in frames:
        prediction = estimator.predict(frame.rgb, camera)
        stage_times.add("network", prediction.ms)
        depth = DepthImage(prediction.depth_m, camera.resized(prediction.depth_m.shape), prediction.log_error)
        yield replace(frame, depth=depth)
