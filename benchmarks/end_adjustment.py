#!/usr/bin/env python3
"""What the adjustment of all keyframes in the end costs, from images to poses: wall and CPU time of its parts.

    python -m benchmarks.end_adjustment [--keyframes 200 1000]

Keyframes are images of synthetic rooms, half a second of a hand-held walk apart, whose poses have drifted and whose
depth, and what the network says of it, is true but for each keyframe's scale. In each room are as many as a long
recording keeps there. So features, matches, tracks and both rounds of bundle adjustment are those of a run.
"""

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry import se3
from calib.geometry.camera import Camera
from sequences.sequence import SourceOptions
from sequences.synthetic.renderer import Renderer
from sequences.synthetic.rendering.sensor import developed, with_noise
from sequences.synthetic.sequence import SyntheticSequence, pinhole
from slam.config import SlamConfig
from slam.evaluation import absolute_error
from slam.global_adjustment.global_adjustment import SHARES, GlobalAdjustment
from slam.loops.candidates import LoopCandidates
from slam.mapping.keyframes import Keyframe, KeyframeConfig, Keyframes
from slam.tracking.pyramid import grey

PER_ROOM = 76
"""Keyframes; see docs/maps.md."""
NEXT_ROOM_M = 20.0
FRAMES_PER_KEYFRAME = 15
IMAGE_NOISE = 0.01
DRIFT_M, DRIFT_RAD = 0.004, 0.002
"""Standard deviations of the motion from one keyframe to the next."""
SCALE_LOG_STD = 0.1
"""Of each keyframe's depth."""
HEADER = ("keyframes", "round", "features, s", "pairs", "matches, s", "tracks and bundle, s", "all, s",
          "error in the first room, mm")


def walked(count: int) -> tuple[Keyframes, np.ndarray, Camera]:
    """-> so many keyframes where drifting odometry puts them, where they truly are (K, 4, 4), and their camera"""
    rng, T_true, keyframes = np.random.default_rng(0), np.zeros((0, 4, 4)), Keyframes(KeyframeConfig())
    T_world_key, camera = np.eye(4), pinhole(320, 240, 65.0)
    for number, begin in enumerate(range(0, count, PER_ROOM)):
        size = min(PER_ROOM, count - begin)
        sequence = SyntheticSequence(f"seed={number},frames={FRAMES_PER_KEYFRAME * size}", SourceOptions())
        T_here = sequence.ground_truth[1][::FRAMES_PER_KEYFRAME]
        renderer = Renderer(sequence.room, camera)
        views = [renderer.render(T) for T in T_here]
        T_true = np.concatenate([T_true, se3.exp(np.array([NEXT_ROOM_M * number, 0, 0, 0, 0, 0])) @ T_here])
        for row, (radiance, depth_m) in enumerate(views, begin):
            if row:
                error = rng.normal(0, 1, 6) * ([DRIFT_M] * 3 + [DRIFT_RAD] * 3)
                T_world_key = T_world_key @ se3.inverse(T_true[row - 1]) @ T_true[row] @ se3.exp(error)
            rgb = developed(with_noise(radiance, IMAGE_NOISE, rng))
            depth_m *= np.float32(np.exp(rng.normal(0, SCALE_LOG_STD)))
            gray = np.round(255 * grey(rgb, camera.size)).astype(np.uint8)
            keyframes.add(Keyframe(row, FRAMES_PER_KEYFRAME * row, row / 2, (), 1 / depth_m, float(np.median(depth_m)),
                                   gray), T_world_key)
    return keyframes, T_true, camera


def costs(count: int) -> Iterator[list[str]]:
    """-> a row of the table for each round: seconds of wall / CPU time"""
    keyframes, T_true, camera = walked(count)
    config = SlamConfig.for_network()
    assert config.adjustment and config.loops
    overlap = LoopCandidates(camera, config.loops.candidates).overlap
    adjustment = GlobalAdjustment(camera, overlap, config.adjustment)
    network_depth = {keyframe.row: keyframe.inverse_depth[::2, ::2] for keyframe in keyframes.items}
    tracked = [(row - 1, row) for row in range(1, count)]
    for number in range(1, config.adjustment.rounds + 1):
        tried, now = len(adjustment.matches), (time.perf_counter(), time.process_time())
        times = np.array([now] * 4)
        for share in adjustment.steps(keyframes, network_depth, [], tracked):
            part = 1 + int(np.searchsorted(SHARES, share))
            times[part:] = time.perf_counter(), time.process_time()
        times[-1] = time.perf_counter(), time.process_time()
        if adjustment.S_world_key is not None:
            keyframes.move(adjustment.S_world_key)
        here, true = keyframes.T_world_key[:PER_ROOM, :3, 3], T_true[:PER_ROOM, :3, 3]
        error_m = absolute_error(here, true, with_scale=True)[0]
        features, matches, bundle = (f"{wall:.1f} / {cpu:.1f}" for wall, cpu in np.diff(times, axis=0))
        whole = "{:.1f} / {:.1f}".format(*(times[-1] - times[0]))
        yield [str(count), str(number), features, str(len(adjustment.matches) - tried), matches, bundle, whole,
               f"{1e3 * error_m:.1f}"]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keyframes", type=whole_number(2), nargs="+", default=[200, 1000], metavar="N",
                        help="keyframes in the map (default: %(default)s)")
    args = parser.parse_args()
    print(machine() + "\n\nSeconds of wall time / CPU time\n")
    list(costs(10))  # the first calls are slow
    table(HEADER, (row for count in args.keyframes for row in costs(count)))


if __name__ == "__main__":
    sys.exit(exit_code("end_adjustment", main))
