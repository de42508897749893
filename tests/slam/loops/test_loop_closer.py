"""slam.loops.loop_closer in the whole system: drift is removed, the camera goes on, lost parts are joined."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from calib.geometry import se3, sim3
from sequences.frame import DepthImage
from slam.config import SlamConfig
from slam.evaluation import absolute_error
from slam.loops.candidates import CandidateConfig
from slam.loops.loop import Loop
from slam.loops.loop_trial import LoopTrial
from slam.loops.pose_graph import Edge, Optimum
from slam.mapping.keyframes import Keyframe
from slam.mapping.surfels import SurfelConfig
from slam.system import SlamSystem
from tests.helpers import scenes
from tests.helpers.placed_keyframes import placed

CAMERA = scenes.CAMERA
NO_CANDIDATES = CandidateConfig(by_appearance=0, by_position=0)
ROUND = scenes.turn(110, 1.15 * 2 * np.pi)
NO_DRIFT, DRIFT = np.zeros(6), np.array([0, -0.005, 0, 0, 0, 0])
"""Of each keyframe against the one before: upwards, since a constant error sideways closes to a circle by itself."""


@pytest.fixture(scope="module")
def frames():
    return [scenes.speckled_frame(i, T, CAMERA) for i, T in enumerate(ROUND)]


def system(config, drift=NO_DRIFT, closes_loops=True):
    """A system whose keyframes are placed with an error."""
    loops = config.loops if closes_loops else replace(config.loops, candidates=NO_CANDIDATES)
    slam = SlamSystem(CAMERA, replace(config, surfels=SurfelConfig(max_surfels=300_000), loops=loops))
    add = slam.keyframes.add

    def add_with_error(keyframe, T_world_key, submap=None):
        add(keyframe, T_world_key @ se3.exp(drift) if len(slam.keyframes) else T_world_key, submap)
    slam.keyframes.add = add_with_error
    return slam


def run(slam, frames):
    results = [slam.process(frame) for frame in frames]
    slam.finish()
    return results


def error_m(slam, submap=None):
    times_s, T = slam.trajectory(submap)
    ground_truth = np.array(ROUND)[np.round(times_s * 30).astype(int)]
    return absolute_error(T[:, :3, 3], ground_truth[:, :3, 3], with_scale=False)[0]


def test_drift_is_removed_and_both_passes_become_one_surface(frames):
    without, slam = system(SlamConfig.for_sensor(), DRIFT, closes_loops=False), system(SlamConfig.for_sensor(), DRIFT)
    run(without, frames)
    results = run(slam, frames)
    assert all(r.status == "tracked" for r in results)
    assert not without.loops.closed and len(slam.loops.closed) > 5 and slam.loops.refused_count == 0
    assert error_m(slam) < 0.2 * error_m(without)
    for loop in slam.loops.closed:
        new, old = (ROUND[slam.keyframes.items[row].frame_index] for row in (loop.new, loop.old))
        error = se3.inverse(loop.S_new_old) @ se3.inverse(new) @ old
        assert np.linalg.norm(error[:3, 3]) < 0.02 and se3.rotation_angle_rad(error) < 0.01
    stable = [s.surfels.select(s.surfels.config.stable_confidence) for s in (without, slam)]
    assert len(stable[1]) < len(stable[0])


def test_scale_that_drifted_is_brought_back(frames):
    """Each prediction is in error by a scale; keyframes grow on the way round."""
    slam = system(SlamConfig.for_network())
    run(slam, frames[:60])
    before = slam.trajectory()[1][-1]
    growth = np.exp(0.01 * np.arange(len(slam.keyframes)))
    points_m, _ = slam.surfels.world_points(slam.surfels.select(0), slam.keyframes.T_world_key)
    slam.move_map(sim3.similarity(slam.keyframes.T_world_key, growth * slam.keyframes.scale))
    moved_m, _ = slam.surfels.world_points(slam.surfels.select(0), slam.keyframes.T_world_key)
    owner = slam.surfels.keyframe_of(slam.surfels.select(0))
    centre = slam.keyframes.T_world_key[owner][:, :3, 3]
    assert np.allclose(moved_m - centre, growth[owner][:, None] * (points_m - centre), atol=1e-4)
    assert np.allclose(slam.trajectory()[1][-1][:3, :3], before[:3, :3])
    result = slam.process(frames[60])
    assert result.status == "tracked"
    step_m = np.linalg.norm(result.T_world_cam[:3, 3] - slam.trajectory()[1][-2][:3, 3])
    assert step_m < 3 * growth[-1] * np.linalg.norm(ROUND[1][:3, 3] - ROUND[0][:3, 3])


def black(index):
    rgb = np.zeros((*CAMERA.size, 3), np.uint8)
    return replace(scenes.frame(index, np.eye(4), rgb=rgb), depth=DepthImage(np.zeros(CAMERA.size, np.float32), CAMERA))


@pytest.mark.parametrize("config", [SlamConfig.for_sensor(), SlamConfig.for_network()], ids=["sensor", "network"])
def test_a_part_begun_in_the_dark_is_joined_where_the_trajectory_comes_back(frames, config):
    """Lost for more than a second, found at a place never seen: a submap; on coming round it joins the map."""
    cut = [*frames[:20], *(replace(black(i), timestamp_s=20 / 30 + (i - 20) * 0.12) for i in range(20, 34))]
    rest = [replace(f, index=i + 34, timestamp_s=10 + f.timestamp_s) for i, f in enumerate(frames[40:])]
    slam = system(config)
    results = run(slam, [*cut, *rest])
    assert [r.status for r in results[20:34]] == ["lost"] * 14
    assert all(r.status == "tracked" for r in results[45:])
    assert len(slam.map.submaps()) == 1 and slam.map.submaps()[0]["frames"] > 80
    times_s, T = slam.trajectory()
    ground_truth = np.array(ROUND)[np.round((times_s - 10 * (times_s > 5)) * 30).astype(int)]
    assert absolute_error(T[:, :3, 3], ground_truth[:, :3, 3], with_scale=False)[0] < 0.03


def test_parts_that_nothing_joins_are_kept_apart(frames):
    slam = system(SlamConfig.for_sensor())
    dark = [replace(black(i), timestamp_s=20 / 30 + (i - 20) * 0.12) for i in range(20, 34)]
    rest = [replace(f, index=i + 34, timestamp_s=10 + f.timestamp_s) for i, f in enumerate(frames[45:75])]
    run(slam, [*frames[:20], *dark, *rest])
    parts = slam.map.submaps()
    assert [part["submap"] for part in parts] == [1, 0] and slam.map.main_submap == 1
    assert parts[1]["frames"] == 20 and parts[0]["frames"] >= 28
    own, other = (slam.map.surfels_of(number) for number in (1, 0))
    assert len(own) + len(other) == len(slam.surfels) and min(len(own), len(other)) > 5000
    assert len(own.select(0)) == len(own)
    assert len(slam.trajectory()[0]) == parts[0]["frames"]


def test_adjusted_poses_replace_those_of_tracking_but_not_loops():
    loops, keyframes = SlamSystem(CAMERA, SlamConfig.for_network()).loops, placed(ROUND[:3])
    wrong = se3.exp(np.array([0.1, 0, 0, 0, 0, 0]))
    loops.graph.add([Edge(0, 1, wrong, np.ones(7), False), Edge(1, 2, wrong, np.ones(7), False),
                     Edge(0, 1, wrong, np.ones(7), True)])
    loops.remeasure(keyframes, [0, 1])
    chi2 = loops.graph.chi2(keyframes.S_world_key(), loops.graph.edges)
    assert chi2[0] < 1e-12 and chi2[1:].min() > 1e-3


@pytest.mark.parametrize("loop_chi2, odometry_chi2, is_accepted", [
    (29, 0, True), (31, 0, False), (29, 22, True), (1, 60, False), (0, 51, True), (0, 53, False)])
def test_a_loop_may_strain_the_trajectory_only_so_far(loop_chi2, odometry_chi2, is_accepted):
    """By 30, and 2 for each of the ten keyframes since the older visit, on top of 2 that were there before."""
    loops, keyframes = SlamSystem(CAMERA, SlamConfig.for_network()).loops, placed(ROUND[:12])
    loop = Loop(11, 1, np.eye(4))
    S_world_key = keyframes.S_world_key()
    optimum = Optimum(sim3.exp(np.full(7, 0.01)) @ S_world_key, np.array([odometry_chi2, loop_chi2]), 1)
    edge = Edge(11, 1, np.eye(4), np.ones(7), True)
    loops.trial = LoopTrial(loops.graph, keyframes, [loop], [edge], None)
    loops.trial.chi2_before, loops.trial._steps = np.array([2.0]), iter([optimum])
    assert loops.step(keyframes, len(keyframes)) is None and loops.is_busy
    moved = loops.step(keyframes, len(keyframes))
    assert not loops.is_busy and loops.refused_count == (not is_accepted) and loops.closed == [loop] * is_accepted
    assert np.allclose(moved, optimum.S_world_key) if is_accepted else moved is None


def closer_with(T_world_key, window):
    """A LoopCloser whose map is a chain without errors, a metre of median depth each."""
    config = replace(SlamConfig.for_network().loops, window=window)
    loops, keyframes = SlamSystem(CAMERA, SlamConfig.for_network()).loops, placed(T_world_key)
    loops.config = config
    nothing = np.zeros(0, np.uint8)
    keyframes.items = [Keyframe(row, row, row / 30, (), np.zeros(0, np.float32), 1.0, nothing)
                       for row in range(len(T_world_key))]
    S = keyframes.S_world_key()
    loops.graph.add([loops._edge(keyframes, row, row + 1, sim3.inverse(S[row]) @ S[row + 1], (0.004, 0.0), False)
                     for row in range(len(S) - 1)])
    return loops, keyframes


def pulling_loop(keyframes, new, old, pull_m):
    S = keyframes.S_world_key()
    return Loop(new, old, sim3.inverse(S[new]) @ S[old] @ se3.exp(np.array([pull_m, 0, 0, 0, 0, 0])))


@pytest.mark.parametrize("new, old, pull_m, moves_all", [(60, 50, 0.01, False), (100, 5, 0.3, True)])
def test_a_loop_moves_what_is_around_it_and_all_only_where_that_does_not_suffice(new, old, pull_m, moves_all):
    loops, keyframes = closer_with(ROUND, window=30)
    loops._try(keyframes, [pulling_loop(keyframes, new, old, pull_m)])
    assert len(loops.trial.window) == 30
    while loops.is_busy:
        S_world_key = loops.step(keyframes, len(keyframes))
    moved = np.abs(S_world_key - keyframes.S_world_key()).max((1, 2)) > 1e-12
    assert moved[new] and moved[75:90].all() == moves_all == moved[75:90].any()
    assert len(loops.closed) == 1 and loops.graph.edges[-1].is_loop


def test_a_loop_in_a_small_map_moves_all():
    loops, keyframes = closer_with(ROUND[:40], window=40)
    loops._try(keyframes, [pulling_loop(keyframes, 30, 20, 0.004)])
    assert loops.trial.window is None


@pytest.mark.parametrize("window, verified", [(30, [(62, 53), (70, 50)]), (200, [(61, 51), (62, 53), (70, 50)])])
def test_a_neighbour_of_a_closed_loop_is_not_verified_in_a_large_map(window, verified):
    seen, (loops, keyframes) = [], closer_with(ROUND, window)
    loops.candidates.prediction = lambda new, old, keyframes: np.eye(4)
    loops.verification.relocaliser = SimpleNamespace(pose=lambda features, old: None)
    loops.verification.verify = lambda new, old, *_: seen.append((new.row, old.row))
    loops.restore([Edge(60, 50, np.eye(4), np.ones(7), True)])
    loops.verification.waiting.extend([(61, 51), (62, 53), (70, 50)])
    while loops.is_busy:
        loops.step(keyframes, len(keyframes))
    assert seen == verified
