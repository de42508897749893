#!/usr/bin/env python3
"""Milliseconds of tracking and fusion for one 320x240 frame on one thread.

    python -m benchmarks.stages [SOURCE]

SOURCE: a recording with depth for every frame (default: a synthetic room). Frames are read ahead of the clock. Fusion
is measured on a map that was filled to half a million surfels before: the recording is fused again and again, each time
into a part of the world of its own, until the map is that large.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code
from calib.geometry.camera import Camera
from calib.geometry.rectification import Rectifier, rectified
from monofuse.depth_stage import with_sensor_depth
from sequences.catalogue import open_sequence
from sequences.frame import Frame
from sequences.sequence import SourceOptions
from slam.config import SlamConfig
from slam.system import SlamSystem
from slam.tracking.image import Image

FRAMES = 300
MAP_SIZE = 500_000
FAR_AWAY_M = 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default=f"synthetic:frames={FRAMES}", metavar="SOURCE")
    arguments = parser.parse_args()
    sequence = open_sequence(arguments.source, SourceOptions(depth_every=1, max_frames=FRAMES))
    rectifier = Rectifier(sequence.camera)
    frames = list(with_sensor_depth(rectified(sequence, rectifier)))
    run(rectifier.camera, frames[:10])  # compiles
    slam = run(rectifier.camera, frames)
    print(f"{machine()}; {sequence.name}, {len(frames)} frames at {slam.camera.width}x{slam.camera.height}")
    times = slam.stage_times.ms
    big = fill(slam, rectifier.camera, frames)
    fuse = [a + b for a, b in zip(big.stage_times.ms["render"], big.stage_times.ms["fuse"])]
    table(["what", "median ms", "95 % ms"], [
        row("preparing: colour, depth and pyramids at working size", times["prepare"]),
        row("tracking: alignment to the keyframe", times["track"]),
        row(f"fusion into {len(big.surfels):,} surfels: rendering and merging", fuse),
        row("  of it merging", big.stage_times.ms["fuse"])])


def run(camera: Camera, frames: Sequence[Frame]) -> SlamSystem:
    """-> the system after all frames"""
    slam = SlamSystem(camera, SlamConfig.for_sensor())
    for frame in frames:
        slam.process(frame)
    return slam


def fill(slam: SlamSystem, camera: Camera, frames: Sequence[Frame]) -> SlamSystem:
    """Copies of a finished map in one world, so far apart that no camera sees two, until there are MAP_SIZE surfels
    -> a system whose times are those of fusing into the last of them."""
    trajectory = slam.trajectory()[1]
    config = replace(slam.config, surfels=replace(slam.config.surfels, max_surfels=2 * MAP_SIZE))
    big = SlamSystem(camera, config)
    offset = np.eye(4)
    while len(big.surfels) < MAP_SIZE:
        big.stage_times.ms.clear()
        for k, (frame, T_world_cam) in enumerate(zip(frames, offset @ trajectory)):
            if len(big.surfels) < MAP_SIZE or k < 60:
                fuse(big, frame, T_world_cam, as_keyframe=k % 25 == 0)
        offset[0, 3] += FAR_AWAY_M
    return big


def fuse(big: SlamSystem, frame: Frame, T_world_cam: np.ndarray, as_keyframe: bool) -> None:
    """Fuse a frame's measured depth into the map at a given pose."""
    image = big.prepare(frame)
    if as_keyframe:
        add_keyframe(big, image, T_world_cam)
    view = big.map.render(T_world_cam)
    with big.stage_times.timed("fuse"):
        big.map.fuse(view, image.inverse_depth, image.rgb, big.keyframes.reference.row, image.index)


def add_keyframe(big: SlamSystem, image: Image, T_world_key: np.ndarray) -> None:
    """Make an image a keyframe of the map, if it has enough texture and depth for one."""
    keyframe = big.keyframes.make(image, image.pyramid, image.inverse_depth, big.config.depth_log_std, with_grid=True)
    if keyframe is not None:
        big.map.add_keyframe(keyframe, T_world_key, new_submap=0)


def row(what: str, milliseconds: Sequence[float]) -> list[str]:
    """A row of the table: median and 95th percentile."""
    return [what, f"{statistics.median(milliseconds):.2f}", f"{np.percentile(milliseconds, 95):.2f}"]


if __name__ == "__main__":
    sys.exit(exit_code("stages", main))
