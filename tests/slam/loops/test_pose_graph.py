"""slam.loops.pose_graph: derivatives, drift that a loop removes, wrong loops, parts that nothing connects."""

import numpy as np
import pytest

from calib.geometry import se3, sim3
from slam.loops.pose_graph import Edge, PoseGraph, PoseGraphConfig, _Stack

STD = np.array([0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.02])
CONFIG = PoseGraphConfig()
NO_ERROR = np.zeros(7)


def circle(count, radius_m=2.0):
    """Keyframes (K, 4, 4) on a circle, looking outward; the last one is next to the first."""
    T = []
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        turn = se3.exp(np.array([0, 0, 0, 0, angle, 0]))
        T.append(turn @ se3.exp(np.array([0, 0, radius_m, 0, 0, 0])))
    return se3.inverse(T[0]) @ np.array(T)


def edge(S, i, j, error=NO_ERROR, is_loop=False):
    return Edge(i, j, sim3.inverse(S[i]) @ S[j] @ sim3.exp(error), STD, is_loop)


def walked(edges, count):
    """Keyframes (K, 4, 4) by adding up a chain."""
    S = [np.eye(4)]
    for e in edges[: count - 1]:
        S.append(S[-1] @ e.S_first_second)
    return np.array(S)


def drifting(ground_truth, drift):
    return [edge(ground_truth, i, i + 1, drift) for i in range(len(ground_truth) - 1)]


def farthest_m(S, ground_truth):
    return np.linalg.norm(S[:, :3, 3] - ground_truth[:, :3, 3], axis=1).max()


def optimised(graph, S_world_key):
    """-> Optimum over all edges of a graph"""
    *_, optimum = graph.steps(S_world_key, graph.edges)
    return optimum


def test_jacobians_are_derivatives():
    rng = np.random.default_rng(0)
    S = sim3.exp(rng.normal(size=(2, 7)))
    stack = _Stack.of([edge(S, 0, 1, 0.2 * rng.normal(size=7))])
    error = stack.errors(S)
    analytic = stack.jacobians(S, error)[0]
    for node, sign in ((0, -1), (1, 1)):
        numeric = np.empty((7, 7))
        for k, step in enumerate(1e-6 * np.eye(7)):
            ahead, behind = S.copy(), S.copy()
            ahead[node], behind[node] = sim3.exp(step) @ S[node], sim3.exp(-step) @ S[node]
            numeric[:, k] = (stack.errors(ahead) - stack.errors(behind))[0] / 2e-6
        assert np.allclose(sign * analytic, numeric, atol=1e-5)


@pytest.mark.parametrize("is_rigid", [True, False])
def test_a_loop_removes_drift(is_rigid):
    ground_truth = circle(60)
    drift = np.array([0.002, -0.001, 0.003, 0.001, 0.002, -0.001, 0 if is_rigid else 0.003])
    graph = PoseGraph(CONFIG, is_rigid)
    graph.edges = drifting(ground_truth, drift)
    start = walked(graph.edges, 60)
    graph.edges.append(edge(ground_truth, 0, 59, is_loop=True))
    optimum = optimised(graph, start)
    assert farthest_m(optimum.S_world_key, ground_truth) < 0.4 * farthest_m(start, ground_truth)
    assert np.array_equal(optimum.S_world_key[0], start[0])
    assert optimum.chi2[-1] < 1
    if is_rigid:
        assert np.allclose(sim3.scale_of(optimum.S_world_key), 1, atol=1e-9)


def test_drift_of_scale_is_spread_over_the_way():
    ground_truth = circle(40)
    graph = PoseGraph(CONFIG, is_rigid=False)
    graph.edges = drifting(ground_truth, np.array([0, 0, 0, 0, 0, 0, 0.01]))
    start = walked(graph.edges, 40)
    assert sim3.scale_of(start)[-1] == pytest.approx(np.exp(0.39))
    graph.edges.append(edge(ground_truth, 0, 39, is_loop=True))
    scale = sim3.scale_of(optimised(graph, start).S_world_key)
    assert np.abs(np.log(scale)).max() < 0.1


def test_one_wrong_loop_among_right_ones_is_switched_off():
    ground_truth = circle(60)
    graph = PoseGraph(CONFIG, is_rigid=False)
    graph.edges = drifting(ground_truth, np.array([0.002, 0, 0.002, 0, 0.001, 0, 0.002]))
    start = walked(graph.edges, 60)
    graph.edges += [edge(ground_truth, i, 59 - i, is_loop=True) for i in range(0, 12, 3)]
    wrong = edge(ground_truth, 20, 50, np.array([1.5, 0, 1.0, 0, 0.8, 0, 0.3]), is_loop=True)
    without = optimised(graph, start).S_world_key
    graph.edges.append(wrong)
    optimum = optimised(graph, start)
    assert farthest_m(optimum.S_world_key, without) < 0.02
    assert optimum.chi2[-1] > 100 * CONFIG.robust_chi2


@pytest.mark.parametrize("wrong_count", [0, 2])
def test_loops_that_agree_are_followed_however_far_the_trajectory_has_drifted(wrong_count):
    """From the start they contradict the path hundreds of times as much as a wrong loop may, and wrong loops pull too:
    only a kernel that narrows slowly follows the right ones."""
    ground_truth, rng = circle(60), np.random.default_rng(5)
    graph = PoseGraph(CONFIG, is_rigid=False)
    graph.edges = drifting(ground_truth, np.array([0.008, 0, 0.016, 0, 0.008, 0, 0.008]))
    start = walked(graph.edges, 60)
    graph.edges += [edge(ground_truth, i, 59 - i, is_loop=True) for i in range(0, 15, 3)]
    assert graph.chi2(start, graph.edges)[59:].min() > 300 * CONFIG.robust_chi2
    for _ in range(wrong_count):
        i, j = rng.integers(0, 25), rng.integers(35, 60)
        graph.edges.append(edge(ground_truth, i, j, rng.normal(0, [1] * 3 + [0.5] * 3 + [0.2]), is_loop=True))
    optimum = optimised(graph, start)
    assert farthest_m(optimum.S_world_key, ground_truth) < 0.4 * farthest_m(start, ground_truth)
    assert optimum.chi2[59:64].max() < 200


def test_parts_without_a_connection_each_keep_their_first():
    ground_truth = circle(10)
    graph = PoseGraph(CONFIG, is_rigid=False)
    graph.edges = [edge(ground_truth, i, i + 1, 0.01 * np.ones(7)) for i in range(9) if i != 4]
    optimum = optimised(graph, ground_truth)
    for first in (0, 5):
        assert np.array_equal(optimum.S_world_key[first], ground_truth[first])
    assert optimum.chi2.max() < 1e-6


def test_the_number_of_solves_is_bounded():
    graph = PoseGraph(PoseGraphConfig(max_iterations=3), is_rigid=True)
    graph.edges = drifting(circle(20), np.array([0.01, 0, 0.02, 0, 0.01, 0, 0]))
    start = walked(graph.edges, 20)
    graph.edges.append(edge(circle(20), 0, 19, is_loop=True))
    assert optimised(graph, start).iterations == 3


def test_what_fits_stays_as_it_is():
    ground_truth = circle(20)
    graph = PoseGraph(CONFIG, is_rigid=True)
    graph.edges = [*drifting(ground_truth, np.zeros(7)), edge(ground_truth, 0, 19, is_loop=True)]
    optimum = optimised(graph, ground_truth)
    assert np.allclose(optimum.S_world_key, ground_truth, atol=1e-9) and optimum.iterations <= 2


def chain_with_loop(count):
    """-> a graph of drifting edges and exact poses, and a loop between its ends"""
    ground_truth = circle(count)
    graph = PoseGraph(CONFIG, is_rigid=False)
    graph.add(drifting(ground_truth, np.array([0.002, 0, 0.002, 0, 0.001, 0, 0.002])))
    return graph, walked(graph.edges, count), edge(ground_truth, 0, count - 1, is_loop=True)


def test_a_window_of_all_keyframes_is_the_whole():
    graph, start, loop = chain_with_loop(30)
    graph.add([loop])
    *_, within = graph.steps_within(start, graph.edges_at(range(30)), graph.around([0], 30))
    whole = optimised(graph, start)
    assert np.array_equal(within.S_world_key, whole.S_world_key) and np.array_equal(within.chi2, whole.chi2)


def test_only_the_window_moves_and_only_its_edges_are_looked_at():
    graph, start, _ = chain_with_loop(60)
    graph.add([edge(start, 20, 24, is_loop=True)])
    window = graph.around([20, 24], 8)
    assert [*window] == [18, 19, 20, 21, 22, 23, 24, 25]
    pull = edge(start, 20, 23, np.array([0.05, 0, 0, 0, 0, 0, 0]), is_loop=True)
    edges = [*graph.edges_at(window), pull]
    assert [e[:2] for e in edges] == [*((i, i + 1) for i in range(17, 26)), (20, 24), (20, 23)]
    *_, optimum = graph.steps_within(start, edges, window)
    moved = np.flatnonzero(np.abs(optimum.S_world_key - start).max((1, 2)) > 0)
    assert [*moved] == [*window] and len(optimum.chi2) == len(edges)
    assert optimum.chi2[-1] < 0.7 * PoseGraph.chi2(start, [pull])[0]
