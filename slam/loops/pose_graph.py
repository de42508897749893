"""Pose graph: poses and scales of all keyframes that fit the similarities measured between them.

Unknowns are similarities S_world_key; an edge measures S_first_second between two of them. Its error is
e = log(inverse(S_first_second) @ inverse(S_world_first) @ S_world_second) in Sim(3) (Strasdat 2010, "Scale
drift-aware large scale monocular SLAM"). With increments on the left of both, de/dzeta_second is
J(e) adjoint(inverse(S_first_second) @ inverse(S_world_first)), J the inverse left Jacobian, and de/dzeta_first is its
negative: an edge only ever sees the difference of two increments.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from calib.geometry import sim3


@dataclass(frozen=True)
class PoseGraphConfig:
    """Settings of PoseGraph."""

    max_iterations: int = 20
    """Linear solves of one optimisation, at most."""
    min_decrease: float = 1e-4
    """Share of the cost below which a decrease ends the optimisation."""
    min_step: float = 1e-6
    """Largest change of any unknown, in metres, radians and log scale, below which the optimisation ends."""
    robust_chi2: float = 15.0
    """Width of the robust kernel of loops: squared error over its variance at which the weight is a quarter."""
    annealing: float = 3.0
    """Factor per solve by which the kernel narrows to robust_chi2, from one that is wide enough for all loops."""


class Edge(NamedTuple):
    """A measurement between two keyframes."""

    first: int
    """Row of a keyframe."""
    second: int
    """Row of the other keyframe."""
    S_first_second: np.ndarray
    """(4, 4) similarity."""
    std: np.ndarray
    """(7,) standard deviations of e."""
    is_loop: bool
    """Whether it is a loop, which may be wrong, or odometry."""


class Optimum(NamedTuple):
    """The best state so far."""

    S_world_key: np.ndarray
    """(K, 4, 4)"""
    chi2: np.ndarray
    """(E,) squared error of each edge that took part over its variance, without the robust kernel."""
    iterations: int


class PoseGraph:
    """Edges between keyframes, in the units that each one had when it was made; its scale is part of S_world_key."""

    def __init__(self, config: PoseGraphConfig, is_rigid: bool):
        """is_rigid: scales are fixed, as with a sensor's depth."""
        self.config = config
        self.unknowns = 6 if is_rigid else 7
        self.edges: list[Edge] = []
        self.edges_of: defaultdict[int, list[int]] = defaultdict(list)
        """Places in `edges` of those at each keyframe, by row."""

    def add(self, edges: Iterable[Edge]) -> None:
        """Add measurements."""
        for edge in edges:
            for row in (edge.first, edge.second):
                self.edges_of[row].append(len(self.edges))
            self.edges.append(edge)

    @property
    def odometry(self) -> list[tuple[int, int]]:
        """Pairs of rows, the second keyframe of each tracked against the first."""
        return [(edge.first, edge.second) for edge in self.edges if not edge.is_loop]

    def around(self, rows: Iterable[int], count: int) -> np.ndarray:
        """Keyframes that the fewest edges separate from these rows, those among them -> rows, sorted, `count` at most
        """
        found = dict.fromkeys(rows)
        waiting = deque(found)
        while waiting and len(found) < count:
            row = waiting.popleft()
            for place in self.edges_of[row]:
                edge = self.edges[place]
                other = edge.second if edge.first == row else edge.first
                if other not in found and len(found) < count:
                    found[other] = None
                    waiting.append(other)
        return np.array(sorted(found))

    def edges_at(self, rows: Iterable[int]) -> list[Edge]:
        """-> those with an end in these rows, in the order in which they were added"""
        return [self.edges[place] for place in sorted({place for row in rows for place in self.edges_of[int(row)]})]

    @staticmethod
    def chi2(S_world_key: np.ndarray, edges: list[Edge]) -> np.ndarray:
        """S_world_key (K, 4, 4) -> (E,) squared error of each edge over its variance"""
        if not edges:
            return np.zeros(0)
        stack = _Stack.of(edges)
        return stack.chi2(stack.errors(S_world_key))

    def steps_within(self, S_world_key: np.ndarray, edges: list[Edge], rows: np.ndarray) -> Iterator[Optimum]:
        """As `steps`, where only these rows move; edges: all that have an end there. What a step costs depends on their
        number only."""
        local = np.unique([edge[:2] for edge in edges])
        place = {int(row): index for index, row in enumerate(local)}
        moved = [edge._replace(first=place[edge.first], second=place[edge.second]) for edge in edges]
        for optimum in self.steps(S_world_key[local], moved, ~np.isin(local, rows)):
            S_reached = np.array(S_world_key)
            S_reached[local] = optimum.S_world_key
            yield optimum._replace(S_world_key=S_reached)

    def steps(self, S_world_key: np.ndarray, edges: list[Edge],
              is_fixed: np.ndarray | None = None) -> Iterator[Optimum]:
        """Gauss-Newton, one linear solve at a time -> Optimum after each, the last one the best

        Loops are weighted by Geman and McClure's kernel, which starts wide and narrows (graduated non-convexity, Yang
        2020): however far the trajectory has drifted, loops that agree are followed, and outliers lose their weight.
        is_fixed (K,) bool: keyframes that stay; of a connected part without any, the first one does (gauge).
        """
        stack = _Stack.of(edges)
        is_fixed = np.zeros(len(S_world_key), bool) if is_fixed is None else is_fixed
        solver = _Solver(stack, is_fixed, self.unknowns)
        error = stack.errors(S_world_key)
        narrow = self.config.robust_chi2
        width = max(narrow, 2 * float(stack.chi2(error)[stack.is_loop].max(initial=0)))
        for iteration in range(1, self.config.max_iterations + 1):
            weights = stack.weights(error, width)
            before = float(weights @ stack.chi2(error))
            step = solver.step(S_world_key, error, weights)
            S_world_key = sim3.exp(step) @ S_world_key
            error = stack.errors(S_world_key)
            converged = (before - float(weights @ stack.chi2(error)) < self.config.min_decrease * before
                         or np.abs(step).max() < self.config.min_step)
            yield Optimum(S_world_key, stack.chi2(error), iteration)
            if converged and width == narrow:
                return
            width = max(narrow, width / self.config.annealing)


class _Stack(NamedTuple):
    """E edges as arrays."""

    first: np.ndarray
    second: np.ndarray
    S_second_first: np.ndarray
    std: np.ndarray
    is_loop: np.ndarray

    @classmethod
    def of(cls, edges):
        first, second, S_first_second, std, is_loop = zip(*edges)
        return cls(np.array(first), np.array(second), sim3.inverse(np.array(S_first_second)), np.array(std),
                   np.array(is_loop))

    def errors(self, S_world_key):
        """-> (E, 7)"""
        return sim3.log(self.S_second_first @ sim3.inverse(S_world_key[self.first]) @ S_world_key[self.second])

    def jacobians(self, S_world_key, error):
        """-> (E, 7, 7) de/dzeta_second"""
        to_second = sim3.adjoint(self.S_second_first @ sim3.inverse(S_world_key[self.first]))
        return sim3.inverse_left_jacobian(error) @ to_second

    def chi2(self, error):
        return np.square(error / self.std).sum(1)

    def weights(self, error, width):
        """-> (E,) weight of each edge, below 1 for loops only"""
        return np.where(self.is_loop, np.square(width / (width + self.chi2(error))), 1.0)


class _Solver:
    """The sparse normal equations of one set of edges, whose pattern is computed once."""

    def __init__(self, stack, is_fixed, unknowns):
        self.stack, self.unknowns, key_count = stack, unknowns, len(is_fixed)
        graph = coo_array((np.ones(len(stack.first)), (stack.first, stack.second)), shape=(key_count, key_count))
        part = connected_components(graph, directed=False)[1]
        is_free, first = ~is_fixed, np.unique(part, return_index=True)[1]
        is_free[first[np.bincount(part, is_fixed) == 0]] = False
        self.free = np.flatnonzero(is_free)
        column = np.full(key_count, -1)
        column[self.free] = np.arange(len(self.free))
        ends = column[np.stack([stack.first, stack.second])]
        a, b = ends[[0, 0, 1, 1]], ends[[0, 1, 0, 1]]
        self.sign = np.array([1.0, -1.0, -1.0, 1.0])[:, None, None, None]
        self.kept = (a >= 0) & (b >= 0)
        inner = np.arange(unknowns)
        block = (len(inner), len(inner))
        self.row = np.broadcast_to(unknowns * a[..., None, None] + inner[:, None], (*a.shape, *block))[self.kept]
        self.col = np.broadcast_to(unknowns * b[..., None, None] + inner, (*a.shape, *block))[self.kept]

    def step(self, S_world_key, error, weights):
        """-> (K, 7) increments"""
        step = np.zeros((len(S_world_key), 7))
        if not len(self.free):
            return step
        n, stack = self.unknowns, self.stack
        J = stack.jacobians(S_world_key, error)[:, :n, :n] / stack.std[:, :n, None]
        J *= np.sqrt(weights)[:, None, None]
        r = error[:, :n] / stack.std[:, :n] * np.sqrt(weights)[:, None]
        J_transposed = np.swapaxes(J, 1, 2)
        blocks = np.broadcast_to(self.sign * (J_transposed @ J), (4, len(J), n, n))[self.kept]
        size = n * len(self.free)
        H = coo_array((blocks.ravel(), (self.row.ravel(), self.col.ravel())), shape=(size, size)).tocsc()
        pull = (J_transposed @ r[..., None])[..., 0]
        gradient = np.zeros((len(S_world_key), n))
        np.add.at(gradient, stack.second, pull)
        np.subtract.at(gradient, stack.first, pull)
        factors = splu(H, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0)
        step[self.free, :n] = -factors.solve(gradient[self.free].ravel()).reshape(-1, n)
        return step
