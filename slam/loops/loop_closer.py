"""Loop closure: recognises a place seen before, and corrects all keyframes by a pose graph.

A false loop ruins a map, a missed one costs little. So a candidate has to pass verification by features, direct
alignment and depth in both directions (slam.loops.verification); a second pair of keyframes has to vote for the same
correction, unless that is tiny; and the pose graph must not be strained beyond plausible drift. Another thread
verifies; the rest is cut into pieces of some milliseconds, one per frame.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from calib.geometry import sim3
from calib.geometry.camera import Camera
from slam.hand_over import HandOver
from slam.loops.candidates import CandidateConfig, LoopCandidates
from slam.loops.loop import Loop
from slam.loops.loop_trial import LoopTrial
from slam.loops.loop_verification import LoopVerification, Verified
from slam.loops.pose_graph import Edge, PoseGraph, PoseGraphConfig
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


class LoopCloser:
    """Verifies loop candidates and corrects the keyframes, a small step per call."""

    def __init__(self, camera: Camera, verifier: LoopVerifier, relocaliser: Relocaliser, depth_is_measured: bool,
                 config: LoopConfig, hand_over: HandOver[Verified]):
        """relocaliser: guesses poses by features; hand_over: to the thread that verifies."""
        self.config = config
        self.candidates = LoopCandidates(camera, config.candidates)
        self.verification = LoopVerification(verifier, relocaliser, self.candidates, hand_over, config.max_waiting)
        self.graph = PoseGraph(config.graph, is_rigid=depth_is_measured)
        self.unconfirmed: list[Loop] = []
        self.closed: list[Loop] = []
        self.closed_pairs: set[tuple[int, int]] = set()
        """Rows of the keyframes of `closed`, the newer one first."""
        self.tracked_against: dict[int, int] = {}
        self.trial: LoopTrial | None = None
        """The optimisation in progress, if any."""
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
        loops = [Loop.measured(new, old, S_new_old, (keyframes.scale[new], keyframes.scale[old]))
                 for new, old, S_new_old in places]
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
        loop = Loop.measured(new_row, old_row, verified.place.S_a_b, verified.scale)
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

    def _pull(self, keyframes, loop):
        """Size of a loop's correction."""
        return self._size(keyframes, sim3.log(loop.correction(keyframes.S_world_key())), loop.new)

    def _agree(self, keyframes, loop, other):
        """Whether two loops, of different pairs of keyframes, imply the same correction."""
        if loop[:2] == other[:2] or loop.new - other.new > self.config.max_vote_gap:
            return False
        submap = keyframes.submap
        if submap[loop.old] != submap[other.old] or submap[loop.new] != submap[other.new]:
            return False
        S = keyframes.S_world_key()
        carried = sim3.inverse(S[loop.new]) @ S[other.new]
        other_correction = carried @ other.correction(S) @ sim3.inverse(carried)
        difference = sim3.log(sim3.inverse(loop.correction(S)) @ other_correction)
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
            self.trial = LoopTrial(self.graph, keyframes, loops, edges, None)
        elif max(self._pull(keyframes, loop) for loop in loops) < self.config.min_pull:
            self._keep(loops, edges)
        else:
            window = self.graph.around([row for loop in loops for row in loop[:2]], self.config.window)
            is_part = len(window) < len(keyframes)
            self.trial = LoopTrial(self.graph, keyframes, loops, edges, window if is_part else None)

    def _continue(self, keyframes, trial):
        """One more solve -> None; at the end, S_world_key if the loops are accepted, None if they are refused."""
        c = self.config
        if trial.advance():
            return None
        self.trial = None
        fits = trial.fits(c.max_loop_chi2, c.max_strain)
        if trial.window is not None and not (fits and trial.suffices(c.max_boundary_chi2)):
            self.trial = LoopTrial(self.graph, keyframes, trial.loops, trial.loop_edges, None)
            return None
        if not fits:
            self.refused_count += 1
            return None
        self._keep(trial.loops, trial.loop_edges)
        return trial.take_over(keyframes, self.tracked_against)

    def _keep(self, loops, edges):
        self.graph.add(edges)
        self._note_closed(loops)
        self.unconfirmed = [loop for loop in self.unconfirmed if loop not in loops]

    def _note_closed(self, loops):
        self.closed += loops
        self.closed_pairs |= {loop[:2] for loop in loops}

    @staticmethod
    def _edge(keyframes, first, second, S_first_second, std, is_loop):
        """S_first_second: in the units that both keyframes had when they were made."""
        depth = keyframes.items[second].median_depth_m / keyframes.scale[second]
        pose_std, scale_std = std
        return Edge(first, second, S_first_second,
                    np.array([*3 * [pose_std * depth], *3 * [pose_std], scale_std or 1.0]),
                    is_loop)
