"""Whether the keyframes can follow a loop: an optimisation of the pose graph with it, one linear solve at a time."""

from __future__ import annotations

import numpy as np

from calib.geometry import sim3
from slam.loops.loop import Loop
from slam.loops.pose_graph import Edge, Optimum, PoseGraph
from slam.mapping.keyframes import Keyframes


class LoopTrial:
    """An optimisation in progress, of a graph with some loops that are not part of it yet."""

    def __init__(self, graph: PoseGraph, keyframes: Keyframes, loops: list[Loop], loop_edges: list[Edge],
                 window: np.ndarray | None):
        """loop_edges: of these loops; window: rows of the keyframes that move, None: all."""
        self.loops, self.loop_edges, self.window = loops, loop_edges, window
        self.S_world_key, self.submap = keyframes.S_world_key(), keyframes.submap
        """(K, 4, 4) of the keyframes at its start, and their submaps (K,) if the loops are accepted."""
        start = self.S_world_key
        if self.submap[loops[0].new] != self.submap[loops[0].old]:
            start, self.submap = loops[0].joined(start, self.submap)
        known = graph.edges if window is None else graph.edges_at(window)
        self.edges = [*known, *loop_edges]
        """All that take part, those of the loops last."""
        self.chi2_before = graph.chi2(start, known)
        """Squared error over its variance of each of `edges` but those of the loops."""
        self.optimum: Optimum | None = None
        """What it has come to."""
        self._steps = (graph.steps(start, self.edges) if window is None
                       else graph.steps_within(start, self.edges, window))

    def advance(self) -> bool:
        """One more solve -> whether there was one."""
        optimum = next(self._steps, None)
        self.optimum = optimum or self.optimum
        return optimum is not None

    def fits(self, max_loop_chi2: float, max_strain: tuple[float, float]) -> bool:
        """Whether the loops may be accepted, as it has come out; see LoopConfig."""
        strain = self._chi2().sum() - self.chi2_before.sum()
        allowed = max_strain[0] + max_strain[1] * (self.loops[0].new - self.loops[0].old)
        return bool(self._chi2()[-len(self.loop_edges):].max() <= max_loop_chi2 and strain <= allowed)

    def suffices(self, max_boundary_chi2: float) -> bool:
        """Whether the rest of the map hardly pulls on the keyframes that move; see LoopConfig."""
        if self.window is None:
            return True
        known = len(self.chi2_before)
        ends = np.isin([edge[:2] for edge in self.edges[:known]], self.window)
        growth = (self._chi2()[:known] - self.chi2_before)[~ends.all(1)]
        return bool(growth.max(initial=0) <= max_boundary_chi2)

    def take_over(self, keyframes: Keyframes, tracked_against: dict[int, int]) -> np.ndarray:
        """The keyframes get their submaps -> their S_world_key (K, 4, 4): the optimum, with the adjustments that they
        had meanwhile

        Keyframes made since then follow those that they were tracked against (rows)."""
        S_before, key_count = keyframes.S_world_key(), len(self.S_world_key)
        S_world_key, submap = np.array(S_before), keyframes.submap.copy()
        moved_on = sim3.inverse(self.S_world_key) @ S_before[:key_count]
        S_world_key[:key_count], submap[:key_count] = self._reached().S_world_key @ moved_on, self.submap
        for row in range(key_count, len(S_before)):
            origin = tracked_against.get(row)
            if origin is not None:
                S_world_key[row] = S_world_key[origin] @ sim3.inverse(S_before[origin]) @ S_before[row]
                submap[row] = submap[origin]
        keyframes.submap = submap
        return S_world_key

    def _chi2(self):
        return self._reached().chi2

    def _reached(self):
        assert self.optimum is not None, "an optimisation has one step at least"
        return self.optimum
