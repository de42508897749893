#!/usr/bin/env python3
"""Maps of several recordings made one: halves of recordings, and rooms that look alike.

    python -m benchmarks.merging [RECORDING ...] [--scratch DIR] [--pairs 20] [--depth sensor|NAME|FILE]

Of each recording in TUM layout the first two thirds and the last two thirds are run by themselves, and merged. Errors
are those of all frames of both in the one map after one Sim(3) alignment, against ground truth and against one run over
the whole recording. DIR keeps the results, and runs that are there are not repeated. Then pairs of rooms with the same
materials and furniture in another layout, which must stay apart, and two walks through one room, which should not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.loops import CAMERA, OTHER_LAYOUT, VIEWS, configuration, keyframes_in
from benchmarks.runs import ROOT, machine, run_slam, table
from calib.base.command_line import exit_code, whole_number
from calib.files.tum_files import ground_truth_file, read_trajectory
from depth.estimator import DepthEstimator
from depth.runtimes.catalogue import open_estimator
from depth.runtimes.default_network import weights_of
from sequences.synthetic.hand_held import hand_held_walk
from sequences.synthetic.room import Room, build_room
from slam.evaluation import absolute_error, matches
from slam.merging import Merging, Part
from slam.system import SlamSystem

SHARES = {"first": (0, 2 / 3), "last": (1 / 3, 1)}
"""Parts of a recording: they overlap by a third of it."""
QUICK = ("--adapt", "off", "--passes", "1", "--no-scene")
STEP = 15
"""Frames between the views of a walk."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="*", type=Path, metavar="RECORDING")
    parser.add_argument("--scratch", type=Path, metavar="DIR")
    parser.add_argument("--pairs", type=whole_number(0), default=20, metavar="N", help="pairs of rooms (default: 20)")
    parser.add_argument("--depth", default="sensor", metavar="sensor|NAME|FILE", help="of the rooms (default: sensor)")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        place = arguments.scratch or Path(scratch)
        table(["recording", "pairs of keyframes that confirm it", "ATE Sim(3) m: one run", "first", "last", "merged",
               "merged against one run", "scale: one run", "first", "last", "merged"],
              (recording_row(recording, place) for recording in arguments.recordings))
    network = None if arguments.depth == "sensor" else open_estimator(weights_of(arguments.depth), {}, "auto", "cpu")
    print()
    table(["rooms", "look-alikes joined", "pairs that confirmed it", "two walks through one joined", "pairs"],
          (rooms_row(seed, network) for seed in range(arguments.pairs)))


def recording_row(recording: Path, scratch: Path) -> list[str]:
    """A row of the first table."""
    count = len(image_lines(recording))
    folders = [part_run(recording, name, slice(round(first * count), round(last * count)), scratch)
               for name, (first, last) in {"one": (0, 1), **SHARES}.items()]
    merged = scratch / f"{recording.name}_merged"
    if not merged.is_dir():
        command = [sys.executable, "-m", "monofuse", "merge", *map(str, folders[1:]), "--output", str(merged)]
        done = subprocess.run([*command, "--no-scene"], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            return [recording.name, f"not joined: {done.stderr.strip()}"]
    truth, one = read_trajectory(ground_truth_file(recording)), read_trajectory(folders[0] / "trajectory.txt")
    trajectories = [[read_trajectory(folder / "trajectory.txt")] for folder in folders]
    trajectories.append([read_trajectory(merged / name) for name in ("recording_1_trajectory.txt", "trajectory.txt")])
    errors = [error_m(poses, truth) for poses in trajectories]
    pairs = json.loads((merged / "report.json").read_text())["merged_by"]
    return [recording.name, str(pairs), *(f"{error:.4f}" for error, _ in errors),
            f"{error_m(trajectories[-1], one)[0]:.4f}", *(f"{scale:.3f}" for _, scale in errors)]


def part_run(recording: Path, name: str, frames: slice, scratch: Path, *options: str) -> Path:
    """-> the folder of the result of a run over some of the frames of a recording in TUM layout"""
    source, result = scratch / f"{recording.name}_{name}_frames", scratch / f"{recording.name}_{name}"
    if not (result / "report.json").is_file():
        source.mkdir(parents=True, exist_ok=True)
        (source / "rgb.txt").write_text("\n".join(image_lines(recording)[frames]) + "\n")
        for path in recording.resolve().iterdir():
            if path.name != "rgb.txt" and not (source / path.name).exists():
                (source / path.name).symlink_to(path)
        run_slam(source, *QUICK, *options, keep=result)
    return result


def image_lines(recording: Path) -> list[str]:
    """The lines of a recording's rgb.txt, one for each image."""
    return [line for line in (recording / "rgb.txt").read_text().splitlines() if not line.startswith("#")]


Trajectory = tuple[np.ndarray, np.ndarray]


def error_m(estimates: Sequence[Trajectory], other: Trajectory) -> tuple[float, float]:
    """ATE of trajectories in one world after one Sim(3) alignment, metres, and the scale of that"""
    positions, true = [], []
    for times_s, T_world_cam in estimates:
        i, j = matches(times_s, other[0])
        positions.append(T_world_cam[i, :3, 3])
        true.append(other[1][j, :3, 3])
    return absolute_error(np.concatenate(positions), np.concatenate(true), with_scale=True)


def rooms_row(seed: int, network: DepthEstimator | None) -> list[object]:
    """A row of the second table, for one pair of rooms."""
    room = build_room(seed)
    look_alike = build_room(seed, OTHER_LAYOUT + seed)
    apart = joined([(room, seed), (look_alike, seed)], network)
    return [seed, *apart, *joined([(room, seed), (room, seed)], network)]


def joined(walks: Sequence[tuple[Room, int]], network: DepthEstimator | None) -> tuple[bool, int]:
    """Two walks, each in a room by a seed, as two maps -> whether they become one, and how many pairs confirm it

    Poses are the true ones, each walk in a world of its own; of one and the same walk they see every other view."""
    slam = SlamSystem(CAMERA, configuration(network))
    is_one_walk, parts = walks[0] == walks[1], []
    for number, (room, seed) in enumerate(walks):
        T_world_cam = hand_held_walk(room, STEP * VIEWS, 30.0, seed)[::STEP]
        T_map_world = np.linalg.inv(T_world_cam[0])
        rows = []
        for keyframe in keyframes_in(room, seed, slam, network):
            if is_one_walk and keyframe.frame_index % 2 != number:
                continue
            keyframe.row = len(slam.keyframes)
            slam.map.add_keyframe(keyframe, T_map_world @ T_world_cam[keyframe.frame_index], number)
            slam.loops.candidates.add(keyframe)
            rows.append(keyframe.row)
        parts.append(Part(range(rows[0], rows[-1] + 1), number, {}))
    merging = Merging(slam, parts)
    for _ in merging.join():
        pass
    return len(merging.group()) == len(walks), merging.pair_count


if __name__ == "__main__":
    sys.exit(exit_code("merging", main))
