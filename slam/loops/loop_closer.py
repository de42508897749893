"""Loop closure: recognises a place seen before, and corrects all keyframes by a pose graph.

A false loop ruins a map, a missed one costs little. So a candidate has to pass verification by features, direct
alignment and depth in both directions (slam.loops.verification); a second pair of keyframes has to vote for the same
correction, unless that is tiny; and the pose graph must not be strained beyond plausible drift. Another thread
verifies; the rest is cut into pieces of some milliseconds, one per frame.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calib.geometry import sim3
from calib.geometry.camera import Camera
from slam.hand_over import HandOver
from slam.loops.candidates import CandidateConfig, LoopCandidates
from slam.loops.loop_verification import LoopVerification, Verified
from slam.loops.pose_graph import Edge, Optimum, PoseGraph, PoseGraphConfig
from slam.mapping.keyframes import Keyframes
from slam.tracking.relocalisation import Relocaliser

if TYPE_CHECKING:
    from slam.loops.verification import LoopVerifier


@dataclass(frozen=True)
class LoopConfig:
    """Settings of LoopCloser. The size of a correction is the largest of its translation in median depths of the newer
    keyframe, its rotation in radians and its log scale."""

    max_waiting: int = 24
    """Candidates that wait, one being verified per frame; beyond, the oldest are dropped."""
    odometry_std: tuple[float, float] = (0.004, 0.0)
    """Standard deviations of the pose from one keyframe to the next, in median depths and radians, and of the log ratio
    of their scales (0 where scales are fixed). Generous, since errors of neighbours have the same sign."""
    loop_std: tuple[float, float] = (0.004, 0.0)
    """Standard deviations of a loop's pose and log scale, as in odometry_std."""
    small: float = 0.03
    """Size of a loop's correction up to which it needs no second vote."""
    max_contradiction: float = 0.1
    """Difference between the corrections of two loops, at most, for one to vote for the other."""
    max_vote_gap: int = 6
    """Keyframes after which a loop without a second vote is dropped."""
    max_loop_chi2: float = 30.0
    """Squared error over its variance (chi2) of a new loop after optimisation, at most."""
    max_strain: tuple[float, float] = (30.0, 2.0)
    """Growth of the squared error of all edges, at most: a constant, and a part per keyframe since the older visit."""
    min_pull: float = 0.002
    """Size of a loop's correction below which it becomes an edge without an optimisation of its own."""
    window: int = 150
    """Keyframes around a loop, those that the fewest edges separate from it, that are optimised for it. All are where
    there are no more, and where the window does not suffice."""
    max_boundary_chi2: float = 0.1
    """Growth of the squared error over its variance (chi2) of an edge between a window and the rest, at most; beyond,
    the window does not suffice."""
    thinning: int = 2
    """In maps larger than a window: distance, in keyframes, at both ends, up to which a loop makes another one
    redundant, which is then not verified."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    """The search for candidates."""
    graph: PoseGraphConfig = field(default_factory=PoseGraphConfig)
    """The optimisation."""


class Loop(NamedTuple):
    """A verified pair of keyframes."""

    new: int
    """Row of the newer keyframe."""
    old: int
    """Row of the older keyframe."""
    S_new_old: np.ndarray
    """(4, 4) in the units that both keyframes had when they were made."""


class Trial(NamedTuple):
    """An optimisation in progress: one linear solve per frame."""

    loops: list[Loop]
    loop_edges: list[Edge]
    """Of these loops, not yet part of the graph."""
    edges: list[Edge]
    """All that take part, those of the loops last."""
    window: np.ndarray | None
    """Rows of the keyframes that move, None: all."""
    submap: np.ndarray
    """(K,) of the keyframes, if the loops are accepted."""
    S_world_key: np.ndarray
    """(K, 4, 4) of the keyframes at its start."""
    chi2_before: np.ndarray
    """Squared error over its variance of each of `edges` but those of the loops."""
    steps: Iterator[Optimum]


class LoopCloser:
    """Verifies loop candidates and corrects the keyframes, a small step per call."""

    def __init__(self, camera: Camera, verifier: LoopVerifier, relocaliser: Relocaliser, depth_is_measured: bool,
                 config: LoopConfig, hand_over: HandOver[Verified]):
        """relocaliser: guesses poses by features; hand_over: to the thread that verifies."""
        self.config, self.verify = config, verifier
        self.candidates = LoopCandidates(camera, config.candidates)
        self.verification = LoopVerification(verifier, relocaliser, self.candidates, hand_over, config.max_waiting)
        self.graph = PoseGraph(config.graph, is_rigid=depth_is_measured)
        self.unconfirmed: list[Loop] = []
        self.closed: list[Loop] = []
        self.closed_pairs: set[tuple[int, int]] = set()
        """Rows of the keyframes of `closed`, the newer one first."""
        self.tracked_against: dict[int, int] = {}
        self.trial: Trial | None = None
        self.optimum: Optimum | None = None
        self.refused_count = 0

    @property
    def is_busy(self) -> bool:
        """Whether candidates wait, are being verified, or an optimisation is in progress."""
        return self.verification.is_busy or self.trial is not None

    def add(self, keyframes: Keyframes, reference: int | None) -> None:
        """Take in the newest keyframe; `reference`: row that it was tracked against, or None."""
        new = keyframes.items[-1]
        if reference is not None:
            S = keyframes.S_world_key()
            self.graph.add([self._edge(keyframes, reference, new.row, sim3.inverse(S[reference]) @ S[new.row],
                                       self.config.odometry_std, False)])
            self.tracked_against[new.row] = reference
        self.verification.waiting.extend((new.row, old) for old in self.candidates.of(new, keyframes))
        self.candidates.add(new)

    def restore(self, edges: list[Edge]) -> None:
        """Take over the graph of a saved map."""
        self.graph.add(edges)
        self._note_closed([Loop(e.first, e.second, e.S_first_second) for e in edges if e.is_loop])

    def close_all(self, keyframes: Keyframes, places: Iterable[tuple[int, int, np.ndarray]]) -> np.ndarray:
        """Close loops that were verified elsewhere, at once -> S_world_key (K, 4, 4) of all keyframes

        places: rows of a newer and an older keyframe, S_new_old (4, 4) in present units. All other edges between
        keyframes are first taken from their present poses, which were adjusted since."""
        self.remeasure(keyframes, range(len(keyframes)))
        loops = [self._loop(new, old, S_new_old, keyframes.scale[[new, old]]) for new, old, S_new_old in places]
        self._keep(loops, [self._edge(keyframes, *loop, self.config.loop_std, True) for loop in loops])
        *_, optimum = self.graph.steps(keyframes.S_world_key(), self.graph.edges)
        return optimum.S_world_key

    def remeasure(self, keyframes: Keyframes, rows: Collection[int]) -> None:
        """Take the odometry edges between these rows from the present poses in `keyframes`, which are better now."""
        S = keyframes.S_world_key()
        for index in sorted({index for row in rows for index in self.graph.edges_of[row]}):
            edge = self.graph.edges[index]
            if edge.first in rows and edge.second in rows and not edge.is_loop:
                self.graph.edges[index] = edge._replace(S_first_second=sim3.inverse(S[edge.first]) @ S[edge.second])

    def step(self, keyframes: Keyframes, adjusted_count: int) -> np.ndarray | None:
        """Once a frame: continue an optimisation, or weigh what was verified, and have one candidate verified ->
        corrected S_world_key (K, 4, 4) for the map, or None

        adjusted_count: keyframes, the first ones, whose depth is adjusted: only these are verified."""
        self.verification.collect()
        if self.trial is not None:
            return self._continue(keyframes, self.trial)
        is_large = len(keyframes) > self.config.window
        self.verification.begin_next(keyframes, adjusted_count, lambda *rows: is_large and self._is_redundant(*rows))
        if self.verification.verified:
            self._weigh(keyframes, self.verification.verified.popleft())
        return None

    def _weigh(self, keyframes, verified):
        """Start an optimisation if a loop has votes enough."""
        if verified.place is None:
            return
        new_row, old_row = verified.new, verified.old
        loop = self._loop(new_row, old_row, verified.place.S_a_b, verified.scale)
        same_submap = keyframes.submap[new_row] == keyframes.submap[old_row]
        votes = [other for other in self.unconfirmed if self._agree(keyframes, loop, other)]
        if same_submap and self._pull(keyframes, loop) <= self.config.small:
            self._try(keyframes, [loop])
        elif votes:
            self._try(keyframes, [loop, *votes])
        else:
            self.unconfirmed = [other for other in self.unconfirmed if new_row - other.new <= self.config.max_vote_gap]
            self.unconfirmed.append(loop)

    def _is_redundant(self, new_row, old_row):
        """Whether a loop was closed between neighbours of both keyframes, or these themselves."""
        reach = range(-self.config.thinning, self.config.thinning + 1)
        return any((new_row + a, old_row + b) in self.closed_pairs for a in reach for b in reach)

    def _correction(self, keyframes, loop):
        """-> S_new_corrected (4, 4): the new keyframe as the loop would correct it, in its present frame"""
        S_world = keyframes.S_world_key()
        return sim3.inverse(S_world[loop.new]) @ S_world[loop.old] @ sim3.inverse(loop.S_new_old)

    def _pull(self, keyframes, loop):
        """Size of a loop's correction."""
        return self._size(keyframes, sim3.log(self._correction(keyframes, loop)), loop.new)

    def _agree(self, keyframes, loop, other):
        """Whether two loops, of different pairs of keyframes, imply the same correction."""
        if loop[:2] == other[:2] or loop.new - other.new > self.config.max_vote_gap:
            return False
        submap = keyframes.submap
        if submap[loop.old] != submap[other.old] or submap[loop.new] != submap[other.new]:
            return False
        S = keyframes.S_world_key()
        carried = sim3.inverse(S[loop.new]) @ S[other.new]
        other_correction = carried @ self._correction(keyframes, other) @ sim3.inverse(carried)
        difference = sim3.log(sim3.inverse(self._correction(keyframes, loop)) @ other_correction)
        return self._size(keyframes, difference, loop.new) <= self.config.max_contradiction

    def _size(self, keyframes, zeta, row):
        """See LoopConfig."""
        depth = keyframes.items[row].median_depth_m / keyframes.scale[row]
        return max(np.linalg.norm(zeta[:3]) / depth, np.linalg.norm(zeta[3:6]), abs(zeta[6]))

    def _try(self, keyframes, loops):
        """Start an optimisation with these loops, unless their corrections are negligible."""
        edges = [self._edge(keyframes, loop.new, loop.old, loop.S_new_old, self.config.loop_std, True)
                 for loop in loops]
        submap = keyframes.submap
        if submap[loops[0].new] != submap[loops[0].old]:
            self._optimise(keyframes, loops, edges, None)
        elif max(self._pull(keyframes, loop) for loop in loops) < self.config.min_pull:
            self._keep(loops, edges)
        else:
            ends = [row for loop in loops for row in loop[:2]]
            window = self.graph.around(ends, self.config.window)
            self._optimise(keyframes, loops, edges, window if len(window) < len(keyframes) else None)

    def _optimise(self, keyframes, loops, loop_edges, window):
        """Start an optimisation with these loops, in which the keyframes of a window move, None: all."""
        S_world_key, submap = keyframes.S_world_key(), keyframes.submap
        start = S_world_key
        if submap[loops[0].new] != submap[loops[0].old]:
            start, submap = self._joined(start, submap, loops[0])
        known = self.graph.edges if window is None else self.graph.edges_at(window)
        edges, chi2_before = known + loop_edges, self.graph.chi2(start, known)
        steps = (self.graph.steps(start, edges) if window is None
                 else self.graph.steps_within(start, edges, window))
        self.trial = Trial(loops, loop_edges, edges, window, submap, S_world_key, chi2_before, steps)

    def _continue(self, keyframes, trial):
        """One more solve -> None; at the end, S_world_key if the loops are accepted, None if they are refused."""
        optimum = next(trial.steps, None)
        if optimum is not None:
            self.optimum = optimum
            return None
        assert self.optimum is not None, "an optimisation has one step at least"
        self.trial = None
        fits = self._fits(trial, self.optimum.chi2)
        if trial.window is not None and not (fits and self._suffices(trial, self.optimum.chi2)):
            self._optimise(keyframes, trial.loops, trial.loop_edges, None)
            return None
        if not fits:
            self.refused_count += 1
            return None
        self._keep(trial.loops, trial.loop_edges)
        return self._brought_up_to_date(keyframes, trial, self.optimum.S_world_key)

    def _fits(self, trial, chi2):
        """Whether loops may be accepted; chi2: of the trial's edges after optimisation."""
        c = self.config
        allowed = c.max_strain[0] + c.max_strain[1] * (trial.loops[0].new - trial.loops[0].old)
        strain = chi2.sum() - trial.chi2_before.sum()
        return chi2[-len(trial.loop_edges):].max() <= c.max_loop_chi2 and strain <= allowed

    def _suffices(self, trial, chi2):
        """Whether the rest of the map hardly pulls on a window; chi2: of the trial's edges after optimisation."""
        known = len(trial.chi2_before)
        ends = np.isin([edge[:2] for edge in trial.edges[:known]], trial.window)
        growth = (chi2[:known] - trial.chi2_before)[~ends.all(1)]
        return growth.max(initial=0) <= self.config.max_boundary_chi2

    def _brought_up_to_date(self, keyframes, trial, S_reached):
        """The optimum, with the adjustments that keyframes had in the meantime -> S_world_key; keyframes made since
        then follow those that they were tracked against."""
        S_before, key_count = keyframes.S_world_key(), len(trial.S_world_key)
        S_world_key, submap = np.array(S_before), keyframes.submap.copy()
        moved_on = sim3.inverse(trial.S_world_key) @ S_before[:key_count]
        S_world_key[:key_count], submap[:key_count] = S_reached @ moved_on, trial.submap
        for row in range(key_count, len(S_before)):
            origin = self.tracked_against.get(row)
            if origin is not None:
                S_world_key[row] = S_world_key[origin] @ sim3.inverse(S_before[origin]) @ S_before[row]
                submap[row] = submap[origin]
        keyframes.submap = submap
        return S_world_key

    def _keep(self, loops, edges):
        self.graph.add(edges)
        self._note_closed(loops)
        self.unconfirmed = [loop for loop in self.unconfirmed if loop not in loops]

    def _note_closed(self, loops):
        self.closed += loops
        self.closed_pairs |= {loop[:2] for loop in loops}

    @staticmethod
    def _loop(new, old, S_new_old, scale):
        """S_new_old: in the units in which the two keyframes have these scales."""
        return Loop(new, old, sim3.inverse(sim3.scaling(scale[0])) @ S_new_old @ sim3.scaling(scale[1]))

    @staticmethod
    def _joined(S_world_key, submap, loop):
        """Move the younger of two submaps into the older one's world by the loop -> (S_world_key, submap)"""
        older, younger = sorted((submap[loop.new], submap[loop.old]))
        S_old_new_world = S_world_key[loop.old] @ sim3.inverse(loop.S_new_old) @ sim3.inverse(S_world_key[loop.new])
        S_move = S_old_new_world if submap[loop.new] == younger else sim3.inverse(S_old_new_world)
        is_younger = submap == younger
        return (np.where(is_younger[:, None, None], S_move @ S_world_key, S_world_key),
                np.where(is_younger, older, submap))

    @staticmethod
    def _edge(keyframes, first, second, S_first_second, std, is_loop):
        """S_first_second: in the units that both keyframes had when they were made."""
        depth = keyframes.items[second].median_depth_m / keyframes.scale[second]
        pose_std, scale_std = std
        return Edge(first, second, S_first_second,
                    np.array([*3 * [pose_std * depth], *3 * [pose_std], scale_std or 1.0]),
                    is_loop)
