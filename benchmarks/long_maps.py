#!/usr/bin/env python3
"""What long recordings cost: loop closure per frame, and the adjustment of all keyframes in the end.

    python -m benchmarks.long_maps [--keyframes 200 1000] [--part loops|adjustment]

No images: a camera goes round in one room again and again, its pose and scale drift, and what would come from images
(features, verified loops, matched points) is made from where it truly is. So only what grows with the map is measured:
candidate search, pose graph, normal equations, memory. Times are CPU times of this process.
"""

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np

from benchmarks.runs import machine, table
from calib.base.command_line import exit_code, whole_number
from calib.geometry import se3, sim3
from sequences.synthetic.sequence import pinhole
from slam.evaluation import absolute_error
from slam.global_adjustment.feature_tracks import PointTracks
from slam.global_adjustment.odometry_prior import OdometryPrior
from slam.global_adjustment.reprojection_bundle import ReprojectionBundle, ReprojectionBundleConfig, ReprojectionState
from slam.hand_over import HandOver
from slam.loops.loop_closer import LoopCloser, LoopConfig
from slam.loops.pose_graph import Edge
from slam.loops.verification import LoopVerifier, SamePlace
from slam.mapping.keyframes import Keyframe, KeyframeConfig, Keyframes
from slam.tracking.relocalisation import Relocaliser

CAMERA = pinhole(320, 240, 65.0)
PER_ROUND = 60
"""Keyframes of one round of the room."""
RADIUS_M, DEPTH_M = 1.0, 2.5
FRAMES_PER_KEYFRAME = 15
NEW_KEYFRAMES = 15
"""Keyframes over which the cost of loop closure is measured."""
STEP_STD, SCALE_STD = 0.003, 0.002
"""Of the motion between keyframes: translation in median depths, and rotation in radians; log scale."""
LOOP_STD = 0.002
FEATURES = 500
POINTS_PER_IMAGE = 400
PIXEL_STD, OUTLIERS = 0.5, 0.03


def walk(count: int, seed: int = 0) -> np.ndarray:
    """T_world_key (K, 4, 4): rounds in a room, looking outward, no two the same."""
    rng = np.random.default_rng(seed)
    T = []
    for number in range(count):
        angle = 2 * np.pi * (number / PER_ROUND)
        turn = se3.exp(np.array([0, 0, 0, 0, angle, 0]))
        hand = se3.exp(rng.normal(0, [0.1, 0.05, 0.1, 0.03, 0.03, 0.03]))
        T.append(turn @ se3.exp(np.array([0, 0, RADIUS_M, 0, 0, 0])) @ hand)
    return se3.inverse(T[0]) @ np.array(T)


class Recording:
    """Keyframes as they would be made: each placed by drifting odometry from the one before."""

    def __init__(self, count: int, closer_config: LoopConfig) -> None:
        self.T_true, self.rng = walk(count), np.random.default_rng(1)
        self.keyframes = Keyframes(KeyframeConfig())
        self.unit = np.ones(count)
        """Size of a true metre in each keyframe's frame, when it was made."""
        self.places = self.rng.integers(0, 256, (PER_ROUND, FEATURES, 32), dtype=np.uint8)
        self.closer = LoopCloser(CAMERA, cast("LoopVerifier", self), cast("Relocaliser", self), False, closer_config,
                                 HandOver(ThreadPoolExecutor(1)))

    def pose(self, _features: object, _old: Keyframe) -> None:
        """As a relocaliser: no guess by features, the map's prediction has to do."""

    def __call__(self, a: Keyframe, b: Keyframe, _guesses: object, _prediction: object = None) -> SamePlace | None:
        """As a verifier: where the two truly lie, with an error."""
        T = se3.inverse(self.T_true[a.row]) @ self.T_true[b.row]
        if np.linalg.norm(T[:3, 3]) > 0.5 * DEPTH_M or se3.rotation_angle_rad(T) > 0.5:
            return None
        S = self._in_unit(a.row) @ T @ sim3.inverse(self._in_unit(b.row))
        noise = self.rng.normal(0, LOOP_STD, 7) * ([DEPTH_M] * 3 + [1] * 4)
        return SamePlace(S @ sim3.exp(noise), 0.9, 0.7, 0.9)

    def _in_unit(self, row):
        return sim3.scaling(float(self.unit[row] * self.keyframes.scale[row]))

    def begin(self, count: int) -> None:
        """Keyframes of a map without errors, loops between the rounds as thin as LoopCloser leaves them."""
        for row in range(count):
            self.keyframes.add(self._keyframe(row), self.T_true[row])
            self.closer.candidates.add(self.keyframes.items[-1])
            ends = [row - 1] if row else []
            if row >= PER_ROUND and row % 3 == 0:
                ends += [row % PER_ROUND + PER_ROUND * int(self.rng.integers(row // PER_ROUND)) for _ in range(2)]
            for end in ends:
                S = se3.inverse(self.T_true[end]) @ self.T_true[row]
                std = np.array([*3 * [0.004 * DEPTH_M], *3 * [0.004], 1.0])
                self.closer.graph.add([Edge(end, row, S, std, end != row - 1)])
            self.closer.closed_pairs |= {(row, end) for end in ends[1:]}

    def _keyframe(self, row):
        own, is_new = self.places[row % PER_ROUND].copy(), self.rng.random(FEATURES) < 0.4
        own[is_new] = self.rng.integers(0, 256, (is_new.sum(), 32), dtype=np.uint8)
        return Keyframe(row, row * FRAMES_PER_KEYFRAME, row / 2, (), np.full((2, 2), 1 / DEPTH_M, np.float32),
                        float(DEPTH_M * self.unit[row]), np.zeros((2, 2), np.uint8), (np.zeros((FEATURES, 2)), own))

    def add(self) -> None:
        """Make the next keyframe, placed by odometry that drifts."""
        row, keyframes = len(self.keyframes), self.keyframes
        T_world_key = np.eye(4)
        if row:
            unit = self.unit[row - 1] * keyframes.scale[row - 1]
            T = se3.inverse(self.T_true[row - 1]) @ self.T_true[row]
            T[:3, 3] *= unit
            T = T @ se3.exp(self.rng.normal(0, STEP_STD, 6) * ([DEPTH_M] * 3 + [1] * 3))
            T_world_key = keyframes.T_world_key[row - 1] @ T
            self.unit[row] = unit * np.exp(self.rng.normal(0, SCALE_STD))
        keyframes.add(self._keyframe(row), T_world_key)
        self.closer.add(keyframes, row - 1 if row else None)

    def error_m(self) -> float:
        """RMSE of the keyframes' positions after Sim(3)."""
        mine, true = self.keyframes.T_world_key[:, :3, 3], self.T_true[:len(self.keyframes), :3, 3]
        return absolute_error(mine, true, with_scale=True)[0]


def loop_costs(count: int, new_count: int, config: LoopConfig) -> list[str]:
    """-> row of a table: what loop closure costs for the keyframes that come after `count`"""
    recording, steps_ms, adds_ms = Recording(count + new_count, config), [], []
    recording.begin(count)
    closer, whole_count = recording.closer, 0
    for _ in range(new_count):
        _, add_ms = timed_ms(recording.add)
        adds_ms.append(add_ms)
        for _ in range(FRAMES_PER_KEYFRAME):
            whole_count += closer.trial is not None and closer.trial.window is None
            S_world_key, step_ms = timed_ms(lambda: closer.step(recording.keyframes, len(recording.keyframes)))
            steps_ms.append(step_ms)
            if S_world_key is not None:
                recording.keyframes.move(S_world_key)
    return [str(count), f"{np.mean(steps_ms):.1f}", f"{np.percentile(steps_ms, 95):.0f}", f"{max(steps_ms):.0f}",
            f"{np.mean(adds_ms):.0f}", f"{whole_count} / {len(steps_ms)}", f"{len(closer.closed) / new_count:.1f}",
            f"{1e3 * recording.error_m():.1f}", f"{closer.candidates.index.occurs.nbytes / 1e6:.0f}"]


def timed_ms(function: Callable) -> tuple:
    """-> what the function returns, and its CPU time, ms"""
    began = time.process_time()
    return function(), 1e3 * (time.process_time() - began)


def tracks_of(T_world_key: np.ndarray) -> tuple[PointTracks, np.ndarray, np.ndarray]:
    """Keyframes' true poses (K, 4, 4) -> tracks as matching gives them: over some keyframes in a row, and some of other
    rounds, with errors and outliers; the points' true places (P, 3), and true depths (M,)"""
    rng, K = np.random.default_rng(2), len(T_world_key)
    host = np.repeat(np.arange(K), POINTS_PER_IMAGE // 6)
    uv = rng.uniform((0, 0), (CAMERA.width, CAMERA.height), (len(host), 2))
    rays = np.column_stack([(uv - (CAMERA.cx, CAMERA.cy)) / (CAMERA.fx, CAMERA.fy), np.ones(len(uv))])
    p_host = rays * DEPTH_M * np.exp(rng.normal(0, 0.2, len(uv)))[:, None]
    X = np.einsum("nij,nj->ni", T_world_key[host][:, :3, :3], p_host) + T_world_key[host][:, :3, 3]
    other = host + PER_ROUND * rng.integers(-2, 3, len(host))
    seen_by = np.column_stack([host, host + 1, host + 2, host + 3, other, other + 1])
    point, slot = np.nonzero((seen_by >= 0) & (seen_by < K))
    image, point = np.unique(np.column_stack([point, seen_by[point, slot]]), axis=0).T[::-1]
    T = se3.inverse(T_world_key)[image]
    p_cam = np.einsum("nij,nj->ni", T[:, :3, :3], X[point]) + T[:, :3, 3]
    pixel = CAMERA.project(p_cam) + rng.normal(0, PIXEL_STD, (len(point), 2))
    is_outlier = rng.random(len(point)) < OUTLIERS
    pixel[is_outlier] += rng.normal(0, 20, (is_outlier.sum(), 2))
    tracks = PointTracks(image, point, pixel)
    is_seen = (p_cam[:, 2] > 0.3) & (np.abs(pixel - (CAMERA.cx, CAMERA.cy)) < (CAMERA.cx, CAMERA.cy)).all(1)
    count = np.bincount(point[is_seen], minlength=len(X))
    kept = is_seen & (count[point] >= 2)
    tracks = PointTracks(image[kept], np.unique(point[kept], return_inverse=True)[1], pixel[kept])
    return tracks, X[np.unique(point[kept])], p_cam[kept, 2]


def adjustment_costs(count: int) -> list[str]:
    """-> row of a table: what the bundle adjustment of so many keyframes costs"""
    T_true, rng = walk(count), np.random.default_rng(3)
    tracks, X, depth_m = tracks_of(T_true)
    drift = np.cumsum(rng.normal(0, 0.001, (count, 6)), 0)
    T_world_key = np.array([T @ se3.exp(xi) for T, xi in zip(T_true, drift - drift[0])])
    keyframes = Keyframes(KeyframeConfig())
    for row, T in enumerate(T_world_key):
        keyframes.add(Keyframe(row, row, row, (), np.zeros(0), DEPTH_M, np.zeros(0, np.uint8)), T)
    odometry = OdometryPrior.of(keyframes, [(row - 1, row) for row in range(1, count)], 0.03, 0.02)
    expected_m = depth_m * np.exp(rng.normal(0, 0.1, count))[tracks.image]
    bundle, begin_ms = timed_ms(lambda: ReprojectionBundle(CAMERA, tracks, expected_m, np.arange(count) == 0,
                                                           ReprojectionBundleConfig(), odometry))
    state = ReprojectionState(se3.inverse(T_world_key), X + rng.normal(0, 0.05, X.shape))
    reached, all_ms = timed_ms(lambda: list(bundle.steps(state)))
    centre = se3.inverse(reached[-1][1].T_cam_world)[:, :3, 3]
    error_m = absolute_error(centre, T_true[:, :3, 3], with_scale=True)[0]
    return [str(count), str(len(tracks.image)), str(len(bundle.block_row)), f"{begin_ms / 1e3:.1f}", str(len(reached)),
            f"{all_ms / 1e3:.1f}", f"{all_ms / len(reached):.0f}", f"{1e3 * error_m:.1f}"]


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keyframes", type=whole_number(2 * PER_ROUND), nargs="+", default=[200, 500, 1000, 2000],
                        metavar="N", help="keyframes in the map (default: %(default)s)")
    parser.add_argument("--part", choices=["loops", "adjustment"], help="measure this only (default: both)")
    args = parser.parse_args()
    print(machine())
    if args.part != "adjustment":
        loop_costs(2 * PER_ROUND, 5, LoopConfig())  # the first calls are slow
        print("\nLoop closure, 15 frames to a keyframe\n")
        table(["keyframes", "ms a frame", "95 %", "worst", "search, ms a keyframe", "frames that solve for all",
               "loops a keyframe", "error, mm", "index, MB"],
              (loop_costs(count, NEW_KEYFRAMES, LoopConfig()) for count in args.keyframes))
    if args.part != "loops":
        adjustment_costs(20)  # the first calls are slow
        print("\nBundle adjustment in the end, one round\n")
        table(["keyframes", "observations", "blocks", "set up, s", "steps", "all, s", "ms a step", "error, mm"],
              (adjustment_costs(count) for count in args.keyframes))


if __name__ == "__main__":
    sys.exit(exit_code("long_maps", main))
