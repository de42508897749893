#!/usr/bin/env python3
"""Loops found, drift removed, look-alike places kept apart.

    python -m benchmarks.loops [--depth sensor|NAME|FILE] [--rooms 5] [--pairs 20]

First, walks through synthetic rooms that end where they start, with keyframes placed wrongly by a constant share, and
without: errors of the trajectory with and without closing loops. Then pairs of rooms with the same materials and
furniture in another layout: each view of one is compared to each of the other, and neighbouring views of one room as a
check that the comparison can succeed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry import se3
from calib.geometry.camera import Camera
from depth.estimator import DepthEstimator
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import weights_of
from monofuse.configuration import changed
from sequences.catalogue import open_sequence
from sequences.frame import DepthImage, Frame
from sequences.sequence import SourceOptions
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed
from sequences.synthetic.room import Room, build_room
from sequences.synthetic.sequence import pinhole
from slam.config import SlamConfig
from slam.evaluation import evaluate_trajectory
from slam.global_adjustment.feature_tracks import FeatureTrackConfig
from slam.loops.submap_joiner import SubmapJoiner
from slam.mapping.keyframes import Keyframe
from slam.mapping.measured_depth import FrameDepth
from slam.system import SlamSystem
from slam.tracking.image import Image
from slam.tracking.tracker import TrackingResult

FRAMES = 600
DRIFT = np.array([0.004, -0.003, 0.005, 0.001, 0.003, -0.001])
"""Of a keyframe against the one before, in metres and radians: several per cent of the way between them."""
VIEWS = 12
OTHER_LAYOUT = 1000
"""Added to a room's seed for the layout of its look-alike."""
CAMERA = pinhole(320, 240, 65.0)
NO_LOOPS = {"loops": {"candidates": {"by_appearance": 0, "by_position": 0}}}


class DriftingSlam(SlamSystem):
    """A system whose keyframes, but for the first, are placed wrongly."""

    def __init__(self, camera: Camera, config: SlamConfig, drift: np.ndarray) -> None:
        """drift: (6,) twist that each keyframe's pose is off by, m and rad."""
        super().__init__(camera, config)
        self.T_drift = se3.exp(drift)

    def _make_keyframe(self, image: Image, depth: FrameDepth, T_world_cam: np.ndarray, tracked: TrackingResult | None,
                       new_submap: int | None = None) -> bool:
        if len(self.keyframes):
            T_world_cam = T_world_cam @ self.T_drift
        return super()._make_keyframe(image, depth, T_world_cam, tracked, new_submap)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", default="sensor", metavar="sensor|NAME|FILE")
    parser.add_argument("--rooms", type=whole_number(0), default=5, metavar="N")
    parser.add_argument("--pairs", type=whole_number(0), default=20, metavar="N")
    arguments = parser.parse_args()
    network = None if arguments.depth == "sensor" else open_estimator(weights_of(arguments.depth), {}, "auto", "cpu")
    print(machine())
    table(["room", "drift", "length m", "ATE Sim(3) m, loops left open", "closed", "loops", "refused"],
          (row for seed in range(arguments.rooms) for row in drift_rows(seed, network)))
    print()
    table(["rooms", "pairs of views", "taken for one place, live / when joining submaps", "neighbouring views",
           "taken for one place"],
          (look_alike_row(seed, network) for seed in range(arguments.pairs)))


def configuration(network: DepthEstimator | None) -> SlamConfig:
    """The defaults for predicted or measured depth."""
    return SlamConfig.for_network() if network else SlamConfig.for_sensor()


def with_depth(frame: Frame, network: DepthEstimator | None) -> Frame:
    """The frame with the depth that SLAM shall use."""
    if network is None:
        return replace(frame, depth=frame.sensor_depth)
    predicted = network.predict(frame.rgb, CAMERA).depth_m
    return replace(frame, depth=DepthImage(predicted, CAMERA.resized(predicted.shape)))


def drift_rows(seed: int, network: DepthEstimator | None) -> Iterator[list[object]]:
    """Rows of the table for one room, without and with added drift."""
    sequence = open_sequence(f"synthetic:{seed},frames={FRAMES}", SourceOptions(depth_every=1))
    frames = [with_depth(frame, network) for frame in sequence]
    assert sequence.ground_truth is not None
    for drift in (0 * DRIFT, DRIFT):
        runs = [walked(frames, configuration(network), drift, closes_loops) for closes_loops in (False, True)]
        scores = [evaluate_trajectory(*slam.trajectory(), *sequence.ground_truth) for slam in runs]
        yield [seed, "added" if drift.any() else "own", f"{scores[0]['path_m']:.1f}",
               *(f"{score['ate_sim3_m']:.4f}" for score in scores), len(runs[1].loops.closed),
               runs[1].loops.refused_count]


def walked(frames: Sequence[Frame], config: SlamConfig, drift: np.ndarray, closes_loops: bool) -> SlamSystem:
    """-> the system after all frames"""
    slam = DriftingSlam(CAMERA, config if closes_loops else changed(config, NO_LOOPS), drift)
    for frame in frames:
        slam.process(frame)
    slam.finish()
    return slam


def look_alike_row(seed: int, network: DepthEstimator | None) -> list[object]:
    """A row of the table for one pair of rooms."""
    slam = SlamSystem(CAMERA, configuration(network))
    here, there = (keyframes_in(build_room(seed, layout), seed, slam, network)
                   for layout in (None, OTHER_LAYOUT + seed))
    across = [is_one_place(slam, a, b) for a in here for b in there]
    neighbours = [is_one_place(slam, a, b) for room in (here, there) for a, b in pairwise(room)]
    joining = SubmapJoiner(slam.camera, slam.verifier, slam.loops.candidates.index, FeatureTrackConfig(),
                           slam.config.joining)
    views = [[(keyframe, joining.matcher.features(keyframe.gray_u8)) for keyframe in room] for room in (here, there)]
    joined = [joining.place(a, b) is not None for a in views[0] for b in views[1]]
    joined_neighbours = [joining.place(a, b) is not None for room in views for a, b in pairwise(room)]
    return [seed, len(across), f"{sum(across)} / {sum(joined)}", len(neighbours),
            f"{sum(neighbours)} / {sum(joined_neighbours)}"]


def keyframes_in(room: Room, seed: int, slam: SlamSystem, network: DepthEstimator | None) -> list[Keyframe]:
    """-> keyframes along a walk through the room, half a second apart"""
    renderer = Renderer(room, CAMERA, 1)
    keyframes = []
    for index, T_world_cam in enumerate(hand_held_walk(room, 15 * VIEWS, 30.0, seed)[::15]):
        radiance, depth_m = renderer.render(T_world_cam)
        frame = Frame(index, index / 2, developed(radiance), sensor_depth=DepthImage(depth_m, CAMERA))
        image = slam.prepare(with_depth(frame, network))
        keyframe = slam.keyframes.make(image, image.pyramid, image.inverse_depth, slam.config.depth_log_std,
                                       with_grid=network is None)
        if keyframe is not None:
            keyframe.features = slam.relocaliser.describe(image.gray)
            keyframes.append(keyframe)
    return keyframes


def is_one_place(slam: SlamSystem, a: Keyframe, b: Keyframe) -> bool:
    """Whether loop verification takes two keyframes for views of one place."""
    guess = slam.relocaliser.pose(a.features, b)
    return slam.verifier(a, b, [] if guess is None else [guess], np.eye(4)) is not None


if __name__ == "__main__":
    sys.exit(exit_code("loops", main))
