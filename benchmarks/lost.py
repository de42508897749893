#!/usr/bin/env python3
"""How often the camera is relocalised, and how often in the wrong place.

    python -m benchmarks.lost SOURCE ... [--depth sensor|NAME|FILE] [--positions 10]

SOURCE: recordings with ground truth, or synthetic:... At positions spread over each, the run is disturbed in three
ways: the lens is covered for half a second, a second of frames is cut out, or the camera is carried off to a place that
it has seen, an earlier part of the recording. It counts as relocalised if it is tracked in the same map within a
second, and as right if its pose relative to the keyframe that it is tracked against agrees with the ground truth within
0.1 m plus a tenth of the distance between the two, and 4 degrees; a network's scale is corrected by the keyframe's
median depth.
"""

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry import se3
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import weights_of
from monofuse.depth_stage import with_predicted_depth, with_sensor_depth
from sequences.catalogue import open_sequence
from sequences.frame import Frame
from sequences.sequence import SourceOptions
from slam.config import SlamConfig
from slam.stages import StageTimes
from slam.system import FrameResult, SlamSystem

COVER_S, CUT_S, WITHIN_S = 0.5, 1.0, 1.0
ERROR_M, ERROR_SHARE, ERROR_DEG = 0.1, 0.1, 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--depth", default="sensor", metavar="sensor|NAME|FILE")
    parser.add_argument("--positions", type=whole_number(1), default=10, metavar="N")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # its threads would not survive the fork
    print(machine())
    table(["sequence", "what", "positions", "relocalised", "of them wrong",
           "median frames until then"],
          (row for source in arguments.sources for row in rows(source, arguments.depth, arguments.positions)))


def rows(source: str, depth: str, positions: int) -> Iterator[list[object]]:
    """Rows of the table for one recording, one for each disturbance."""
    frames, camera = read(source, depth)
    config = SlamConfig.for_sensor() if depth == "sensor" else SlamConfig.for_network()
    slam = SlamSystem(camera, config)
    places = np.linspace(0.25, 0.85, positions) * len(frames)
    outcomes: dict[str, list[tuple[str, int]]] = {what: [] for what in DISTURBANCES}
    for index, frame in enumerate(frames):
        if index in places.astype(int):
            for what, disturbed in DISTURBANCES.items():
                outcomes[what].append(in_a_copy(slam, disturbed(frames, index), frames))
        slam.process(frame)
    for what, results in outcomes.items():
        count = Counter(result[0] for result in results)
        waits = [result[1] for result in results if result[0] != "lost"]
        yield [source, what, len(results), count["right"] + count["wrong"], count["wrong"],
               f"{np.median(waits):.0f}" if waits else "-"]


def read(source: str, depth: str) -> tuple[list[Frame], Camera]:
    """-> frames with depth and ground truth, all in memory, and their camera"""
    sequence = open_sequence(source, SourceOptions(depth_every=1))
    rectifier = Rectifier(sequence.camera)
    frames = rectified(sequence, rectifier)
    if depth == "sensor":
        return list(with_sensor_depth(frames)), rectifier.camera
    network = open_estimator(weights_of(depth), {}, "auto", "cpu")
    return list(with_predicted_depth(frames, network, rectifier.camera, StageTimes())), rectifier.camera


def covered(frames: Sequence[Frame], index: int) -> tuple[list[Frame], int]:
    """-> the frames from `index` on, and how many of the first are unusable"""
    count = interval(frames, index, COVER_S)
    black = [replace(frame, rgb=np.zeros_like(frame.rgb)) for frame in frames[index:index + count]]
    return [*black, *frames[index + count:]], count


def cut(frames: Sequence[Frame], index: int) -> tuple[list[Frame], int]:
    """-> the frames from a second after `index` on, and 0 unusable ones"""
    return list(frames[index + interval(frames, index, CUT_S):]), 0


def carried_off(frames: Sequence[Frame], index: int) -> tuple[list[Frame], int]:
    """-> the frames from where the camera was at a third of the time so far, and 0 unusable ones"""
    there = frames[index // 3:]
    delay_s = frames[index].timestamp_s - there[0].timestamp_s
    return [replace(frame, timestamp_s=frame.timestamp_s + delay_s) for frame in there], 0


DISTURBANCES = {"covered for 0.5 s": covered, "1 s cut out": cut, "carried off": carried_off}


def interval(frames: Sequence[Frame], index: int, seconds: float) -> int:
    """How many frames from `index` on lie within so many seconds."""
    return sum(1 for frame in frames[index:] if frame.timestamp_s < frames[index].timestamp_s + seconds)


def in_a_copy(slam: SlamSystem, disturbed: tuple[list[Frame], int], frames: Sequence[Frame]) -> tuple[str, int]:
    """`outcome` in a process of its own, so that the system here stays as it is."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=lambda: theirs.send(outcome(slam, *disturbed, frames)))
    process.start()
    result = ours.recv()
    process.join()
    return result


def outcome(slam: SlamSystem, frames: Sequence[Frame], unusable: int, original: Sequence[Frame]) -> tuple[str, int]:
    """-> (`right`, `wrong` or `lost`, frames until relocalised)"""
    ground_truth = {frame.index: frame for frame in original}
    submap = slam.keyframes.active_submap
    start_s = frames[min(unusable, len(frames) - 1)].timestamp_s
    for count, frame in enumerate(frames):
        if frame.timestamp_s > start_s + WITHIN_S:
            break
        result = slam.process(frame)
        if count >= unusable and result.T_world_cam is not None and slam.keyframes.active_submap == submap:
            return judged(slam, result, ground_truth), count - unusable + 1
    return "lost", 0


def judged(slam: SlamSystem, result: FrameResult, ground_truth: dict[int, Frame]) -> str:
    """`right` or `wrong`; `ground_truth`: frames by their index."""
    reference = slam.keyframes.reference
    assert result.T_world_cam is not None
    key = ground_truth[reference.frame_index]
    T_world_cam, T_world_key = ground_truth[result.index].T_world_cam_true, key.T_world_cam_true
    if T_world_cam is None or T_world_key is None or key.sensor_depth is None:
        return "right"
    T_key_cam_true = se3.inverse(T_world_key) @ T_world_cam
    T_key_cam = se3.inverse(slam.map.T_world_reference) @ result.T_world_cam
    T_key_cam[:3, 3] *= np.median(key.sensor_depth.depth_m[key.sensor_depth.depth_m > 0]) / reference.median_depth_m
    error = se3.inverse(T_key_cam_true) @ T_key_cam
    allowed_m = ERROR_M + ERROR_SHARE * np.linalg.norm(T_key_cam_true[:3, 3])
    is_right = (np.linalg.norm(T_key_cam[:3, 3] - T_key_cam_true[:3, 3]) <= allowed_m
                and np.degrees(se3.rotation_angle_rad(error)) <= ERROR_DEG)
    return "right" if is_right else "wrong"


if __name__ == "__main__":
    sys.exit(exit_code("lost", main))
